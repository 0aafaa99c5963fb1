import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { TimeSeriesData } from "../../charts";
import { incidentKey } from "../../lib/keys";
import { useShared } from "../context";
import type { Evidence } from "../model/diagnosis";
import { loadSeries } from "./loadSeries";
import { metricOf, ofChart, ofSeries } from "../model/series";

interface Answer {
  data: TimeSeriesData | null;
  loading: boolean;
  error: unknown;
  retry: () => void;
  /** Points before and after the service thinned them; null: not thinned here. */
  points: { in: number; out: number } | null;
}

/** useSeries gives the series behind metric evidence: that of the diagnosis, or, `full` or where it has none, that of the bundle. */
export function useSeries(e: Evidence, full: boolean): Answer {
  const { t } = useTranslation("incident");
  const { d, incident, view } = useShared();
  const metric = metricOf(e);
  const chart = useMemo(() => d.charts.find((c) => c.evidence === e.id), [d.charts, e.id]);
  const wanted = metric !== "" && incident.has_bundle && (full || !chart);
  const q = useQuery({
    queryKey: [...incidentKey(incident.id), "series", e.node, metric],
    enabled: wanted,
    staleTime: Infinity,
    queryFn: () => loadSeries(incident.id, e.node, metric),
  });
  const raw = q.data ?? undefined;
  const alert = t("chart.alert");
  const data = useMemo(() => {
    if (raw) return ofSeries(d, e, raw, view.range, alert);
    return chart ? ofChart(d, e, chart, view.range, alert) : null;
  }, [d, e, raw, chart, view.range, alert]);
  return {
    data,
    loading: wanted && q.isPending && !chart,
    error: chart ? null : q.error,
    retry: () => void q.refetch(),
    points: raw ? { in: raw.points_in, out: raw.points_out } : null,
  };
}
