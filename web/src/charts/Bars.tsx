import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Chart, type ChartKind, type ChartProps } from "./Chart";
import { base, nameAxis, valueAxis } from "./base";
import { pieOption } from "./pieOption";
import type { ChartTheme } from "./theme";
import { amount } from "./units";
import { useChartTheme } from "./useChart";

type Passed = "label" | "height" | "loading" | "error" | "onRetry" | "empty" | "onPick";

/** One group of bars: a value for every name; null leaves it out. */
export interface BarSeries {
  name: string;
  values: readonly (number | null)[];
}

export interface BarsProps extends Pick<ChartProps, Passed> {
  names: readonly string[];
  series: readonly BarSeries[];
  unit?: string;
  /** Least and most of the axis; unset: by the data, from 0. */
  min?: number;
  max?: number;
  /** Bars upwards instead of to the right. */
  upright?: boolean;
  /** Also offer a pie; only for parts of a whole. */
  parts?: boolean;
}

/** Bars compares names; each group has its own colour. */
export function Bars({ names, series, unit = "", min, max, upright = false, parts = false, ...p }: BarsProps) {
  const { t } = useTranslation("charts");
  const theme = useChartTheme();
  const [kind, setKind] = useState<ChartKind>("bar");
  const option = useMemo(() => {
    if (kind === "pie")
      return pieOption(
        names.map((name, i) => ({ name, value: series[0]?.values[i] ?? 0 })),
        unit,
        theme,
      );
    return barsOption({ names, series, unit, min, max, upright }, theme);
  }, [kind, names, series, unit, min, max, upright, theme]);
  const table = () => ({
    columns: [t("column.name"), ...series.map((s) => s.name)],
    rows: names.map((n, i) => [n, ...series.map((s) => amount(s.values[i], unit))]),
  });
  return (
    <Chart
      {...p}
      height={p.height ?? (upright ? 240 : Math.max(120, 40 + names.length * (14 + 14 * series.length)))}
      option={option}
      table={table}
      {...(parts ? { kinds: ["bar", "pie"] as const, kind, onKind: setKind } : {})}
    />
  );
}

interface BarsData {
  names: readonly string[];
  series: readonly BarSeries[];
  unit: string;
  min: number | undefined;
  max: number | undefined;
  upright: boolean;
}

/** barsOption draws bars. null: nothing to compare. */
export function barsOption(d: BarsData, t: ChartTheme) {
  if (d.names.length === 0 || !d.series.some((s) => s.values.some((v) => v !== null))) return null;
  const several = d.series.length > 1;
  const values = {
    ...valueAxis(t, (v) => amount(v, d.unit)),
    ...(d.min === undefined ? {} : { min: d.min }),
    ...(d.max === undefined ? {} : { max: d.max }),
  };
  const names = nameAxis(t, d.names, d.upright ? 90 : 130);
  return {
    ...base(t),
    grid: {
      left: d.upright ? 56 : 140,
      right: d.upright ? 16 : 56,
      top: several ? 32 : 10,
      bottom: d.upright ? 40 : 24,
    },
    legend: several ? { top: 0, left: 0, type: "scroll", textStyle: { color: t.soft, fontSize: 11 } } : { show: false },
    tooltip: {
      ...base(t).tooltip,
      trigger: "axis",
      axisPointer: { type: "shadow" },
      valueFormatter: (v: unknown) => amount(v as number, d.unit),
    },
    xAxis: d.upright ? names : values,
    yAxis: d.upright ? values : { ...names, inverse: true },
    series: d.series.map((s) => ({
      type: "bar",
      name: s.name,
      data: [...s.values],
      barMaxWidth: 22,
      itemStyle: { borderRadius: 2 },
      label: {
        show: !several,
        position: d.upright ? "top" : "right",
        color: t.text,
        fontSize: 11,
        formatter: (x: unknown) => amount((x as { value: number }).value, d.unit),
      },
    })),
  };
}
