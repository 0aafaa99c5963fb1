// Grouping, scoping and ordering of evidence.
import { began, type Diagnosis, type Evidence, type Template } from "./diagnosis";

/** The tabs of the evidence. Topology and events share one: both say what changed around. */
export const TABS = ["metrics", "logs", "traces", "events", "knowledge"] as const;

export type Tab = (typeof TABS)[number];

/** Whose evidence is shown. */
export const SCOPES = ["culprit", "all", "differs"] as const;

export type Scope = (typeof SCOPES)[number];

export function tabOf(e: Evidence): Tab {
  switch (e.kind) {
    case "metric":
      return "metrics";
    case "log":
      return "logs";
    case "trace":
      return "traces";
    case "knowledge":
      return "knowledge";
    default:
      return "events";
  }
}

/** strength is the score of evidence; 0 where it has none. */
export function strength(e: Evidence): number {
  return e.score ?? 0;
}

/** What evidence differs by between the node and its peers. */
export interface Difference {
  evidence: Evidence;
  /** The strongest of the same kind on a peer; 0: no peer shows it. */
  peers: number;
  /** How much stronger it is on the node: its score over that of the peers, with 1 added to both. */
  ratio: number;
}

/** sameThing tells what evidence is about, apart from where it was seen. */
function sameThing(e: Evidence): string {
  return `${e.kind}|${e.name || e.signal}|${e.direction}`;
}

/**
 * peersOf are the nodes to compare with: those of the same service, or every other node where it is the
 * only one of its service.
 */
export function peersOf(d: Diagnosis, node: string): string[] {
  const service = d.graph.nodes.find((n) => n.id === node)?.service;
  const same = d.graph.nodes.filter((n) => n.id !== node && n.service === service && service !== "").map((n) => n.id);
  return same.length > 0 ? same : d.graph.nodes.filter((n) => n.id !== node).map((n) => n.id);
}

/**
 * whatDiffers gives the evidence of a node that its peers do not show, or show far less: at least twice as
 * strong there, what differs most first.
 */
export function whatDiffers(evidence: readonly Evidence[], node: string, peers: readonly string[]): Difference[] {
  const among = new Set(peers);
  const best = new Map<string, number>();
  for (const e of evidence) {
    if (!among.has(e.node)) continue;
    const key = sameThing(e);
    best.set(key, Math.max(best.get(key) ?? 0, strength(e)));
  }
  return evidence
    .filter((e) => e.node === node)
    .map((e) => {
      const there = best.get(sameThing(e)) ?? 0;
      return { evidence: e, peers: there, ratio: (strength(e) + 1) / (there + 1) };
    })
    .filter((x) => x.ratio >= 2)
    .sort((a, b) => b.ratio - a.ratio || byStrength(a.evidence, b.evidence));
}

/** byStrength puts the stronger first, and the earlier of equals. */
export function byStrength(a: Evidence, b: Evidence): number {
  return (
    strength(b) - strength(a) || (began(a) || 0) - (began(b) || 0) || a.id.localeCompare(b.id, "en", { numeric: true })
  );
}

/** What the evidence is narrowed to. */
export interface Filter {
  scope: Scope;
  /** The node of the first cause; empty: scopes other than all show everything. */
  culprit: string;
  text: string;
  /** ms; only evidence that began in it, or has no onset. */
  range?: { from: number; to: number } | undefined;
}

/** citedFirst puts what the first cause rests on before the rest, in the order in which it cites. */
export function citedFirst(d: Diagnosis, evidence: readonly Evidence[]): Evidence[] {
  const place = new Map(d.causes[0]?.cites.map((id, i) => [id, i]));
  const of = (e: Evidence) => place.get(e.id) ?? Infinity;
  return evidence.toSorted((a, b) => (of(a) === of(b) ? byStrength(a, b) : of(a) - of(b)));
}

/** chosen narrows and orders evidence: what the first cause rests on, then the stronger first; or what differs most first. */
export function chosen(d: Diagnosis, f: Filter): Evidence[] {
  const rest =
    f.scope === "differs" && f.culprit !== ""
      ? whatDiffers(d.evidence, f.culprit, peersOf(d, f.culprit)).map((x) => x.evidence)
      : citedFirst(
          d,
          d.evidence.filter(
            (e) => f.scope !== "culprit" || f.culprit === "" || e.node === f.culprit || e.peer === f.culprit,
          ),
        );
  const words = f.text.toLowerCase().split(/\s+/).filter(Boolean);
  return rest.filter((e) => inRange(e, f.range) && words.every((w) => haystack(e).includes(w)));
}

function inRange(e: Evidence, range: Filter["range"]): boolean {
  const at = began(e);
  return !range || !Number.isFinite(at) || (at >= range.from && at <= range.to);
}

function haystack(e: Evidence): string {
  return `${e.id} ${e.node} ${e.peer} ${e.signal} ${e.name} ${e.text}`.toLowerCase();
}

/** byTab sorts evidence into the tabs, keeping its order. */
export function byTab(evidence: readonly Evidence[]): Record<Tab, Evidence[]> {
  const out: Record<Tab, Evidence[]> = { metrics: [], logs: [], traces: [], events: [], knowledge: [] };
  for (const e of evidence) out[tabOf(e)].push(e);
  return out;
}

/** How a log template changed. */
export type TemplateChange = "new" | "gone" | "burst" | "fell" | "same";

export function changeOf(t: Template): TemplateChange {
  if (t.window > 0 && t.baseline === 0) return "new";
  if (t.window === 0 && t.baseline > 0) return "gone";
  if (t.window > t.baseline) return "burst";
  return t.window < t.baseline ? "fell" : "same";
}

/** groupTemplates sorts templates by how they changed, each group by how much. */
export function groupTemplates(templates: readonly Template[]): Map<TemplateChange, Template[]> {
  const out = new Map<TemplateChange, Template[]>();
  for (const change of ["new", "burst", "gone", "fell", "same"] as const) {
    const group = templates.filter((t) => changeOf(t) === change);
    if (group.length > 0)
      out.set(
        change,
        group.toSorted((a, b) => Math.abs(b.window - b.baseline) - Math.abs(a.window - a.baseline)),
      );
  }
  return out;
}
