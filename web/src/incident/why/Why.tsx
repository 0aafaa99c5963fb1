import { Button, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { place, untwin } from "../model/derive";
import type { Evidence, Reason } from "../model/diagnosis";
import { Cite, Cites } from "../ui/Cite";
import { Panel } from "../ui/Panel";

/** Evidence that is written out below a step. */
const PROOFS = 3;

/** Why gives the steps of the reasoning, and what was ruled out. */
export function Why() {
  const { t } = useTranslation("incident");
  const { d, running } = useShared();
  const empty = d.reasoning.length === 0 && d.rejected.length === 0;
  return (
    <Panel name="why" least={360}>
      {empty &&
        (running ? (
          <Waiting />
        ) : (
          <Text c="dimmed" size="sm">
            {t("why.none")}
          </Text>
        ))}
      <Stack gap="lg">
        {d.reasoning.length > 0 && <Steps reasons={d.reasoning} />}
        {d.rejected.length > 0 && <Ruled />}
      </Stack>
    </Panel>
  );
}

function Waiting() {
  const { t } = useTranslation("incident");
  return (
    <Stack gap="sm">
      <Text c="dimmed" size="sm">
        {t("why.waiting")}
      </Text>
      {[90, 75, 82, 60].map((w) => (
        <Skeleton key={w} height={16} width={`${String(w)}%`} animate={false} />
      ))}
    </Stack>
  );
}

function Steps({ reasons }: { reasons: readonly Reason[] }) {
  const { index, say } = useShared();
  const shown = new Set<string>();
  return (
    <ol className={classes.steps}>
      {reasons.map((r) => {
        const proof = proofOf(r, index.evidence, shown);
        const rest = untwin(r.cites, index).filter((c) => !proof.some((e) => e.id === c));
        return (
          <li key={r.step} value={r.step}>
            {say(r.text)} <Cites ids={rest} />
            {proof.length > 0 && (
              <ul className={classes.proof}>
                {proof.map((e) => (
                  <li key={e.id}>
                    <Cite id={e.id} /> <b>{place(e)}</b> {say(e.text)}
                  </li>
                ))}
              </ul>
            )}
          </li>
        );
      })}
    </ol>
  );
}

/** proofOf picks the evidence of a step that no step before it showed. */
function proofOf(r: Reason, evidence: ReadonlyMap<string, Evidence>, shown: Set<string>): Evidence[] {
  const out: Evidence[] = [];
  for (const id of r.cites) {
    const e = evidence.get(id);
    if (!e || out.length >= PROOFS) continue;
    const key = `${e.node}|${e.peer}|${e.text}`;
    if (shown.has(key)) continue;
    shown.add(key);
    out.push(e);
  }
  return out;
}

function Ruled() {
  const { t } = useTranslation("incident");
  const { d, fault, say } = useShared();
  const [all, setAll] = useState(false);
  const shown = all ? d.rejected : d.rejected.slice(0, 4);
  return (
    <section aria-labelledby="ruled">
      <Title order={3} size="h5" mb={6} id="ruled">
        {t("why.ruled")}
      </Title>
      <ul className={classes.ruled}>
        {shown.map((r) => (
          <li key={`${r.node} ${r.fault}`}>
            <b>{r.node}</b> {fault(r.fault)}
            <span className={classes.soft}>: {say(r.because)}</span> <Cites ids={r.cites} most={3} />
          </li>
        ))}
      </ul>
      {shown.length < d.rejected.length && (
        <Button size="compact-xs" variant="subtle" onClick={() => setAll(true)}>
          {t("why.more", { count: d.rejected.length - shown.length })}
        </Button>
      )}
    </section>
  );
}
