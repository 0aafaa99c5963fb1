import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Chart, type ChartKind, type ChartProps } from "./Chart";
import type { Table } from "./table";
import { fine, utc } from "./time";
import { timeSeriesOption, type TimeSeriesData } from "./timeSeriesOption";
import { amount } from "./units";
import { useChartTheme } from "./useChart";

type Passed = "label" | "height" | "loading" | "error" | "onRetry" | "empty" | "group" | "onRange";

export interface TimeSeriesProps extends Pick<ChartProps, Passed> {
  data: TimeSeriesData | null;
  zone?: string | undefined;
}

const KINDS: readonly ChartKind[] = ["line", "bar", "scatter"];

/**
 * TimeSeries draws values over time: the usual range as a grey band, the window that was examined
 * tinted, the onset as a dashed line. Dragging over it calls onRange.
 */
export function TimeSeries({ data, zone, ...p }: TimeSeriesProps) {
  const { t } = useTranslation("charts");
  const theme = useChartTheme();
  const [kind, setKind] = useState<"line" | "bar" | "scatter">("line");
  const brush = p.onRange !== undefined;
  const option = useMemo(
    () => (data ? timeSeriesOption(data, { kind, legend: data.series.length > 1, brush, zone }, theme) : null),
    [data, kind, theme, brush, zone],
  );
  const table = (): Table => seriesTable(data, t("column.time"), zone);
  return (
    <Chart
      {...p}
      option={option}
      table={table}
      kinds={KINDS}
      kind={kind}
      onKind={(k) => setKind(k as "line" | "bar" | "scatter")}
      zoomed={data?.range !== undefined}
    />
  );
}

/** seriesTable puts lines side by side, one row an instant, values in full. */
export function seriesTable(data: TimeSeriesData | null, time: string, zone: string | undefined): Table {
  const series = data?.series ?? [];
  const at = new Map<number, string[]>();
  series.forEach((s, i) => {
    s.times.forEach((ms, k) => {
      if (data?.range && (ms < data.range.from || ms > data.range.to)) return;
      let row = at.get(ms);
      if (!row) at.set(ms, (row = series.map(() => "")));
      const v = s.values[k] ?? null;
      row[i] = v === null ? "" : amount(v, s.unit);
    });
  });
  const rows = [...at].sort((a, b) => a[0] - b[0]).map(([ms, row]) => [fine(ms, zone), utc(ms), ...row]);
  return { columns: [time, "UTC", ...series.map((s) => s.name)], rows };
}
