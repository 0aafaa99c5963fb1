import { Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatProbability } from "../../lib/format";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { gathering, suspects } from "../model/apart";
import { place } from "../model/derive";
import { ms } from "../model/diagnosis";
import { Cite } from "../ui/Cite";
import { At } from "../ui/Time";

/** Suspects sets the first suspects side by side, and says what would tell them apart and how to get it. */
export function Suspects() {
  const { t, i18n } = useTranslation("incident");
  const { d, index, fault, say } = useShared();
  const list = suspects(d, index);
  const steps = gathering(d);
  return (
    <section className={`panel ${classes.panel ?? ""}`} aria-labelledby="suspects">
      <Title order={2} size="h4" id="suspects">
        {t("panel.suspects")}
      </Title>
      <Text size="sm" c="dimmed" mb="xs">
        {t("apart.note")}
      </Text>
      <div className={classes.suspects}>
        {list.map((s) => (
          <section key={`${s.cause.node} ${s.cause.fault}`} aria-label={`${s.cause.node} ${fault(s.cause.fault)}`}>
            <div className={classes.probability}>{formatProbability(s.cause.probability, i18n.language)}</div>
            <span className={classes.track} aria-hidden>
              <i style={{ width: `${String(s.cause.probability * 100)}%` }} />
            </span>
            <b>{s.cause.node}</b>
            <div>{fault(s.cause.fault)}</div>
            <div className={classes.soft}>
              {t("head.since")} <At ms={ms(s.cause.onset)} />
            </div>
            <ul className={classes.proof}>
              {s.own.slice(0, 3).map((e) => (
                <li key={e.id}>
                  <Cite id={e.id} /> {place(e) === s.cause.node ? "" : `${place(e)} `}
                  {say(e.text)}
                </li>
              ))}
              {s.own.length === 0 && <li className={classes.soft}>{t("apart.nothing_own")}</li>}
            </ul>
            {s.because !== "" && <div className={classes.soft}>{t("apart.against", { text: say(s.because) })}</div>}
          </section>
        ))}
      </div>
      {(steps.length > 0 || d.missing.length > 0) && (
        <>
          <Title order={3} size="h5" mt="md" mb={6}>
            {t("apart.title")}
          </Title>
          <ul className={classes.ruled}>
            {steps.map((s) => (
              <li key={s.text}>
                {s.text}
                {s.verify !== "" && <span className={classes.soft}> {s.verify}</span>}
              </li>
            ))}
            {d.missing.map((m) => (
              <li key={`${m.what} ${m.why}`}>
                {t("apart.missing", { what: m.what })}
                <span className={classes.soft}>: {m.why}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
