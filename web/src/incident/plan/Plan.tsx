import { Code, Text } from "@mantine/core";
import { IconAlertOctagon, IconAlertTriangle, IconCircleCheck, IconShieldLock } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Tone } from "../../lib/theme";
import { ToneBadge } from "../../lib/ui/Badges";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { leadOf, withoutLead } from "../model/apart";
import type { Action } from "../model/diagnosis";
import { Panel } from "../ui/Panel";

const risks: Record<string, { tone: Tone; icon: typeof IconCircleCheck }> = {
  low: { tone: "good", icon: IconCircleCheck },
  medium: { tone: "warn", icon: IconAlertTriangle },
  high: { tone: "bad", icon: IconAlertTriangle },
  destructive: { tone: "bad", icon: IconAlertOctagon },
};

/** Plan is what to do: each step with its risk, how to check it and how to undo it. */
export function Plan() {
  const { t } = useTranslation("incident");
  const { d, running } = useShared();
  const steps = d.plan?.steps ?? [];
  const lead = leadOf(d);
  return (
    <Panel name="plan" least={160}>
      {steps.length === 0 && (
        <Text size="sm" c="dimmed">
          {t(running ? "plan.waiting" : d.verdict === "healthy" ? "plan.healthy" : "plan.none")}
        </Text>
      )}
      <ol className={classes.plan}>
        {steps.map((a, i) => (
          <Step key={i} action={i === 0 ? a : { ...a, text: withoutLead(a.text, lead) }} />
        ))}
      </ol>
    </Panel>
  );
}

function Step({ action: a }: { action: Action }) {
  const { t } = useTranslation("incident");
  const { say } = useShared();
  const risk = risks[a.risk];
  const params = Object.entries(a.params)
    .map(([k, v]) => `${k}=${v}`)
    .sort()
    .join(" ");
  return (
    <li>
      <div className={classes.action}>
        <b>{say(a.text)}</b>
        {risk && (
          <ToneBadge tone={risk.tone} icon={risk.icon}>
            {t(`risk.${a.risk}`)}
          </ToneBadge>
        )}
        {a.needs_approval && (
          <ToneBadge tone="plain" icon={IconShieldLock}>
            {t("plan.approval")}
          </ToneBadge>
        )}
      </div>
      <div className={classes.soft}>
        <Code className={classes.wrap}>
          {a.action} {a.target} {params}
        </Code>
      </div>
      <dl className={classes.source}>
        {a.verify.text !== "" && (
          <>
            <dt>{t("plan.verify")}</dt>
            <dd>{say(a.verify.text)}</dd>
          </>
        )}
        {a.undo.text !== "" && (
          <>
            <dt>{t("plan.undo")}</dt>
            <dd>{say(a.undo.text)}</dd>
          </>
        )}
      </dl>
    </li>
  );
}
