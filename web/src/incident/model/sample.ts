// Small diagnoses for tests.
import { blank, type Diagnosis, type Evidence } from "./diagnosis";

/** ev is a piece of evidence with what a test cares about. */
export function ev(id: string, node: string, more: Partial<Evidence> = {}): Evidence {
  return {
    id,
    node,
    kind: "metric",
    signal: "cpu",
    unit: "percent",
    from: null,
    to: null,
    text: id,
    source: { file: "f", line: 1, query: "" },
    peer: "",
    name: "cpu",
    direction: "up",
    shape: "",
    score: 1,
    onset: { from: null, to: null },
    numbers: [],
    ...more,
  };
}

/** sample is a diagnosis of three data nodes and a client; n1 is the culprit and n2 a victim. */
export function sample(more: Partial<Diagnosis> = {}): Diagnosis {
  const node = (id: string, service: string) => ({ id, service, role: "leader", oddness: id === "n1" ? 1 : 0.1 });
  const call = (from: string, to: string, kind = "call") => ({ from, to, kind, count: 5, oddness: 0 });
  return {
    ...blank("x"),
    verdict: "confirmed",
    graph: {
      nodes: [node("n1", "data"), node("n2", "data"), node("n3", "data"), node("c1", "client")],
      edges: [call("c1", "n1"), call("c1", "n2"), call("n1", "n2"), call("n1", "n2", "replication")],
    },
    causes: [
      {
        rank: 1,
        node: "n1",
        service: "data",
        role: "leader",
        fault: "cpu",
        probability: 0.9,
        onset: "2026-01-01T00:01:00Z",
        cites: ["E2"],
      },
    ],
    propagation: [
      { from: "n1", to: "c1", at: "2026-01-01T00:03:00Z", cites: [] },
      { from: "n1", to: "n2", at: "2026-01-01T00:02:00Z", cites: [] },
    ],
    ...more,
  };
}
