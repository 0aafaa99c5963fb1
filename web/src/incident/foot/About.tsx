import { Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { share, utc } from "../../charts";
import { api } from "../../lib/api";
import { formatBytes, formatDuration, formatNumber, formatTime } from "../../lib/format";
import { incidentKey } from "../../lib/keys";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { ms, type Window } from "../model/diagnosis";
import { Cites } from "../ui/Cite";
import { Panel } from "../ui/Panel";

interface Attempt {
  attempt: number;
  state: string;
  reason: string;
  enqueued: string | null;
  started: string | null;
  finished: string | null;
  error: string;
}

/** About is what else there is to know: what was looked at, reduced, missing, what it cost, and earlier attempts. */
export function About() {
  return (
    <Panel name="about" least={160}>
      <div className={classes.about}>
        <Subject />
        <Reductions />
        <Findings />
        <Attempts />
      </div>
    </Panel>
  );
}

function Subject() {
  const { t, i18n } = useTranslation("incident");
  const { d, incident } = useShared();
  const lang = i18n.language;
  const c = d.cost;
  const entries: [string, string, string?][] = [
    [t("about.system"), d.subject.system || incident.system],
    [t("about.window"), stretch(d.subject.window, lang), d.subject.window.from ? utc(ms(d.subject.window.from)) : ""],
    [
      t("about.baseline"),
      stretch(d.subject.baseline, lang),
      d.subject.baseline.from ? utc(ms(d.subject.baseline.from)) : "",
    ],
    [
      t("about.alert"),
      [
        d.subject.alert.name,
        d.subject.alert.node,
        formatTime(Number.isFinite(ms(d.subject.alert.at)) ? d.subject.alert.at : null, lang, "time"),
      ]
        .filter(Boolean)
        .join(" "),
    ],
    [t("about.source"), incident.source],
    [t("about.size"), incident.size > 0 ? formatBytes(incident.size, lang) : ""],
    [
      t("about.cost"),
      c.wall_ms > 0
        ? t("about.cost_line", {
            wall: formatDuration(c.wall_ms, lang),
            cpu: formatDuration(c.cpu_ms, lang),
            memory: formatBytes(c.peak_bytes, lang),
          })
        : "",
    ],
    [
      t("about.model"),
      c.model_calls > 0
        ? t("about.model_line", {
            calls: c.model_calls,
            in: formatNumber(c.prompt_tokens, lang),
            out: formatNumber(c.completion_tokens, lang),
            usd: formatNumber(c.usd ?? 0, lang, 4),
          })
        : "",
    ],
  ];
  return (
    <div>
      <dl className={classes.source}>
        {entries
          .filter(([, v]) => v !== "")
          .map(([k, v, hover]) => (
            <Entry key={k} name={k} value={v} hover={hover ?? ""} />
          ))}
        {Object.entries(incident.labels)
          .slice(0, 12)
          .map(([k, v]) => (
            <Entry key={`label ${k}`} name={k} value={v} hover="" />
          ))}
      </dl>
      <Text size="xs" c="dimmed" mt={6}>
        {t("about.zone")}
      </Text>
    </div>
  );
}

function Entry({ name, value, hover }: { name: string; value: string; hover: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd title={hover || undefined} className={classes.wrap}>
        {value}
      </dd>
    </>
  );
}

function stretch(w: Window, lang: string): string {
  return w.from && w.to ? `${formatTime(w.from, lang)} – ${formatTime(w.to, lang, "time")}` : "";
}

function Reductions() {
  const { t, i18n } = useTranslation("incident");
  const { d } = useShared();
  const n = (v: number) => formatNumber(v, i18n.language);
  return (
    <div>
      {d.missing.length > 0 && (
        <Title order={3} size="h6" mb={4}>
          {t("about.missing")}
        </Title>
      )}
      <ul className={classes.ruled}>
        {d.missing.map((m) => (
          <li key={`${m.what} ${m.why}`}>
            <b>{m.what}</b>
            <span className={classes.soft}>: {m.why}</span>
          </li>
        ))}
      </ul>
      {d.reductions.length > 0 && (
        <Title order={3} size="h6" mb={4} mt="sm">
          {t("about.reduced")}
        </Title>
      )}
      <ul className={classes.ruled}>
        {d.reductions.map((r, i) => (
          <li key={i}>
            <b>{t([`reduced.stage.${r.stage}`, "reduced.other"], { word: r.stage })}</b> {n(r.in)} → {n(r.out)}{" "}
            {t([`reduced.unit.${r.unit.replaceAll(" ", "_")}`, "reduced.other"], { word: r.unit })}
            <span className={classes.soft}>
              : {r.how}
              {r.rest && `; ${t("about.rest", { file: r.rest })}`}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Findings() {
  const { t } = useTranslation("incident");
  const { d, say } = useShared();
  if (d.findings.length === 0) return null;
  return (
    <details className={classes.details}>
      <summary>{t("about.findings", { count: d.findings.length })}</summary>
      <ul className={classes.ruled}>
        {d.findings.map((f) => (
          <li key={f.id}>
            <Cites ids={[f.id]} /> {f.agent}: <b>{f.node}</b> {say(f.text)}{" "}
            <span className={classes.soft}>{share(f.strength)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Attempts() {
  const { t, i18n } = useTranslation("incident");
  const { incident } = useShared();
  const q = useQuery({
    queryKey: [...incidentKey(incident.id), "attempts", incident.attempt, incident.progress],
    queryFn: ({ signal }) =>
      api.get<{ items: Attempt[] }>(`/incidents/${encodeURIComponent(incident.id)}/attempts`, {}, signal),
    retry: 1,
  });
  const items = q.data?.items ?? [];
  if (items.length === 0) return null;
  const lang = i18n.language;
  return (
    <details className={classes.details} open={items.length > 1}>
      <summary>{t("about.attempts", { count: items.length })}</summary>
      <Table fz="xs" verticalSpacing={2}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("about.attempt")}</Table.Th>
            <Table.Th>{t("about.state")}</Table.Th>
            <Table.Th>{t("about.started")}</Table.Th>
            <Table.Th>{t("about.took")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((a) => (
            <Table.Tr key={a.attempt}>
              <Table.Td>{a.attempt}</Table.Td>
              <Table.Td>
                {t([`common:progress.${a.state}`, "about.other"], { word: a.state })} {a.error}
              </Table.Td>
              <Table.Td>{formatTime(a.started, lang)}</Table.Td>
              <Table.Td>{a.started && a.finished ? formatDuration(ms(a.finished) - ms(a.started), lang) : ""}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </details>
  );
}
