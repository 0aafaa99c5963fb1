import { Anchor, Breadcrumbs, Group, Text, Title } from "@mantine/core";
import { IconCrown, IconFlask } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { formatDuration, zoneOf } from "../../lib/format";
import type { Incident } from "../../lib/types";
import { OutcomeBadge, SeverityBadge, ToneBadge, VerdictBadge } from "../../lib/ui/Badges";
import { MiddleCut } from "../../lib/ui/MiddleCut";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { leadOf, withoutLead } from "../model/apart";
import { abnormal, effects, leads } from "../model/derive";
import { ms } from "../model/diagnosis";
import { Cite } from "../ui/Cite";
import { At } from "../ui/Time";
import { Feedback } from "./Feedback";
import { Opinions } from "./Opinions";
import { Manage } from "./Manage";
import { Share } from "./Share";
import { called, usePeople } from "./usePeople";

/** Head says at a glance what is wrong, where, since when and how sure that is. */
export function Head() {
  const { t } = useTranslation("incident");
  const { incident, d, running } = useShared();
  return (
    <header className={`panel ${classes.head ?? ""}`} data-running={running || undefined}>
      <Breadcrumbs separatorMargin={6} className={classes.crumbs}>
        <Anchor component={Link} to="/" size="sm">
          {t("crumb")}
        </Anchor>
        <Text size="sm" component="span">
          <MiddleCut text={incident.id} max={30} />
        </Text>
        <Text size="sm" component="span" className={classes.title}>
          {incident.title}
        </Text>
      </Breadcrumbs>
      <Group gap="xs" className={classes.actions}>
        <SeverityBadge severity={incident.severity} />
        {incident.status === "resolved" && <ToneBadge tone="good">{t("resolved")}</ToneBadge>}
        {incident.case && (
          <ToneBadge tone="plain" icon={IconFlask}>
            {t("case.is")}
          </ToneBadge>
        )}
        {d.verdict !== "" && <Feedback />}
        <Share />
        <Manage />
      </Group>
      <Sentence />
      <Effects />
      <Facts />
      {d.verdict !== "" && <Opinions />}
    </header>
  );
}

function Sentence() {
  const { d, incident } = useShared();
  const badge =
    d.verdict === "" ? (
      <OutcomeBadge incident={incident} />
    ) : (
      <VerdictBadge verdict={d.verdict} confidence={d.confidence} large />
    );
  return (
    <div className={classes.sentence} aria-live="polite">
      {badge}
      <Title order={1} className={classes.h1}>
        {d.verdict === "" ? <Until /> : <Story />}
      </Title>
    </div>
  );
}

/** Until says where the diagnosis stands, or, while a finished one is read, what the list of incidents knows of it. */
function Until() {
  const { t } = useTranslation("incident");
  const { incident, running } = useShared();
  const h = incident.headline;
  if (running) return <>{t(`head.${incident.progress}`)}</>;
  if (incident.progress === "failed") return <>{t("head.failed")}</>;
  if (!h || h.verdict === "") return <>{t("head.none")}</>;
  if (h.verdict === "healthy") return <>{t("head.healthy")}</>;
  if (h.node === "") return <>{h.summary || t("head.unexplained")}</>;
  return (
    <>
      {h.verdict === "inconclusive" && <span className={classes.soft}>{t("head.suspect")} </span>}
      <b className={h.verdict === "inconclusive" ? undefined : classes.culprit}>
        <MiddleCut text={h.node} max={40} />
      </b>
      {": "}
      <b>{h.fault_name}</b>
    </>
  );
}

/** Story is the sentence itself: who, how, since when. */
function Story() {
  const { t } = useTranslation("incident");
  const { d, fault, role, say } = useShared();
  const c = d.causes[0];
  if (d.verdict === "healthy") return <>{t("head.healthy")}</>;
  if (!c) return <>{say(d.summary) || t("head.unexplained")}</>;
  const led = leads(d, c.node);
  const leader = led > 0 || c.role === "leader" || c.role === "config_leader";
  const onset = ms(c.onset);
  const open = d.verdict === "inconclusive";
  return (
    <>
      {open && <span className={classes.soft}>{t("head.suspect")} </span>}
      <b className={open ? undefined : classes.culprit}>
        <MiddleCut text={c.node} max={40} />
      </b>
      {leader && (
        <span className={classes.soft}>
          {" "}
          <IconCrown size={18} className={classes.crown} aria-hidden />{" "}
          {led > 0 ? t("head.leads", { count: led }) : role(c.role)}
        </span>
      )}
      {": "}
      <b>
        {fault(c.fault)}
        {c.label && c.label !== c.fault ? ` (${c.label})` : ""}
      </b>
      {Number.isFinite(onset) && (
        <span className={classes.soft}>
          {" "}
          {t("head.since")} <At ms={onset} />
        </span>
      )}
    </>
  );
}

function Effects() {
  const { t } = useTranslation("incident");
  const { d, index, say } = useShared();
  if (d.verdict === "" || d.verdict === "healthy" || d.causes.length === 0) return null;
  const proof = effects(d, index, d.verdict === "inconclusive" ? 1 : 2);
  const victims = [...new Set(d.propagation.map((s) => s.to))];
  return (
    <div className={classes.effects}>
      {proof.map((e) => (
        <span key={e.id}>
          {say(e.text)} <Cite id={e.id} />
        </span>
      ))}
      {victims.length > 0 && (
        <span>
          {t("head.dragged")} {victims.slice(0, 5).join(", ")}
          {victims.length > 5 ? ` +${String(victims.length - 5)}` : ""}
        </span>
      )}
    </div>
  );
}

type T = (key: string, o?: Record<string, unknown>) => string;

/** alertsOf counts the alerts. Those of an incident that a person resolved may not have been reported as over. */
function alertsOf({ alerts: count, firing, status }: Incident, t: T): string {
  if (firing === 0) return t("head.alerts_over", { count });
  return t(status === "resolved" ? "head.alerts_open" : "head.alerts", { count, firing });
}

function Facts() {
  const { t, i18n } = useTranslation("incident");
  const { d, incident } = useShared();
  const lang = i18n.language;
  const people = usePeople(incident.assignee !== "");
  const person = people.find((p) => p.id === incident.assignee);
  const assignee = person ? called(person) : incident.assignee;
  const w = d.detection.windows[0];
  const lasted = w ? ms(w.to) - ms(w.from) : NaN;
  const n = abnormal(d);
  const first = d.plan?.steps[0];
  const facts = [
    t("head.zone", { zone: zoneOf(ms(w?.from ?? incident.started), lang) }),
    Number.isFinite(lasted) && d.detection.anomalous ? t("head.lasted", { time: formatDuration(lasted, lang) }) : "",
    n > 0 ? t("head.abnormal", { count: n }) : "",
    d.cost.wall_ms > 0 ? t("head.took", { time: formatDuration(d.cost.wall_ms, lang) }) : "",
    d.engine.name === ""
      ? ""
      : d.engine.model === ""
        ? t("head.engine", { name: d.engine.name, version: d.engine.version })
        : t("head.model", { name: d.engine.name, version: d.engine.version, model: d.engine.model }),
    incident.alerts > 0 ? alertsOf(incident, t) : "",
    incident.folded > 0 ? t("head.folded", { count: incident.folded }) : "",
    incident.assignee !== "" ? t("head.assigned", { name: assignee }) : "",
  ].filter(Boolean);
  return (
    <div className={classes.facts}>
      <span>{facts.join(" · ")}</span>
      {first && d.verdict !== "healthy" && (
        <a
          href="#plan"
          onClick={(e) => {
            e.preventDefault();
            document.getElementById("plan")?.scrollIntoView({ behavior: "smooth" });
          }}
        >
          {t("head.first", { step: withoutLead(first.text, leadOf(d)) })}
        </a>
      )}
    </div>
  );
}
