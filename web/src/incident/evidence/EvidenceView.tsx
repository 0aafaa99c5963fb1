import { Button, Code, CopyButton, Group, Stack, Text, Title } from "@mantine/core";
import { IconCheck, IconCopy, IconExternalLink, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { amount, TimeSeries } from "../../charts";
import { api } from "../../lib/api";
import { errorText } from "../../lib/ui/ErrorPanel";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { place } from "../model/derive";
import { began, ms, type Evidence } from "../model/diagnosis";
import { linkTo, literal } from "../model/lines";
import { metricOf } from "../model/series";
import { Cite } from "../ui/Cite";
import { At } from "../ui/Time";
import { Numbers } from "./Numbers";
import { RawLines } from "./RawLines";
import { useSeries } from "./useSeries";

/** EvidenceView is one piece of evidence: what was seen, the data, the numbers and where they come from. */
export function EvidenceView({ evidence: e }: { evidence: Evidence }) {
  const { t } = useTranslation("incident");
  const { say, d } = useShared();
  const uses = d.findings.filter((f) => f.cites.includes(e.id));
  const onset = began(e);
  return (
    <Stack gap="md">
      <div>
        <Text size="sm" c="dimmed">
          {t(`kind.${e.kind}`)} · {place(e)}
          {e.signal && ` · ${e.signal}`}
          {e.direction && ` · ${t([`direction.${e.direction}`, "direction.other"], { word: e.direction })}`}
          {e.shape && ` · ${t([`shape.${e.shape}`, "shape.other"], { word: e.shape })}`}
        </Text>
        <Text fw={600} className={classes.wrap}>
          {say(e.text)}
        </Text>
        <Text size="sm" c="dimmed">
          {Number.isFinite(onset) && (
            <>
              {t("drawer.onset")} <At ms={onset} /> ·{" "}
            </>
          )}
          {e.score !== null && t("drawer.score", { score: amount(e.score, "") })}
        </Text>
      </div>
      {metricOf(e) !== "" && <FullChart evidence={e} />}
      {e.numbers.length > 0 && <Numbers evidence={e} />}
      <Source evidence={e} />
      {uses.length > 0 && (
        <div>
          <Title order={3} size="h6" mb={4}>
            {t("drawer.used")}
          </Title>
          <ul className={classes.ruled}>
            {uses.map((f) => (
              <li key={f.id}>
                <Cite id={f.id} /> {f.agent}: {f.node} {say(f.text)}
              </li>
            ))}
          </ul>
        </div>
      )}
    </Stack>
  );
}

function FullChart({ evidence: e }: { evidence: Evidence }) {
  const { t } = useTranslation("incident");
  const { incident, setView, say } = useShared();
  const { data, loading, error, retry, points } = useSeries(e, true);
  return (
    <div>
      <TimeSeries
        label={`${e.node} ${metricOf(e)}: ${say(e.text)}`}
        data={data}
        loading={loading}
        height={240}
        error={error ? errorText(error, t as never) : undefined}
        onRetry={retry}
        empty={t(incident.has_bundle ? "chart.none" : "chart.no_bundle")}
        onRange={(r) => setView(r ? { from: String(r.from), to: String(r.to) } : { from: "", to: "" })}
      />
      <Text size="xs" c="dimmed">
        {t("chart.legend")}{" "}
        {points && points.out < points.in ? t("chart.thinned", { in: points.in, out: points.out }) : ""}
      </Text>
    </div>
  );
}

interface ServiceSettings {
  grafana_url?: string;
  kibana_url?: string;
}

/** Source is where the evidence comes from: query, file and line, the raw data, and the tools that hold them. */
function Source({ evidence: e }: { evidence: Evidence }) {
  const { t } = useTranslation("incident");
  const { setView } = useShared();
  const raw = e.source.file !== "" && e.source.line > 0;
  const [open, setOpen] = useState(raw && (e.kind === "log" || e.kind === "event"));
  const words = e.kind === "log" ? literal(e.name) : "";
  const query = e.source.query || words;
  const level = e.kind === "log" ? (/^level=(\w+)$/.exec(e.numbers[0]?.arg ?? "")?.[1] ?? "") : "";
  return (
    <div>
      <Title order={3} size="h6" mb={4}>
        {t("drawer.source")}
      </Title>
      <dl className={classes.source}>
        {query !== "" && (
          <>
            <dt>{t("drawer.query")}</dt>
            <dd>
              <Code className={classes.wrap}>{query}</Code>
            </dd>
          </>
        )}
        {e.source.file !== "" && (
          <>
            <dt>{t("drawer.file")}</dt>
            <dd>
              <Code className={classes.wrap}>
                {e.source.file}
                {raw ? `:${String(e.source.line)}` : ""}
              </Code>
            </dd>
          </>
        )}
        <dt>{t("drawer.time")}</dt>
        <dd>
          <At ms={ms(e.from)} /> – <At ms={ms(e.to)} />
        </dd>
      </dl>
      <Group gap="xs" mt="xs">
        {query !== "" && (
          <CopyButton value={query}>
            {({ copied, copy }) => (
              <Button
                size="compact-sm"
                variant="default"
                leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
                onClick={copy}
              >
                {t(copied ? "common:copied" : "drawer.copy")}
              </Button>
            )}
          </CopyButton>
        )}
        <Tools evidence={e} query={query} />
        {(words !== "" || level !== "") && (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconSearch size={14} />}
            onClick={() =>
              setView({ e: "", tab: "logs", lines: words, level: words === "" ? level : "", node: e.node })
            }
          >
            {t("drawer.all_lines")}
          </Button>
        )}
        {raw && (
          <Button size="compact-sm" variant="default" aria-expanded={open} onClick={() => setOpen(!open)}>
            {t(open ? "drawer.hide_lines" : "drawer.show_lines")}
          </Button>
        )}
      </Group>
      {open && raw && <RawLines file={e.source.file} line={e.source.line} />}
    </div>
  );
}

function Tools({ evidence: e, query }: { evidence: Evidence; query: string }) {
  const { t } = useTranslation("incident");
  const s = useQuery({
    queryKey: ["settings", "service", "read"],
    queryFn: () => api.get<ServiceSettings>("/settings/service"),
    staleTime: 300_000,
    retry: false,
  }).data;
  const tool = e.kind === "log" ? "kibana" : "grafana";
  const link =
    query === "" ? "" : linkTo(tool, tool === "kibana" ? s?.kibana_url : s?.grafana_url, query, ms(e.from), ms(e.to));
  if (link === "") return null;
  return (
    <Button
      component="a"
      href={link}
      target="_blank"
      rel="noopener noreferrer"
      size="compact-sm"
      variant="default"
      leftSection={<IconExternalLink size={14} />}
    >
      {t(`drawer.${tool}`)}
    </Button>
  );
}
