import type { Time } from "../../lib/types";

export interface Evaluation {
  id: string;
  name: string;
  set: string;
  at: Time | null;
  state: "running" | "done" | "failed";
  /** Cases that are done while it runs, of how many. */
  done: number;
  total: number;
  engine: string;
  cases: number;
  sets: string[];
  scores: Record<string, number>;
  error: string;
}

export interface Figure {
  key: string;
  name: string;
  /** Empty: a share of 1. */
  unit?: string;
  n: number;
  value: number | null;
  low: number | null;
  high: number | null;
}

export interface Group {
  name: string;
  system: string;
  cases: number;
  faulty: number;
  healthy: number;
  failed: number;
  figures: Figure[];
}

export interface EvalCase {
  set: string;
  case: string;
  truth: string;
  answer: string;
  verdict: string;
  confidence: number;
  right: boolean;
  error: string;
  wall_ms: number;
}

export interface Bin {
  from: number;
  to: number;
  n: number;
  mean_confidence: number;
  accuracy: number;
}

export interface EvaluationDetail extends Omit<Evaluation, "cases"> {
  groups: Group[];
  confusion: { labels: string[]; rows: number[][] };
  cases: EvalCase[];
  calibration: Bin[];
}

export interface Delta {
  set: string;
  key: string;
  name: string;
  unit?: string;
  before: number | null;
  after: number | null;
}

export interface Comparison {
  before: string;
  after: string;
  cases: number;
  better: number;
  worse: number;
  scores: Delta[];
  changes: { set: string; case: string; truth: string; before: string; after: string; better: boolean }[];
}

/** The figures that a list of evaluations shows, in order. */
export const mainScores = ["strict_macro_f1", "node_ac1", "type_macro_f1", "detect_f1", "ece"];

/** Of these less is better. */
export const lessIsBetter = new Set([
  "false_alarms",
  "ece",
  "brier",
  "wall_ms",
  "cpu_ms",
  "peak_mb",
  "model_calls",
  "tokens",
  "usd",
]);
