import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatProbability } from "../../lib/format";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { likely } from "../model/derive";
import { ms, type Cause } from "../model/diagnosis";
import { Cites } from "../ui/Cite";
import { Panel } from "../ui/Panel";
import { At } from "../ui/Time";

/** Causes ranks every cause worth a look by its probability. */
export function Causes() {
  const { t } = useTranslation("incident");
  const { d, running } = useShared();
  const [all, setAll] = useState(false);
  const { first, rest } = likely(d.causes);
  const shown = all ? d.causes : first;
  return (
    <Panel name="causes" least={206}>
      {d.causes.length === 0 && running && <div className={classes.placeholder} />}
      {d.causes.length === 0 && !running && (
        <Text size="sm" c="dimmed">
          {t("why.no_cause")}
        </Text>
      )}
      <ul className={classes.causes}>
        {shown.map((c) => (
          <CauseRow key={`${c.node} ${c.fault}`} cause={c} />
        ))}
      </ul>
      {!all && rest.length > 0 && (
        <Button size="compact-xs" variant="subtle" style={{ alignSelf: "flex-start" }} onClick={() => setAll(true)}>
          {t("why.more", { count: rest.length })}
        </Button>
      )}
    </Panel>
  );
}

function CauseRow({ cause: c }: { cause: Cause }) {
  const { i18n } = useTranslation();
  const { parts, fault, role } = useShared();
  const culprit = parts.get(c.node) === "culprit" && (c.rank === 1 || c.probability >= 0.5);
  return (
    <li data-part={culprit ? "culprit" : undefined}>
      <span className={classes.probability}>{formatProbability(c.probability, i18n.language)}</span>
      <span className={classes.track} aria-hidden>
        <i style={{ width: `${String(Math.max(0.5, c.probability * 100))}%` }} />
      </span>
      <span>
        <b>{c.node}</b> {fault(c.fault)}
        {c.label && c.label !== c.fault ? ` (${c.label})` : ""}
        <span className={classes.soft}>
          {" "}
          {c.role !== "" && c.role !== "unknown" ? role(c.role) : c.service} <At ms={ms(c.onset)} />
        </span>{" "}
        <Cites ids={c.cites} most={3} />
      </span>
    </li>
  );
}
