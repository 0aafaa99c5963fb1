// The fold of the events of a diagnosis into what the page shows. It is pure: the same events give the
// same view, whatever the connection did in between.
import type { Incident, Progress, Time } from "../../lib/types";
import { blank, type Cause, type Diagnosis, type Spread } from "./diagnosis";

/** Stages of the pipeline, in order. */
export const STAGES = ["collect", "map", "examine", "judge", "decide"] as const;

export type Stage = (typeof STAGES)[number];

export interface StageState {
  stage: Stage;
  state: "todo" | "doing" | "done";
  started: number;
  ended: number;
}

export interface AgentState {
  agent: string;
  nodes: string[];
  why: string;
  stage: string;
  done: boolean;
  took_ms: number;
  evidence: number;
  findings: number;
  failed: string;
  /** Its strongest findings, as they came. */
  found: { id: string; node: string; text: string; strength: number }[];
}

/** A worded line of the progress. */
export interface Line {
  n: number;
  at: number;
  stage: string;
  text: string;
}

/** What is known of a diagnosis from its events. */
export interface Live {
  attempt: number;
  /** Number of the last event; events at or below it are repetitions. */
  last: number;
  progress: Progress | "";
  /** Diagnoses ahead of this one; -1: not in the queue. */
  position: number;
  version: number;
  stages: StageState[];
  agents: AgentState[];
  /** The newest last; the oldest are dropped after MOST_LINES. */
  lines: Line[];
  diagnosis: Diagnosis;
  closed: boolean;
}

/** Lines of progress that are kept. */
export const MOST_LINES = 400;

export interface StepEvent {
  attempt: number;
  n: number;
  at: Time;
  stage: string;
  kind: string;
  text: string;
  data: unknown;
}

export interface StateEvent {
  progress: Progress;
  attempt: number;
  position: number;
  version: number;
}

export type LiveEvent =
  | { event: "step"; data: StepEvent }
  | { event: "state"; data: StateEvent }
  | { event: "reset"; data: { attempt: number } }
  | { event: "incident"; data: Incident };

/** begin is the view before the first event of an attempt. */
export function begin(incident: string, attempt = 0): Live {
  return {
    attempt,
    last: 0,
    progress: "",
    position: -1,
    version: 0,
    stages: STAGES.map((stage) => ({ stage, state: "todo", started: NaN, ended: NaN })),
    agents: [],
    lines: [],
    diagnosis: blank(incident),
    closed: false,
  };
}

/** fold adds one event. A new attempt drops what the one before found; repeated and late events change nothing. */
export function fold(live: Live, e: LiveEvent): Live {
  switch (e.event) {
    case "reset":
      return e.data.attempt < live.attempt
        ? live
        : { ...begin(live.diagnosis.incident, e.data.attempt), progress: live.progress, version: live.version };
    case "state": {
      const now = e.data.attempt > live.attempt ? begin(live.diagnosis.incident, e.data.attempt) : live;
      if (e.data.attempt < live.attempt) return live;
      const { progress, position, version } = e.data;
      return { ...now, progress, position: progress === "queued" || progress === "waiting" ? position : -1, version };
    }
    case "incident":
      return e.data.version > live.version ? { ...live, version: e.data.version, progress: e.data.progress } : live;
    case "step":
      return step(live, e.data);
  }
}

/** foldAll adds events in order. */
export function foldAll(live: Live, events: readonly LiveEvent[]): Live {
  return events.reduce(fold, live);
}

function step(before: Live, s: StepEvent): Live {
  if (s.attempt < before.attempt) return before;
  const live =
    s.attempt > before.attempt
      ? { ...begin(before.diagnosis.incident, s.attempt), progress: before.progress, version: before.version }
      : before;
  if (s.n <= live.last) return live;
  const at = Date.parse(s.at);
  const lines =
    s.text === "" ? live.lines : [...live.lines.slice(1 - MOST_LINES), { n: s.n, at, stage: s.stage, text: s.text }];
  return {
    ...live,
    last: s.n,
    lines,
    stages: stages(live.stages, s, at),
    agents: agents(live.agents, s),
    diagnosis: filled(live.diagnosis, s),
    closed: live.closed || s.kind === "closed",
  };
}

function stages(now: StageState[], s: StepEvent, at: number): StageState[] {
  const name = (s.data as { stage?: string } | null)?.stage ?? s.stage;
  if (s.kind === "stage_started") return now.map((x) => (x.stage === name ? { ...x, state: "doing", started: at } : x));
  if (s.kind === "stage_ended") return now.map((x) => (x.stage === name ? { ...x, state: "done", ended: at } : x));
  if (s.kind === "closed") return now.map((x) => (x.state === "doing" ? { ...x, state: "done", ended: at } : x));
  return now;
}

function agents(now: AgentState[], s: StepEvent): AgentState[] {
  const d = s.data as Record<string, unknown> | null;
  const agent = typeof d?.agent === "string" ? d.agent : "";
  if (agent === "") return now;
  const have = now.some((a) => a.agent === agent);
  const fresh: AgentState = {
    agent,
    nodes: [],
    why: "",
    stage: s.stage,
    done: false,
    took_ms: 0,
    evidence: 0,
    findings: 0,
    failed: "",
    found: [],
  };
  const list = have ? now : [...now, fresh];
  const change = (patch: (a: AgentState) => Partial<AgentState>) =>
    list.map((a) => (a.agent === agent ? { ...a, ...patch(a) } : a));
  switch (s.kind) {
    case "agent":
      return change(() => ({ nodes: (d?.nodes as string[] | undefined) ?? [], why: String(d?.why ?? "") }));
    case "agent_ended":
      return change(() => ({
        done: true,
        took_ms: Number(d?.took_ms ?? 0),
        evidence: Number(d?.evidence ?? 0),
        findings: Number(d?.findings ?? 0),
        failed: String(d?.failed ?? ""),
      }));
    case "finding": {
      const f = {
        id: String(d?.id),
        node: String(d?.node ?? ""),
        text: String(d?.text ?? ""),
        strength: Number(d?.strength ?? 0),
      };
      return change((a) => ({
        findings: Math.max(a.findings, a.found.length + 1),
        found: [...a.found, f].sort((x, y) => y.strength - x.strength),
      }));
    }
    default:
      return now;
  }
}

/** Lists of the diagnosis that an event adds one element to. */
const lists: Record<
  string,
  "evidence" | "charts" | "templates" | "findings" | "rejected" | "reasoning" | "reductions" | "missing"
> = {
  evidence: "evidence",
  chart: "charts",
  template: "templates",
  finding: "findings",
  rejected: "rejected",
  reasoned: "reasoning",
  reduced: "reductions",
  lacked: "missing",
};

function filled(d: Diagnosis, s: StepEvent): Diagnosis {
  const list = lists[s.kind];
  if (list) return { ...d, [list]: [...d[list], s.data] };
  switch (s.kind) {
    case "opened": {
      const { engine, subject } = s.data as Pick<Diagnosis, "engine" | "subject">;
      return { ...d, engine, subject };
    }
    case "graph":
      return { ...d, graph: s.data as Diagnosis["graph"] };
    case "detected":
      return { ...d, detection: s.data as Diagnosis["detection"] };
    case "cause":
      return { ...d, causes: [...d.causes, s.data as Cause].sort((a, b) => a.rank - b.rank) };
    case "spread":
      return { ...d, propagation: [...d.propagation, s.data as Spread] };
    case "planned":
      return { ...d, plan: s.data as Diagnosis["plan"] };
    case "concluded":
      return { ...d, ...(s.data as Pick<Diagnosis, "verdict" | "confidence" | "summary">) };
    case "closed":
      return { ...d, cost: s.data as Diagnosis["cost"] };
    default:
      return d; // an event that this version does not know
  }
}
