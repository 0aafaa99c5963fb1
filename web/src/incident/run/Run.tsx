import { Loader, Text, Title } from "@mantine/core";
import { IconCheck, IconCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { formatDuration } from "../../lib/format";
import type { Queue } from "../../lib/types";
import { useShared } from "../context";
import classes from "../incident.module.css";
import type { AgentState, Live } from "../model/fold";
import { Cite } from "../ui/Cite";

/** Lines of progress on the page; the panel keeps its height whatever comes. */
const LINES = 8;

/** Run shows a diagnosis while it happens: its place in the queue, its stages, what each agent found. */
export function Run({ live }: { live: Live }) {
  const { t } = useTranslation("incident");
  const { incident } = useShared();
  const waits = live.last === 0 && incident.progress !== "running" && live.progress !== "running";
  return (
    <section className={`panel ${classes.run ?? ""}`} aria-label={t("run.label")}>
      {waits ? <Waits live={live} /> : <Stages live={live} />}
      <div className={classes.runs}>
        <div>
          <Title order={2} size="h6">
            {t("run.agents")}
          </Title>
          <ul className={classes.agents}>
            {live.agents.map((a) => (
              <Agent key={a.agent} agent={a} />
            ))}
          </ul>
        </div>
        <div>
          <Title order={2} size="h6">
            {t("run.log")}
          </Title>
          <ol className={classes.progress}>
            {live.lines.slice(-LINES).map((l) => (
              <li key={l.n}>
                <span className={classes.soft}>{t([`stage.${l.stage}`, "stage.other"], { word: l.stage })}</span>{" "}
                {l.text}
              </li>
            ))}
          </ol>
        </div>
      </div>
    </section>
  );
}

function Waits({ live }: { live: Live }) {
  const { t } = useTranslation("incident");
  const { incident } = useShared();
  const queue = useQuery({
    queryKey: ["queue"],
    queryFn: () => api.get<Queue>("/queue"),
    refetchInterval: 5000,
    retry: false,
  }).data;
  const gathers = incident.progress === "waiting";
  const ahead =
    live.position >= 0 ? live.position : (queue?.items.find((i) => i.incident === incident.id)?.position ?? -1);
  return (
    <div role="status" className={classes.waits}>
      <Loader size="sm" />
      <div>
        <Text fw={600}>
          {gathers ? t("run.gathering") : ahead > 0 ? t("run.ahead", { count: ahead }) : t("run.next")}
        </Text>
        <Text size="sm" c="dimmed">
          {gathers
            ? t("run.gathering_why")
            : queue
              ? t("run.queue", { running: queue.running, queued: queue.queued })
              : t("run.leave")}
        </Text>
      </div>
    </div>
  );
}

function Stages({ live }: { live: Live }) {
  const { t, i18n } = useTranslation("incident");
  const doing = live.stages.find((s) => s.state === "doing");
  return (
    <>
      <ol className={classes.stages}>
        {live.stages.map((s) => (
          <li key={s.stage} data-state={s.state}>
            {s.state === "done" ? (
              <IconCheck size={16} aria-hidden />
            ) : s.state === "doing" ? (
              <Loader size={14} aria-hidden />
            ) : (
              <IconCircle size={14} aria-hidden />
            )}
            <span>{t(`stage.${s.stage}`)}</span>
            <span className={classes.soft}>
              {s.state === "done" && Number.isFinite(s.ended - s.started)
                ? formatDuration(s.ended - s.started, i18n.language)
                : ""}
            </span>
          </li>
        ))}
      </ol>
      <div className="visually-hidden" role="status">
        {doing ? t("run.doing", { stage: t(`stage.${doing.stage}`) }) : ""}
      </div>
    </>
  );
}

function Agent({ agent: a }: { agent: AgentState }) {
  const { t } = useTranslation("incident");
  const { say } = useShared();
  const best = a.found[0];
  const state =
    a.failed !== "" ? t("run.failed", { why: a.failed }) : best ? "" : a.done ? t("run.nothing") : t("run.looking");
  return (
    <li data-done={a.done || undefined}>
      <b>{a.agent}</b>{" "}
      {best ? (
        <>
          <Cite id={best.id} /> {best.node} {say(best.text)}
          {a.found.length > 1 && <span className={classes.soft}> {t("run.more", { count: a.found.length - 1 })}</span>}
        </>
      ) : (
        <span className={classes.soft}>{state}</span>
      )}
      {best && state !== "" && <span className={classes.soft}> {state}</span>}
    </li>
  );
}
