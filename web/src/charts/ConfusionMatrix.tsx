import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Chart, type ChartProps } from "./Chart";
import { base, nameAxis } from "./base";
import type { ChartTheme } from "./theme";
import { share } from "./units";
import { useChartTheme } from "./useChart";

export interface ConfusionMatrixProps extends Pick<
  ChartProps,
  "label" | "height" | "loading" | "error" | "onRetry" | "empty"
> {
  /** Names of rows (what was true) and columns (what was said). */
  labels: readonly string[];
  /** rows[i][j]: cases of class i that were taken for class j. */
  rows: readonly (readonly number[])[];
  /** Called with the names of a cell. */
  onCell?: (truth: string, said: string) => void;
}

/** ConfusionMatrix is a heat map of what was true against what was said; every cell shows its count. */
export function ConfusionMatrix({ labels, rows, onCell, ...p }: ConfusionMatrixProps) {
  const { t } = useTranslation("charts");
  const theme = useChartTheme();
  const words = useMemo(() => ({ truth: t("confusion.truth"), said: t("confusion.said") }), [t]);
  const option = useMemo(() => confusionOption(labels, rows, words, theme), [labels, rows, words, theme]);
  const table = () => ({
    columns: [`${words.truth} \\ ${words.said}`, ...labels],
    rows: labels.map((l, i) => [l, ...labels.map((_, j) => String(rows[i]?.[j] ?? 0))]),
  });
  return (
    <Chart
      {...p}
      height={p.height ?? Math.max(240, 110 + labels.length * 26)}
      option={option}
      table={table}
      onPick={({ value }) => {
        const [j, i] = value as [number, number];
        const truth = labels[i];
        const said = labels[j];
        if (truth !== undefined && said !== undefined) onCell?.(truth, said);
      }}
    />
  );
}

/** confusionOption colours a cell by its share of its row. null: no case. */
export function confusionOption(
  labels: readonly string[],
  rows: readonly (readonly number[])[],
  words: { truth: string; said: string },
  t: ChartTheme,
) {
  const cells: { value: [number, number, number]; count: number; label: { color: string } }[] = [];
  rows.forEach((row, i) => {
    const sum = row.reduce((a, b) => a + b, 0);
    row.forEach((count, j) => {
      const part = sum > 0 ? count / sum : 0;
      const strong = t.dark ? part <= 0.75 : part > 0.5;
      cells.push({ value: [j, i, part], count, label: { color: strong ? "#ffffff" : "#101113" } });
    });
  });
  if (!cells.some((c) => c.count > 0)) return null;
  return {
    ...base(t),
    grid: { left: 130, right: 16, top: 34, bottom: 90 },
    tooltip: {
      ...base(t).tooltip,
      formatter: (x: unknown) => {
        const { value, count } = (x as { data: { value: [number, number, number]; count: number } }).data;
        return `${words.truth}: ${labels[value[1]] ?? ""}\n${words.said}: ${labels[value[0]] ?? ""}\n${String(count)} (${share(value[2])})`;
      },
    },
    visualMap: { show: false, min: 0, max: 1, dimension: 2, inRange: { color: t.heat } },
    xAxis: {
      ...nameAxis(t, labels, 120),
      name: words.said,
      nameLocation: "middle",
      nameGap: 74,
      axisLabel: { ...nameAxis(t, labels, 90).axisLabel, rotate: 40 },
    },
    yAxis: { ...nameAxis(t, labels, 110), inverse: true, name: words.truth, nameLocation: "start" },
    series: [
      {
        type: "heatmap",
        data: cells,
        itemStyle: { borderColor: t.card, borderWidth: 2 },
        label: {
          show: true,
          fontSize: 11,
          formatter: (x: unknown) => {
            const n = (x as { data: { count: number } }).data.count;
            return n === 0 ? "" : String(n);
          },
        },
      },
    ],
  };
}
