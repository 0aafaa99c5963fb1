import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { place } from "../model/derive";
import { began, type Evidence } from "../model/diagnosis";
import { Cite } from "../ui/Cite";
import { At } from "../ui/Time";

const STEP = 20;

/** EvidenceList is evidence as lines, strongest first. */
export function EvidenceList({ evidence, empty }: { evidence: readonly Evidence[]; empty: string }) {
  const { t } = useTranslation("incident");
  const { say } = useShared();
  const [most, setMost] = useState(STEP);
  if (evidence.length === 0)
    return (
      <Text size="sm" c="dimmed" py="sm">
        {empty}
      </Text>
    );
  return (
    <>
      <ul className={classes.evidence}>
        {evidence.slice(0, most).map((e) => (
          <li key={e.id}>
            <Cite id={e.id} />
            <span className={classes.when}>{Number.isFinite(began(e)) ? <At ms={began(e)} /> : ""}</span>
            <span>
              <b>{place(e)}</b> {say(e.text)}
            </span>
          </li>
        ))}
      </ul>
      {evidence.length > most && (
        <Button size="compact-sm" variant="subtle" onClick={() => setMost(most + STEP * 2)}>
          {t("why.more", { count: evidence.length - most })}
        </Button>
      )}
    </>
  );
}
