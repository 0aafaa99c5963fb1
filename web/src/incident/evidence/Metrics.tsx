import { Button, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { amount, TimeSeries } from "../../charts";
import { errorText } from "../../lib/ui/ErrorPanel";
import { MiddleCut } from "../../lib/ui/MiddleCut";
import { useShared } from "../context";
import classes from "../incident.module.css";
import type { Evidence } from "../model/diagnosis";
import { multiples, type Multiple } from "../model/series";
import { Cite } from "../ui/Cite";
import { EvidenceList } from "./EvidenceList";
import { useSeries } from "./useSeries";

const STEP = 9;

/** Metrics is small charts of the series that moved, strongest first. */
export function Metrics({ evidence }: { evidence: readonly Evidence[] }) {
  const { t } = useTranslation("incident");
  const [most, setMost] = useState(STEP);
  const list = multiples(evidence);
  const rest = evidence.filter((e) => !list.some((m) => m.evidence.id === e.id || m.also.includes(e.id)));
  if (evidence.length === 0) return <EvidenceList evidence={[]} empty={t("evidence.no_metrics")} />;
  return (
    <>
      <div className={classes.multiples}>
        {list.slice(0, most).map((m) => (
          <SmallChart key={m.key} multiple={m} />
        ))}
      </div>
      {list.length > most && (
        <Button mt="xs" size="compact-sm" variant="subtle" onClick={() => setMost(most + STEP * 2)}>
          {t("why.more", { count: list.length - most })}
        </Button>
      )}
      <Text size="xs" c="dimmed" mt="xs">
        {t("chart.legend")}
      </Text>
      {rest.length > 0 && <EvidenceList evidence={rest} empty="" />}
    </>
  );
}

function SmallChart({ multiple: m }: { multiple: Multiple }) {
  const { t } = useTranslation("incident");
  const { setView, incident, say } = useShared();
  const e = m.evidence;
  const { data, loading, error, retry } = useSeries(e, false);
  const metric = m.key.slice(e.node.length + 1);
  return (
    <figure className={classes.multiple}>
      <figcaption>
        <div className={classes.caption}>
          <span>
            <span className={classes.soft}>{e.node}</span>{" "}
            <b>
              <MiddleCut text={metric} max={30} />
            </b>
          </span>
          <span className={classes.cites}>
            {[e.id, ...m.also].slice(0, 3).map((id) => (
              <Cite key={id} id={id} />
            ))}
          </span>
        </div>
        <Change evidence={e} />
      </figcaption>
      <TimeSeries
        label={`${e.node} ${metric}: ${say(e.text)}`}
        data={data}
        loading={loading}
        height={150}
        group={`incident-${incident.id}`}
        error={error ? errorText(error, t as never) : undefined}
        onRetry={retry}
        empty={t(incident.has_bundle ? "chart.none" : "chart.no_bundle")}
        onRange={(r) => setView(r ? { from: String(r.from), to: String(r.to) } : { from: "", to: "" })}
      />
    </figure>
  );
}

/** Change is the value before and now. */
export function Change({ evidence: e }: { evidence: Evidence }) {
  const before = e.numbers.find((n) => n.name === "before");
  const after = e.numbers.find((n) => n.name === "after");
  const { say } = useShared();
  if (!before || !after || before.stat !== "quantile" || after.stat !== "quantile")
    return (
      <div className={classes.change}>
        <span>{say(e.text)}</span>
      </div>
    );
  return (
    <div className={classes.change}>
      <span className={classes.soft}>{amount(before.value, e.unit)} →</span> <b>{amount(after.value, e.unit)}</b>
    </div>
  );
}
