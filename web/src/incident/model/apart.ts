// What would tell the first suspects of an inconclusive diagnosis apart.
import { untwin, type Index } from "./derive";
import type { Cause, Diagnosis, Evidence } from "./diagnosis";

/** A suspect with what speaks for it alone, and what it shares with the others. */
export interface Suspect {
  cause: Cause;
  own: Evidence[];
  shared: Evidence[];
  /** Evidence that was cited when it was ruled out or weighed against it. */
  because: string;
}

/** suspects sets the first causes side by side. */
export function suspects(d: Diagnosis, index: Index, most = 3): Suspect[] {
  const first = d.causes.slice(0, most);
  return first.map((cause) => {
    const others = new Set(first.filter((c) => c !== cause).flatMap((c) => c.cites));
    const cited = untwin(cause.cites, index)
      .map((id) => index.evidence.get(id))
      .filter((e) => e !== undefined);
    const against = d.rejected.find((r) => r.node === cause.node && r.fault === cause.fault);
    return {
      cause,
      own: cited.filter((e) => !others.has(e.id)),
      shared: cited.filter((e) => others.has(e.id)),
      because: against?.because ?? "",
    };
  });
}

/** gathering are the steps of the plan that change nothing and gather what is missing. */
export function gathering(d: Diagnosis): { text: string; verify: string }[] {
  return (d.plan?.steps ?? [])
    .filter((s) => s.action === "observe" || "gather" in s.params)
    .map((s) => ({ text: s.text, verify: s.verify.text }));
}
