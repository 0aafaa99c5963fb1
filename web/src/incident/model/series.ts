// From what the service sends to what a chart draws.
import type { Mark, Series, Span, TimeSeriesData } from "../../charts";
import { began, ms, spanOf, type Diagnosis, type Evidence, type SeriesOfEvidence } from "./diagnosis";

/** One series of GET /incidents/{id}/series. */
export interface RawSeries {
  node: string;
  metric: string;
  unit: string;
  times: number[];
  values: (number | null)[];
  band: { low: number; high: number } | null;
  onset: string | number | null;
  points_in: number;
  points_out: number;
}

/** metricOf is the column that evidence of kind metric is about; empty: it is about none, as that a node fell silent. */
export function metricOf(e: Evidence): string {
  return e.kind === "metric" ? e.source.query || e.name : "";
}

/** Evidence that one chart shows: a series may have told several things. */
export interface Multiple {
  key: string;
  evidence: Evidence;
  also: string[];
}

/** multiples gives one chart a series, in the order of the strongest evidence about it. */
export function multiples(evidence: readonly Evidence[]): Multiple[] {
  const out = new Map<string, Multiple>();
  for (const e of evidence) {
    const metric = metricOf(e);
    if (metric === "") continue;
    const key = `${e.node} ${metric}`;
    const have = out.get(key);
    if (have) have.also.push(e.id);
    else out.set(key, { key, evidence: e, also: [] });
  }
  return [...out.values()];
}

/** bandOf is what is usual: the range of nine tenths of the values before. null: fewer than five of them. */
export function bandOf(
  times: readonly number[],
  values: readonly (number | null)[],
  baseline: Span | undefined,
): { low: number; high: number } | null {
  if (!baseline) return null;
  const before = values
    .filter((v, i): v is number => v !== null && (times[i] ?? 0) >= baseline.from && (times[i] ?? 0) < baseline.to)
    .sort((a, b) => a - b);
  if (before.length < 5) return null;
  const at = (q: number) => before[Math.min(before.length - 1, Math.max(0, Math.round(q * (before.length - 1))))] ?? 0;
  return { low: at(0.05), high: at(0.95) };
}

/** frame is what all charts of an incident show: window, onset, alert. */
function frame(d: Diagnosis, e: Evidence, alert: string): Pick<TimeSeriesData, "window" | "onset" | "marks"> {
  const onset = began(e);
  const at = ms(d.subject.alert.at);
  const marks: Mark[] = Number.isFinite(at) ? [{ at, label: alert }] : [];
  return { window: spanOf(d.subject.window), onset: Number.isFinite(onset) ? onset : null, marks };
}

/** ofChart draws the series that the diagnosis brings along. */
export function ofChart(
  d: Diagnosis,
  e: Evidence,
  c: SeriesOfEvidence,
  range: Span | undefined,
  alert: string,
): TimeSeriesData {
  const times = c.times.map((t) => Date.parse(t));
  const series: Series = { name: `${e.node} ${metricOf(e)}`, unit: e.unit || c.unit, times, values: c.values };
  return { series: [series], band: bandOf(times, c.values, spanOf(d.subject.baseline)), range, ...frame(d, e, alert) };
}

/** ofSeries draws the series that the service reads from the bundle. */
export function ofSeries(
  d: Diagnosis,
  e: Evidence,
  s: RawSeries,
  range: Span | undefined,
  alert: string,
): TimeSeriesData {
  const series: Series = { name: `${s.node} ${s.metric}`, unit: e.unit || s.unit, times: s.times, values: s.values };
  return {
    series: [series],
    band: s.band ?? bandOf(s.times, s.values, spanOf(d.subject.baseline)),
    range,
    ...frame(d, e, alert),
  };
}
