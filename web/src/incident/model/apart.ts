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

/**
 * leadOf is the sentence that the steps which only gather begin with: said once, it need not be said again.
 * Empty: there is none.
 */
export function leadOf(d: Diagnosis): string {
  const texts = (d.plan?.steps ?? []).filter((s) => s.action === "observe").map((s) => s.text);
  const first = /^[^。]+?(?:。|\.(?=\s+\p{Lu}))/u.exec(texts[0] ?? "")?.[0] ?? "";
  if (first === "" || !texts.every((x) => x.startsWith(first))) return "";
  return texts.length > 1 || d.verdict === "inconclusive" ? first : "";
}

/** withoutLead is a text without the sentence that was said before. */
export function withoutLead(text: string, lead: string): string {
  return lead !== "" && text.startsWith(lead) && text.length > lead.length ? text.slice(lead.length).trimStart() : text;
}

/** gathering are the steps of the plan that change nothing and gather what is missing. */
export function gathering(d: Diagnosis): { text: string; verify: string }[] {
  const lead = leadOf(d);
  return (d.plan?.steps ?? [])
    .filter((s) => s.action === "observe" || "gather" in s.params)
    .map((s) => ({ text: withoutLead(s.text, lead), verify: s.verify.text }));
}
