import { Code, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { incidentKey } from "../../lib/keys";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { ProgressAfter1s } from "../../lib/ui/Loading";
import { useShared } from "../context";
import classes from "../incident.module.css";
import type { RawLine } from "../model/lines";

/** show moves the box so that the line it is about is in its middle. */
function show(box: HTMLDivElement | null): void {
  const here = box?.querySelector<HTMLElement>("[data-here]");
  if (box && here) box.scrollTop = here.offsetTop - box.clientHeight / 2;
}

/** RawLines shows a file of the bundle around a line. */
export function RawLines({ file, line, around = 12 }: { file: string; line: number; around?: number }) {
  const { t } = useTranslation("incident");
  const { incident } = useShared();
  const q = useQuery({
    queryKey: [...incidentKey(incident.id), "lines", file, line, around],
    enabled: incident.has_bundle,
    staleTime: Infinity,
    queryFn: ({ signal }) =>
      api.get<{ file: string; lines: RawLine[]; more: boolean }>(
        `/incidents/${encodeURIComponent(incident.id)}/lines`,
        { file, line, around },
        signal,
      ),
  });
  if (!incident.has_bundle)
    return (
      <Text size="sm" c="dimmed">
        {t("chart.no_bundle")}
      </Text>
    );
  if (q.isError) return <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />;
  if (!q.data) return <ProgressAfter1s what={t("lines.reading")} />;
  return (
    <div ref={show} className={classes.raw} role="region" tabIndex={0} aria-label={t("lines.around", { file, line })}>
      {q.data.lines.map((l) => (
        <div key={l.n} data-here={l.n === line || undefined}>
          <span aria-hidden>{l.n}</span>
          <Code>{l.text}</Code>
        </div>
      ))}
    </div>
  );
}
