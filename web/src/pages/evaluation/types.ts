import type { components } from "../../lib/schema";

type Schemas = components["schemas"];

export type Evaluation = Schemas["Evaluation"];
export type Group = Schemas["EvalGroup"];
export type Figure = Schemas["Figure"];

/** One case with its answer. */
export interface EvalCase {
  set: string;
  case: string;
  /** As "node: fault"; empty: healthy. */
  truth: string;
  /** The first cause; empty: none. */
  answer: string;
  verdict: string;
  confidence: number;
  right: boolean;
  error: string;
  wall_ms: number;
}

/** Where a list counts cases, an evaluation itself holds them. */
export type EvaluationDetail = Omit<Schemas["EvaluationOutBody"], "cases"> & { cases: EvalCase[] };

export type Delta = Schemas["Delta"];
export type Comparison = Schemas["EvalComparison"];

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
