import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Chart, type ChartProps } from "./Chart";
import { base, valueAxis } from "./base";
import type { ChartTheme } from "./theme";
import { amount } from "./units";
import { useChartTheme } from "./useChart";

/** A point with its name. */
export interface Dot {
  x: number;
  y: number;
  name: string;
}

/** Points of one colour. */
export interface DotSeries {
  name: string;
  dots: readonly Dot[];
}

interface Axis {
  name: string;
  unit: string;
  min?: number;
  max?: number;
}

export interface ScatterProps extends Pick<
  ChartProps,
  "label" | "height" | "loading" | "error" | "onRetry" | "empty" | "onPick"
> {
  series: readonly DotSeries[];
  x: Axis;
  y: Axis;
  /** Draw the diagonal, on which both axes agree (calibration). */
  diagonal?: boolean;
}

/** Scatter sets two numbers of each thing against each other. */
export function Scatter({ series, x, y, diagonal = false, ...p }: ScatterProps) {
  const { t } = useTranslation("charts");
  const theme = useChartTheme();
  const option = useMemo(() => scatterOption(series, x, y, diagonal, theme), [series, x, y, diagonal, theme]);
  const table = () => ({
    columns: [t("column.name"), x.name, y.name],
    rows: series.flatMap((s) => s.dots.map((d) => [d.name || s.name, amount(d.x, x.unit), amount(d.y, y.unit)])),
  });
  return <Chart {...p} height={p.height ?? 260} option={option} table={table} />;
}

/** scatterOption draws points. null: there are none. */
export function scatterOption(series: readonly DotSeries[], x: Axis, y: Axis, diagonal: boolean, t: ChartTheme) {
  if (!series.some((s) => s.dots.length > 0)) return null;
  const axis = (a: Axis) => ({
    ...valueAxis(t, (v) => amount(v, a.unit)),
    scale: true,
    name: a.name,
    nameTextStyle: { color: t.soft },
    ...(a.min === undefined ? {} : { min: a.min }),
    ...(a.max === undefined ? {} : { max: a.max }),
  });
  const line = {
    silent: true,
    symbol: "none",
    label: { show: false },
    lineStyle: { color: t.soft, type: "dashed" },
    data: [[{ coord: [x.min ?? 0, y.min ?? 0] }, { coord: [x.max ?? 1, y.max ?? 1] }]],
  };
  return {
    ...base(t),
    grid: { left: 58, right: 20, top: 32, bottom: 44 },
    legend: series.length > 1 ? { top: 0, right: 0, textStyle: { color: t.soft, fontSize: 11 } } : { show: false },
    tooltip: {
      ...base(t).tooltip,
      formatter: (p: unknown) => {
        const d = (p as { data: { value: [number, number]; name: string } }).data;
        return `${d.name}\n${x.name}: ${amount(d.value[0], x.unit)}\n${y.name}: ${amount(d.value[1], y.unit)}`;
      },
    },
    xAxis: { ...axis(x), nameLocation: "middle", nameGap: 26 },
    yAxis: axis(y),
    series: series.map((s, i) => ({
      type: "scatter",
      name: s.name,
      symbolSize: 9,
      data: s.dots.map((d) => ({ value: [d.x, d.y], name: d.name || s.name })),
      ...(i === 0 && diagonal ? { markLine: line } : {}),
    })),
  };
}
