import { Text } from "@mantine/core";
import { IconBellRinging, IconFlask } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { formatNumber, formatTime } from "../../lib/format";
import type { Incident } from "../../lib/types";
import { OutcomeBadge, SeverityBadge } from "../../lib/ui/Badges";
import { MiddleCut } from "../../lib/ui/MiddleCut";
import { RowLink } from "../../lib/ui/RowLink";
import { TimeStamp } from "../../lib/ui/TimeStamp";
import classes from "./incidents.module.css";

interface Props {
  incident: Incident;
  phone: boolean;
  /** What the list is sorted by. */
  sort: string;
  /** No incident of the list has alerts. */
  quiet: boolean;
}

/** One incident: how bad, what is wrong where, how sure, since when, and how many alerts it took in. */
export function IncidentRow({ incident: i, phone, sort, quiet }: Props) {
  const { t } = useTranslation();
  const resolved = i.status === "resolved";
  return (
    <RowLink
      href={`/incidents/${i.id}`}
      className={phone ? classes.card : classes.line}
      resolved={resolved}
      quiet={quiet}
    >
      <span className={classes.severity}>
        <SeverityBadge severity={i.severity} />
      </span>
      <span className={classes.outcome}>
        <OutcomeBadge incident={i} />
      </span>
      <span className={classes.what}>
        <What incident={i} />
      </span>
      <span className={classes.node}>
        <Where incident={i} />
      </span>
      <span className={classes.alerts}>
        <Folded incident={i} />
      </span>
      <span className={classes.status}>{t(`status.${i.status}`)}</span>
      <span className={classes.time}>
        <When incident={i} sort={sort} />
        {!phone && (
          <Text span size="xs" c="dimmed" display="block">
            {i.id}
            {i.case && <IconFlask size={12} style={{ marginLeft: 4 }} aria-hidden />}
          </Text>
        )}
      </span>
    </RowLink>
  );
}

/** The time that the list is sorted by; the others on hover. */
function When({ incident: i, sort }: { incident: Incident; sort: string }) {
  const { t, i18n } = useTranslation("shell");
  const times = { opened: i.opened, started: i.started, updated: i.updated };
  const by = sort.replace("-", "") as keyof typeof times;
  const shown = times[by] ? by : "opened";
  const hint = (["opened", "started", "updated"] as const)
    .filter((k) => times[k])
    .map((k) => `${t(`incidents.time.${k}`)} ${formatTime(times[k], i18n.language)}`)
    .join("\n");
  return <TimeStamp at={times[shown]} ago hint={hint} />;
}

/** What the diagnosis says, then what it was reported as; the report alone while there is no diagnosis. */
function What({ incident: i }: { incident: Incident }) {
  const { i18n } = useTranslation();
  const h = i.headline;
  const title = i.title || i.id;
  const said = i.progress === "done" && h ? here(h.summary, h.onset, i18n.language) : "";
  return (
    <>
      <span className={classes.title}>{said || title}</span>
      <span className={classes.summary}>{i.progress === "failed" ? h?.error : said ? title : ""}</span>
    </>
  );
}

/** The sentence of the service with the user's clock where it has the onset's time of day in UTC. */
function here(text: string, onset: string | null, lang: string): string {
  if (!onset) return text;
  return text.replaceAll(new Date(onset).toISOString().slice(11, 19), formatTime(onset, lang, "time"));
}

function Where({ incident: i }: { incident: Incident }) {
  const node = i.headline?.node || i.nodes[0] || "";
  return (
    <>
      <span className={classes.title}>{node === "" ? "–" : <MiddleCut text={node} max={24} mono />}</span>
      <span className={classes.summary}>{i.system}</span>
    </>
  );
}

/** How many alerts are in it and how many repeats were folded into them. */
function Folded({ incident: i }: { incident: Incident }) {
  const { t, i18n } = useTranslation("shell");
  if (i.alerts === 0) return null;
  const n = (v: number) => formatNumber(v, i18n.language);
  return (
    <>
      <span>
        <IconBellRinging size={13} aria-hidden style={{ verticalAlign: -2 }} />{" "}
        {i.status === "open" && i.firing > 0 && i.firing !== i.alerts
          ? t("incidents.firingOf", { firing: n(i.firing), alerts: n(i.alerts) })
          : t("incidents.alerts", { count: i.alerts, n: n(i.alerts) })}
      </span>
      {i.folded > 0 && (
        <span className={classes.summary}>{t("incidents.folded", { count: i.folded, n: n(i.folded) })}</span>
      )}
    </>
  );
}
