import { Button } from "@mantine/core";
import { IconThumbDown, IconThumbUp } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../../lib/session";
import { TimeStamp } from "../../lib/ui/TimeStamp";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { NOTHING, useFeedback, type Given } from "./useFeedback";
import { called, usePeople } from "./usePeople";

/** How many are shown at first. */
const FIRST = 3;

/** Opinions is what people said of the diagnosis: who, when, and what it was in truth. */
export function Opinions() {
  const { t } = useTranslation("incident");
  const { incident } = useShared();
  const [all, setAll] = useState(false);
  const given = useFeedback(incident);
  const people = usePeople(given.length > 0);
  const me = useSession().data?.user;
  if (given.length === 0) return null;
  const name = (id: string) => {
    const person = people.find((p) => p.id === id) ?? (me?.id === id ? me : undefined);
    return person ? called(person) : id || t("feedback.somebody");
  };
  return (
    <ul className={classes.opinions} aria-label={t("feedback.given")}>
      {given.slice(0, all ? given.length : FIRST).map((g) => (
        <OpinionLine key={g.id} given={g} who={name(g.user)} />
      ))}
      {!all && given.length > FIRST && (
        <li>
          <Button size="compact-xs" variant="subtle" onClick={() => setAll(true)}>
            {t("why.more", { count: given.length - FIRST })}
          </Button>
        </li>
      )}
    </ul>
  );
}

function OpinionLine({ given: g, who }: { given: Given; who: string }) {
  const { t } = useTranslation("incident");
  const { incident, fault } = useShared();
  const Icon = g.verdict === "right" ? IconThumbUp : IconThumbDown;
  const truth =
    g.fault === NOTHING ? t("case.healthy") : [g.node, g.fault && fault(g.fault)].filter(Boolean).join(": ");
  return (
    <li>
      <Icon size={14} aria-hidden /> {t(`feedback.said.${g.verdict}`, { who })}
      {truth !== "" && <b> {truth}</b>}
      {g.note !== "" && <span className={classes.note}> {t("feedback.quote", { note: g.note })}</span>}{" "}
      <span className={classes.soft}>
        <TimeStamp at={g.at} style="short" />
        {g.attempt !== incident.attempt && <> · {t("feedback.earlier")}</>}
      </span>
    </li>
  );
}
