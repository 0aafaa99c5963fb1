import type { Time, Verdict } from "../../lib/types";

/** A stretch of time as the diagnosis file has it; null where it is not known. */
export interface Window {
  from: Time | null;
  to: Time | null;
}

export type EvidenceKind = "metric" | "log" | "trace" | "event" | "topology" | "knowledge";

/** A number of an evidence's text, and what it was computed from. value is exact. */
export interface EvidenceNumber {
  name: string;
  value: number | null;
  stat: string;
  file: string;
  column: string;
  windows: Window[];
  arg: string;
}

export interface Evidence {
  id: string;
  kind: EvidenceKind;
  node: string;
  signal: string;
  unit: string;
  from: Time | null;
  to: Time | null;
  text: string;
  source: { file: string; line: number; query: string };
  peer: string;
  name: string;
  direction: string;
  shape: string;
  score: number | null;
  onset: Window;
  numbers: EvidenceNumber[];
}

export interface Cause {
  rank: number;
  node: string;
  service: string;
  role: string;
  fault: string;
  label?: string;
  probability: number;
  onset: Time | null;
  cites: string[];
}

export interface Finding {
  id: string;
  agent: string;
  node: string;
  text: string;
  strength: number;
  cites: string[];
}

export interface Reason {
  step: number;
  text: string;
  cites: string[];
}

export interface Rejected {
  node: string;
  fault: string;
  because: string;
  cites: string[];
}

export interface Spread {
  from: string;
  to: string;
  at: Time | null;
  cites: string[];
}

export interface Check {
  action?: string;
  params?: Record<string, string>;
  signal?: string;
  target?: string;
  within_s?: number;
  text: string;
}

export interface Action {
  action: string;
  target: string;
  params: Record<string, string>;
  risk: string;
  needs_approval: boolean;
  text: string;
  verify: Check;
  undo: Check;
}

export interface GraphNode {
  id: string;
  service: string;
  role: string;
  oddness: number | null;
}

export interface GraphEdge {
  from: string;
  to: string;
  kind: string;
  count: number;
  oddness: number | null;
}

export interface SeriesOfEvidence {
  evidence: string;
  title: string;
  unit: string;
  times: Time[];
  values: (number | null)[];
}

export interface Template {
  node: string;
  template: string;
  level: string;
  window: number;
  baseline: number;
  evidence: string;
}

export interface Reduction {
  stage: string;
  in: number;
  out: number;
  unit: string;
  how: string;
  rest: string;
}

export interface Cost {
  wall_ms: number;
  cpu_ms: number;
  peak_bytes: number;
  model_calls: number;
  prompt_tokens: number;
  completion_tokens: number;
  usd: number | null;
}

export interface Subject {
  title: string;
  system: string;
  window: Window;
  baseline: Window;
  alert: { name: string; node: string; at: Time | null };
}

/** The diagnosis file, version 1. While a diagnosis runs it is filled from its events, and verdict is empty. */
export interface Diagnosis {
  version: number;
  incident: string;
  verdict: Verdict | "";
  confidence: number;
  engine: { name: string; version: string; model: string };
  summary: string;
  detection: {
    anomalous: boolean;
    score: number | null;
    windows: { from: Time; to: Time; nodes: string[]; score: number | null }[];
  };
  causes: Cause[];
  findings: Finding[];
  evidence: Evidence[];
  reasoning: Reason[];
  rejected: Rejected[];
  propagation: Spread[];
  plan: { id: string; steps: Action[] } | null;
  reductions: Reduction[];
  missing: { what: string; why: string }[];
  subject: Subject;
  graph: { nodes: GraphNode[]; edges: GraphEdge[] };
  charts: SeriesOfEvidence[];
  templates: Template[];
  cost: Cost;
}

const nowhere: Window = { from: null, to: null };

/** A diagnosis of which nothing is known yet. */
export function blank(incident: string): Diagnosis {
  return {
    version: 1,
    incident,
    verdict: "",
    confidence: 0,
    engine: { name: "", version: "", model: "" },
    summary: "",
    detection: { anomalous: false, score: null, windows: [] },
    causes: [],
    findings: [],
    evidence: [],
    reasoning: [],
    rejected: [],
    propagation: [],
    plan: null,
    reductions: [],
    missing: [],
    subject: { title: "", system: "", window: nowhere, baseline: nowhere, alert: { name: "", node: "", at: null } },
    graph: { nodes: [], edges: [] },
    charts: [],
    templates: [],
    cost: { wall_ms: 0, cpu_ms: 0, peak_bytes: 0, model_calls: 0, prompt_tokens: 0, completion_tokens: 0, usd: 0 },
  };
}

/** ms turns a time of the wire into milliseconds; NaN where there is none. Go's zero time counts as none. */
export function ms(t: Time | null | undefined): number {
  if (!t) return NaN;
  const at = Date.parse(t);
  return at > -60_000_000_000_000 ? at : NaN;
}

/** spanOf is a window in ms; undefined where an end is missing. */
export function spanOf(w: Window): { from: number; to: number } | undefined {
  const from = ms(w.from);
  const to = ms(w.to);
  return Number.isFinite(from) && Number.isFinite(to) && to > from ? { from, to } : undefined;
}

/** began is when evidence was first seen: the end of the interval in which it began, as texts say. NaN: it has no onset. */
export function began(e: Evidence): number {
  const from = ms(e.onset.from);
  const to = ms(e.onset.to);
  return Number.isFinite(to) && !(to < from) ? to : from;
}
