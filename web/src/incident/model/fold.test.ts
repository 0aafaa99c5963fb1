import { expect, test } from "vitest";
import type { Incident } from "../../lib/types";
import { begin, fold, foldAll, MOST_LINES, type LiveEvent } from "./fold";

const step = (n: number, kind: string, data: unknown, text = "", attempt = 1): LiveEvent => ({
  event: "step",
  data: { attempt, n, at: new Date(1000 * n).toISOString(), stage: "examine", kind, text, data },
});

const run: LiveEvent[] = [
  { event: "state", data: { progress: "running", attempt: 1, position: 0, version: 2 } },
  step(1, "opened", { incident: "x", engine: { name: "builtin", version: "1", model: "" }, subject: { title: "T" } }),
  step(2, "stage_started", { stage: "examine" }),
  step(3, "graph", { nodes: [{ id: "a" }], edges: [] }, "1 node"),
  step(4, "agent", { agent: "data/metric", nodes: ["a"], why: "w" }, "data/metric"),
  step(5, "evidence", { id: "E1", node: "a" }),
  step(6, "chart", { evidence: "E1" }),
  step(7, "finding", { id: "F1", agent: "data/metric", node: "a", text: "weak", strength: 0.2, cites: ["E1"] }),
  step(8, "finding", { id: "F2", agent: "data/metric", node: "a", text: "strong", strength: 0.9, cites: ["E1"] }),
  step(9, "agent_ended", { agent: "data/metric", took_ms: 3, evidence: 1, findings: 2, failed: "" }),
  step(10, "stage_ended", { stage: "examine" }),
  step(11, "cause", { rank: 2, node: "b" }),
  step(12, "cause", { rank: 1, node: "a" }),
  step(13, "planned", { id: "p", steps: [] }),
  step(14, "concluded", { verdict: "likely", confidence: 0.7, summary: "s" }),
  step(15, "closed", { wall_ms: 5 }),
];

test("the fold of all events is the diagnosis", () => {
  const live = foldAll(begin("x"), run);
  const d = live.diagnosis;
  expect(d).toMatchObject({
    verdict: "likely",
    confidence: 0.7,
    summary: "s",
    subject: { title: "T" },
    plan: { id: "p" },
    cost: { wall_ms: 5 },
  });
  expect(d.causes.map((c) => c.node)).toEqual(["a", "b"]);
  expect([d.evidence.length, d.charts.length, d.findings.length, d.graph.nodes.length]).toEqual([1, 1, 2, 1]);
  expect(live.stages.find((s) => s.stage === "examine")).toMatchObject({ state: "done", started: 2000, ended: 10_000 });
  expect(live.agents).toMatchObject([{ agent: "data/metric", done: true, evidence: 1, findings: 2 }]);
  expect(live.agents[0]?.found.map((f) => f.id)).toEqual(["F2", "F1"]);
  expect(live.closed).toBe(true);
});

test("what a resumed stream repeats changes nothing", () => {
  const once = foldAll(begin("x"), run);
  expect(foldAll(once, run.slice(3))).toEqual(once);
});

test("a reset drops what the attempt before found", () => {
  const live = foldAll(begin("x"), [...run, { event: "reset", data: { attempt: 2 } }]);
  expect(live).toMatchObject({ attempt: 2, last: 0, closed: false, version: 2 });
  expect(live.diagnosis.evidence).toEqual([]);
  expect(fold(live, step(99, "evidence", { id: "E9" }, "", 1))).toBe(live);
  expect(fold(live, step(1, "evidence", { id: "E9" }, "", 2)).diagnosis.evidence).toHaveLength(1);
});

test("a step of a later attempt begins afresh where the reset was lost", () => {
  const live = fold(foldAll(begin("x"), run), step(1, "evidence", { id: "E9" }, "", 2));
  expect(live.attempt).toBe(2);
  expect(live.diagnosis.evidence.map((e) => e.id)).toEqual(["E9"]);
});

test("what is late of an earlier attempt changes nothing", () => {
  const live = fold(foldAll(begin("x"), run), step(1, "evidence", { id: "E9" }, "", 2));
  expect(fold(live, { event: "reset", data: { attempt: 1 } })).toBe(live);
  expect(fold(live, { event: "state", data: { progress: "done", attempt: 1, position: 0, version: 9 } })).toBe(live);
});

test("the place in the queue is known only while it waits", () => {
  const queued = fold(begin("x"), {
    event: "state",
    data: { progress: "queued", attempt: 1, position: 3, version: 1 },
  });
  expect(queued.position).toBe(3);
  expect(
    fold(queued, { event: "state", data: { progress: "running", attempt: 1, position: 0, version: 2 } }).position,
  ).toBe(-1);
});

test("an older state of the incident does not replace a newer one", () => {
  const live = foldAll(begin("x"), run);
  const old = { version: 1, progress: "queued" } as Incident;
  expect(fold(live, { event: "incident", data: old })).toBe(live);
});

test("an event that is not known is kept out, lines are bounded", () => {
  let live = begin("x");
  for (let n = 1; n <= MOST_LINES + 50; n++) live = fold(live, step(n, "news", {}, `line ${String(n)}`));
  expect(live.lines).toHaveLength(MOST_LINES);
  expect(live.lines.at(-1)?.text).toBe(`line ${String(MOST_LINES + 50)}`);
});
