// What the page says about a diagnosis, from the diagnosis alone.
import { cutMiddle } from "../../lib/format";
import { began, ms, type Cause, type Diagnosis, type Evidence, type Finding } from "./diagnosis";

/** The part that a node plays. */
export type Part = "culprit" | "suspect" | "victim" | "other";

/** Suspects that are shown whatever their probability, and from which probability further ones are. */
const LEAST_SUSPECTS = 3;
const WORTH_A_LOOK = 0.05;

/** likely are the causes that deserve a look; the rest open on demand. */
export function likely(causes: readonly Cause[]): { first: Cause[]; rest: Cause[] } {
  let n = Math.min(LEAST_SUSPECTS, causes.length);
  while (n < causes.length && (causes[n]?.probability ?? 0) >= WORTH_A_LOOK) n++;
  return { first: causes.slice(0, n), rest: causes.slice(n) };
}

/** partsOf says what part every node plays that plays one. Several causes may be the culprits. */
export function partsOf(d: Diagnosis): Map<string, Part> {
  const parts = new Map<string, Part>();
  if (d.verdict === "healthy") return parts;
  const open = d.verdict === "inconclusive" || d.verdict === "";
  d.causes.forEach((c, i) => {
    if (!open && (i === 0 || c.probability >= 0.5)) parts.set(c.node, "culprit");
    else if (i < LEAST_SUSPECTS && (open || c.probability >= 0.1) && !parts.has(c.node)) parts.set(c.node, "suspect");
  });
  for (const s of d.propagation) if (!parts.has(s.to)) parts.set(s.to, "victim");
  return parts;
}

/** culpritOf is the node that the page is about: that of the first cause; empty where there is none. */
export function culpritOf(d: Diagnosis): string {
  return d.verdict === "healthy" ? "" : (d.causes[0]?.node ?? "");
}

/** leads is how many groups a node leads, from the evidence of the topology; 0: none or not known. */
export function leads(d: Diagnosis, node: string): number {
  for (const e of d.evidence) {
    if (e.kind !== "topology" || e.node !== node) continue;
    const n = e.numbers.find((x) => x.stat === "led");
    if (n && n.value !== null) return n.value;
  }
  return 0;
}

/** Evidence and findings by identifier. */
export interface Index {
  evidence: Map<string, Evidence>;
  findings: Map<string, Finding>;
}

export function indexOf(d: Diagnosis): Index {
  return { evidence: new Map(d.evidence.map((e) => [e.id, e])), findings: new Map(d.findings.map((f) => [f.id, f])) };
}

/** untwin leaves out of citations what reads as one before it does. */
export function untwin(cites: readonly string[], index: Index): string[] {
  const seen = new Set<string>();
  return cites.filter((id) => {
    const e = index.evidence.get(id);
    if (!e) return true;
    const key = JSON.stringify([e.node, e.peer, e.text, e.source.file, e.source.line]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** tip is what a citation says when the pointer rests on it. */
export function tip(id: string, index: Index): string {
  const e = index.evidence.get(id);
  if (e) return `${place(e)}  ${e.text}`;
  const f = index.findings.get(id);
  return f ? `${f.node}  ${f.text}` : id;
}

/** place is where evidence was seen: the node, and the peer where there is one. */
export function place(e: Evidence): string {
  return e.peer === "" ? e.node : `${e.node} → ${e.peer}`;
}

/** short names a node in little room. */
export function short(node: string, max = 22): string {
  return cutMiddle(node, max);
}

/**
 * localTimes puts the user's clock where a text of the service has a time of day in UTC. Only times that
 * are known instants are changed, so that a number that looks like a time stays what it is.
 */
export function localTimes(text: string, instants: readonly number[], clock: (ms: number) => string): string {
  let out = text;
  const done = new Set<string>();
  for (const at of instants) {
    if (!Number.isFinite(at)) continue;
    const utc = new Date(at).toISOString().slice(11, 19);
    if (done.has(utc)) continue;
    done.add(utc);
    const here = clock(at);
    if (here !== utc) out = out.replaceAll(utc, here);
  }
  return out;
}

/** instants are the times that texts of a diagnosis may name. */
export function instants(d: Diagnosis): number[] {
  return [
    ...d.causes.map((c) => ms(c.onset)),
    ...d.evidence.map(began),
    ...d.detection.windows.map((w) => ms(w.from)),
  ].filter(Number.isFinite);
}

/** effects are the strongest pieces of evidence of a cause, told apart by what they are about: what a reader sees first. */
export function effects(d: Diagnosis, index: Index, most: number): Evidence[] {
  const cause = d.causes[0];
  if (!cause) return [];
  const cited = untwin(cause.cites, index)
    .map((id) => index.evidence.get(id))
    .filter((e) => e !== undefined);
  const seen = new Set<string>();
  return cited
    .filter((e) => {
      const key = e.signal || e.name;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    })
    .slice(0, most);
}

/** abnormal counts the nodes that were abnormal in the first window in which anything was, as the reports do. */
export function abnormal(d: Diagnosis): number {
  return d.detection.anomalous ? (d.detection.windows[0]?.nodes.length ?? 0) : 0;
}
