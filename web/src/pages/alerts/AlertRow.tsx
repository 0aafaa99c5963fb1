import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatNumber } from "../../lib/format";
import type { Alert } from "../../lib/types";
import { SeverityBadge, ToneBadge } from "../../lib/ui/Badges";
import { MiddleCut } from "../../lib/ui/MiddleCut";
import { RowLink } from "../../lib/ui/RowLink";
import { Lasted, TimeStamp } from "../../lib/ui/TimeStamp";
import classes from "./alerts.module.css";

/** One alert: how bad, what, where, since when and how long, how often it came, and its incident. */
export function AlertRow({ alert: a, phone }: { alert: Alert; phone: boolean }) {
  const { t, i18n } = useTranslation("insight");
  const said = a.annotations.summary ?? a.annotations.description ?? "";
  return (
    <RowLink href={`/incidents/${a.incident}`} className={phone ? classes.card : classes.line}>
      <span className={classes.severity}>
        <SeverityBadge severity={a.severity} />
      </span>
      <span className={classes.what}>
        <span className={classes.name}>{a.name}</span>
        <span className={classes.said}>{said}</span>
      </span>
      <span className={classes.node}>
        <MiddleCut text={a.node || "–"} max={26} mono />
      </span>
      <span className={classes.state}>
        <ToneBadge tone={a.ends === null ? "warn" : "plain"}>
          {a.ends === null ? t("alerts.firing") : t("alerts.ended")}
        </ToneBadge>
      </span>
      <span className={classes.time}>
        <TimeStamp at={a.starts} style="short" />
        {a.starts && (
          <Text span size="xs" c="dimmed" ml={6}>
            <Lasted from={a.starts} to={a.ends} />
          </Text>
        )}
      </span>
      <span className={classes.count}>
        {t("alerts.times", { count: a.count, n: formatNumber(a.count, i18n.language) })}
      </span>
      <span className={classes.incident}>{a.incident}</span>
    </RowLink>
  );
}
