import type { Severity, Verdict } from "./types";
import type { Tone } from "./theme";

/** The status colour of a severity. */
export const severityTone: Record<Severity, Tone> = { info: "note", warning: "warn", major: "warn", critical: "bad" };

/** The status colour of a verdict. */
export const verdictTone: Record<Verdict, Tone> = {
  confirmed: "bad",
  likely: "warn",
  inconclusive: "note",
  healthy: "good",
};

/** How bad a severity is; larger is worse. */
export const severityRank: Record<Severity, number> = { info: 1, warning: 2, major: 3, critical: 4 };
