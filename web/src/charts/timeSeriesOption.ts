import type { EChartsCoreOption } from "echarts/core";
import { base, bytesAxis, valueAxis } from "./base";
import { decimate, within, type Line } from "./decimate";
import type { ChartTheme } from "./theme";
import { clock, fine, type Span } from "./time";
import { amount } from "./units";

/** One line of a chart over time. */
export interface Series extends Line {
  name: string;
  unit: string;
}

/** An instant that is marked, as an alert. */
export interface Mark {
  at: number;
  label: string;
}

export interface TimeSeriesData {
  series: readonly Series[];
  /** What is usual: drawn as a grey band. */
  band?: { low: number; high: number } | null | undefined;
  /** Tinted: what was examined. */
  window?: Span | undefined;
  /** Dashed: when trouble began. */
  onset?: number | null | undefined;
  marks?: readonly Mark[] | undefined;
  /** The span of time shown; undefined: all. */
  range?: Span | undefined;
}

export interface TimeSeriesLook {
  kind: "line" | "bar" | "scatter";
  /** Room for a legend; only where there are several lines. */
  legend: boolean;
  brush: boolean;
  zone?: string | undefined;
}

/** timeSeriesOption draws lines over time. null: no line has a value. */
export function timeSeriesOption(d: TimeSeriesData, look: TimeSeriesLook, t: ChartTheme): EChartsCoreOption | null {
  if (!d.series.some((s) => s.values.some((v) => v !== null))) return null;
  const unit = d.series[0]?.unit ?? "";
  const lines = d.series.map((s) => decimate(d.range ? within(s, d.range.from, d.range.to) : s));
  const range = d.range ?? extent(lines);
  return {
    ...base(t),
    grid: { left: 58, right: 12, top: look.legend ? 30 : 12, bottom: 22 },
    legend: look.legend
      ? { top: 0, left: 0, type: "scroll", textStyle: { color: t.soft, fontSize: 11 }, itemHeight: 8 }
      : { show: false },
    tooltip: { ...base(t).tooltip, trigger: "axis", formatter: (points: unknown) => tip(points, unit, look.zone) },
    toolbox: { show: false },
    ...(look.brush
      ? {
          brush: { xAxisIndex: 0, toolbox: [], brushStyle: { color: t.window, borderColor: t.accent, borderWidth: 1 } },
        }
      : {}),
    xAxis: {
      type: "time",
      min: range.from,
      max: range.to,
      axisLabel: { color: t.soft, fontSize: 10, hideOverlap: true, formatter: (v: number) => clock(v, look.zone) },
      splitNumber: 3,
      axisLine: { lineStyle: { color: t.grid } },
      axisTick: { lineStyle: { color: t.grid } },
      axisPointer: { lineStyle: { color: t.soft }, label: { show: false } },
    },
    yAxis: { ...valueAxis(t, (v) => amount(v, unit)), scale: look.kind !== "bar", ...ends(lines, unit) },
    series: lines.map((l, i) => ({
      type: look.kind,
      name: d.series[i]?.name ?? "",
      data: l.times.map((at, k) => [at, l.values[k] ?? null]),
      showSymbol: look.kind === "scatter" || l.times.length < 2,
      symbolSize: look.kind === "scatter" ? 5 : 4,
      lineStyle: { width: 1.6 },
      barMaxWidth: 6,
      connectNulls: false,
      ...(i === 0 ? marks(d, range, t) : {}),
    })),
  };
}

function ends(lines: readonly Line[], unit: string): { interval?: number; min?: number; max?: number } {
  let low = Infinity;
  let high = -Infinity;
  for (const l of lines) {
    for (const v of l.values) {
      if (v === null) continue;
      if (v < low) low = v;
      if (v > high) high = v;
    }
  }
  return bytesAxis(low, high, unit) ?? {};
}

/** extent is the span of time that lines cover. */
export function extent(lines: readonly Line[]): Span {
  let from = Infinity;
  let to = -Infinity;
  for (const l of lines) {
    const a = l.times[0];
    const b = l.times[l.times.length - 1];
    if (a !== undefined && a < from) from = a;
    if (b !== undefined && b > to) to = b;
  }
  return from <= to ? { from, to: to === from ? to + 1000 : to } : { from: 0, to: 1 };
}

function marks(d: TimeSeriesData, range: Span, t: ChartTheme) {
  const areas: unknown[] = [];
  if (d.window)
    areas.push([
      { xAxis: Math.max(d.window.from, range.from), itemStyle: { color: t.window } },
      { xAxis: Math.min(d.window.to, range.to) },
    ]);
  if (d.band) areas.push([{ yAxis: d.band.low, itemStyle: { color: t.usual } }, { yAxis: d.band.high }]);
  const lines: unknown[] = [];
  const inside = (at: number) => at >= range.from && at <= range.to;
  if (typeof d.onset === "number" && inside(d.onset))
    lines.push({ xAxis: d.onset, lineStyle: { color: t.onset, type: "dashed", width: 1.5 } });
  for (const m of d.marks ?? []) {
    if (inside(m.at))
      lines.push({ xAxis: m.at, name: m.label, lineStyle: { color: t.soft, type: "dotted", width: 1.2 } });
  }
  return {
    markArea: { silent: true, data: areas },
    markLine: { silent: true, symbol: "none", label: { show: false }, data: lines },
  };
}

interface Point {
  seriesName?: string;
  value?: [number, number | null];
}

function tip(points: unknown, unit: string, zone: string | undefined): string {
  const list = (Array.isArray(points) ? points : [points]) as Point[];
  const at = list[0]?.value?.[0];
  const head = at === undefined ? "" : at % 1000 === 0 ? clock(at, zone) : fine(at, zone);
  const rows = list
    .slice(0, 12)
    .map((p) => (list.length > 1 ? `${p.seriesName ?? ""}  ` : "") + amount(p.value?.[1], unit));
  return [head, ...rows].join("\n");
}
