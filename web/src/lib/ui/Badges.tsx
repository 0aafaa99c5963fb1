import {
  IconAlertCircle,
  IconAlertOctagon,
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleDashed,
  IconClockPause,
  IconHelpHexagon,
  IconInfoCircle,
  IconLoader2,
  IconTargetArrow,
  IconX,
  type TablerIcon,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { formatProbability } from "../format";
import type { Tone } from "../theme";
import { severityTone, verdictTone } from "../tones";
import type { Incident, Progress, Severity, Verdict } from "../types";
import classes from "./Badges.module.css";

/** A word on the ground of a status colour, with an icon: never colour alone. */
export function ToneBadge({
  tone,
  icon: Icon,
  children,
  large,
}: {
  tone: Tone | "plain";
  icon?: TablerIcon;
  children: ReactNode;
  large?: boolean;
}) {
  return (
    <span className={classes.badge} data-tone={tone} data-large={large || undefined}>
      {Icon && <Icon size={large ? 20 : 14} stroke={2} aria-hidden />}
      {children}
    </span>
  );
}

const severityIcons: Record<Severity, TablerIcon> = {
  info: IconInfoCircle,
  warning: IconAlertCircle,
  major: IconAlertTriangle,
  critical: IconAlertOctagon,
};

/** How bad it is, in word, icon and colour. */
export function SeverityBadge({ severity }: { severity: Severity }) {
  const { t } = useTranslation();
  return (
    <ToneBadge tone={severityTone[severity]} icon={severityIcons[severity]}>
      {t(`severity.${severity}`)}
    </ToneBadge>
  );
}

const verdictIcons: Record<Verdict, TablerIcon> = {
  confirmed: IconTargetArrow,
  likely: IconAlertTriangle,
  inconclusive: IconHelpHexagon,
  healthy: IconCircleCheck,
};

/** A verdict as word, number, colour and icon. */
export function VerdictBadge({
  verdict,
  confidence,
  large,
}: {
  verdict: Verdict;
  confidence: number;
  large?: boolean;
}) {
  const { t, i18n } = useTranslation();
  return (
    <ToneBadge tone={verdictTone[verdict]} icon={verdictIcons[verdict]} {...(large ? { large } : {})}>
      {t(`verdict.${verdict}`)} <b>{formatProbability(confidence, i18n.language)}</b>
    </ToneBadge>
  );
}

const progressIcons: Record<Progress, TablerIcon> = {
  waiting: IconClockPause,
  queued: IconCircleDashed,
  running: IconLoader2,
  done: IconCircleCheck,
  failed: IconX,
};

/** Where the diagnosis stands. */
export function ProgressBadge({ progress }: { progress: Progress }) {
  const { t } = useTranslation();
  return (
    <ToneBadge tone={progress === "failed" ? "bad" : "plain"} icon={progressIcons[progress]}>
      {t(`progress.${progress}`)}
    </ToneBadge>
  );
}

/** The verdict of an incident, or where its diagnosis stands while there is none. */
export function OutcomeBadge({ incident }: { incident: Incident }) {
  const h = incident.headline;
  if (incident.progress === "done" && h && h.verdict !== "")
    return <VerdictBadge verdict={h.verdict} confidence={h.confidence} />;
  return <ProgressBadge progress={incident.progress} />;
}
