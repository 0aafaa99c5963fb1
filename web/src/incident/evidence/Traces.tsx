import { Alert, SegmentedControl, Table, Text, Title, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { amount, fine, utc, Waterfall, type TraceSpan } from "../../charts";
import { api } from "../../lib/api";
import { formatNumber } from "../../lib/format";
import { incidentKey } from "../../lib/keys";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading, ProgressAfter1s } from "../../lib/ui/Loading";
import { MiddleCut } from "../../lib/ui/MiddleCut";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { ms, type Evidence } from "../model/diagnosis";
import { EvidenceList } from "./EvidenceList";

interface TraceRow {
  trace: string;
  root: string;
  service: string;
  start: string;
  duration_us: number;
  spans: number;
  errors: number;
}

const SORTS = ["duration", "errors", "start"] as const;

/** Traces is the evidence from traces, the traces themselves, and one of them step by step. */
export function Traces({ evidence }: { evidence: readonly Evidence[] }) {
  const { t, i18n } = useTranslation("incident");
  const { incident, view, setView } = useShared();
  const [sort, setSort] = useState<(typeof SORTS)[number]>("duration");
  const q = useQuery({
    queryKey: [...incidentKey(incident.id), "traces", sort],
    enabled: incident.has_bundle,
    staleTime: Infinity,
    queryFn: ({ signal }) =>
      api.get<{ items: TraceRow[]; scanned: number }>(
        `/incidents/${encodeURIComponent(incident.id)}/traces`,
        { sort, limit: 50 },
        signal,
      ),
  });
  const items = q.data?.items ?? [];
  return (
    <>
      <EvidenceList evidence={evidence} empty={t("evidence.no_traces")} />
      {items.length > 0 && (
        <Title order={3} size="h5" mt="md" mb={6} className={classes.between}>
          {t("traces.title")}
          <SegmentedControl
            size="xs"
            aria-label={t("traces.sort")}
            value={sort}
            onChange={(v) => setSort(v as (typeof SORTS)[number])}
            data={SORTS.map((s) => ({ value: s, label: t(`traces.by.${s}`) }))}
          />
        </Title>
      )}
      {view.trace !== "" && <OneTrace trace={view.trace} />}
      {q.isPending && incident.has_bundle && <ProgressAfter1s what={t("traces.reading")} />}
      {q.isError && <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />}
      {items.length > 0 && (
        <div className={classes.scroll} tabIndex={0} role="region" aria-label={t("traces.title")}>
          <Table verticalSpacing={4} fz="sm" stickyHeader>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("traces.start")}</Table.Th>
                <Table.Th>{t("traces.root")}</Table.Th>
                <Table.Th className="num">{t("traces.duration")}</Table.Th>
                <Table.Th className="num">{t("traces.spans")}</Table.Th>
                <Table.Th className="num">{t("traces.errors")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((x) => (
                <Table.Tr key={x.trace} bg={x.trace === view.trace ? "var(--mantine-primary-color-light)" : undefined}>
                  <Table.Td className={classes.nowrap}>
                    <time title={utc(ms(x.start))}>{fine(ms(x.start))}</time>
                  </Table.Td>
                  <Table.Td>
                    <UnstyledButton
                      className={classes.link}
                      aria-pressed={x.trace === view.trace}
                      onClick={() => setView({ trace: x.trace === view.trace ? "" : x.trace })}
                    >
                      {x.service} <MiddleCut text={x.root} max={48} />
                    </UnstyledButton>
                  </Table.Td>
                  <Table.Td className="num">{amount(x.duration_us, "us")}</Table.Td>
                  <Table.Td className="num">{x.spans}</Table.Td>
                  <Table.Td className="num">{x.errors > 0 ? <b className={classes.bad}>{x.errors}</b> : 0}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      {q.data && (
        <Text size="xs" c="dimmed" mt={4}>
          {t("traces.scanned", { count: q.data.scanned, n: formatNumber(q.data.scanned, i18n.language) })}
        </Text>
      )}
    </>
  );
}

interface WireSpan extends Omit<TraceSpan, "start"> {
  start: string | number;
}

function OneTrace({ trace }: { trace: string }) {
  const { t } = useTranslation("incident");
  const { incident, culprit } = useShared();
  const q = useQuery({
    queryKey: [...incidentKey(incident.id), "trace", trace],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const x = await api.get<{ spans: WireSpan[] }>(
        `/incidents/${encodeURIComponent(incident.id)}/traces/${encodeURIComponent(trace)}`,
        {},
        signal,
      );
      return x.spans.map((s): TraceSpan => ({
        ...s,
        start: typeof s.start === "number" ? s.start : precise(s.start),
        attributes: s.attributes ?? {},
      }));
    },
  });
  if (q.isError) return <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />;
  if (!q.data) return <Loading rows={4} />;
  if (q.data.length === 0) return <Alert color="gray">{t("traces.empty")}</Alert>;
  return (
    <div className={classes.trace}>
      <Waterfall spans={q.data} culprit={culprit} />
    </div>
  );
}

/** precise reads a time to the microsecond, in ms with a fraction. */
export function precise(t: string): number {
  const fraction = /\.(\d+)/.exec(t)?.[1] ?? "";
  const whole = Date.parse(t.replace(/\.\d+/, ""));
  return whole + Number(`0.${fraction || "0"}`) * 1000;
}
