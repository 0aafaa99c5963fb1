import { expect, test } from "vitest";
import { precise } from "../evidence/Traces";
import { suspects } from "./apart";
import { effects, indexOf, leads, likely, localTimes, partsOf, untwin } from "./derive";
import { blank, ms } from "./diagnosis";
import { linkTo, literal } from "./lines";
import { arranged, moved, PANELS, toggled, visible } from "./panels";
import { ev, sample } from "./sample";
import { lanes, leadersAt, leadership, reachOf, type TimelineFile } from "./timeline";

test("several causes may be culprits, and an open verdict has only suspects", () => {
  const cause = (rank: number, node: string, probability: number) => ({
    rank,
    node,
    service: "",
    role: "",
    fault: "f",
    probability,
    onset: null,
    cites: [],
  });
  const causes = [cause(1, "n1", 0.9), cause(2, "n2", 0.6), cause(3, "n3", 0.2), cause(4, "c1", 0.01)];
  expect([...partsOf(sample({ causes, propagation: [] }))]).toEqual([
    ["n1", "culprit"],
    ["n2", "culprit"],
    ["n3", "suspect"],
  ]);
  expect([...partsOf(sample({ causes, verdict: "inconclusive", propagation: [] })).values()]).toEqual([
    "suspect",
    "suspect",
    "suspect",
  ]);
  expect(partsOf(sample({ causes, verdict: "healthy" })).size).toBe(0);
  expect(likely(causes)).toMatchObject({ first: [{ rank: 1 }, { rank: 2 }, { rank: 3 }], rest: [{ rank: 4 }] });
});

test("citations that read alike are one, effects are about different things", () => {
  const d = sample({
    evidence: [
      ev("E1", "n1", { text: "same" }),
      ev("E2", "n1", { text: "same" }),
      ev("E3", "n1", { text: "other", signal: "disk" }),
    ],
  });
  const index = indexOf(d);
  expect(untwin(["E1", "E2", "E3", "F1"], index)).toEqual(["E1", "E3", "F1"]);
  expect(
    effects({ ...d, causes: d.causes.map((c) => ({ ...c, cites: ["E1", "E2", "E3"] })) }, index, 2).map((e) => e.id),
  ).toEqual(["E1", "E3"]);
});

test("the groups that a node leads are read from the evidence", () => {
  const led = { name: "led", value: 7, stat: "led", file: "", column: "", windows: [], arg: "" };
  expect(leads(sample({ evidence: [ev("E1", "n1", { kind: "topology", numbers: [led] })] }), "n1")).toBe(7);
  expect(leads(sample(), "n1")).toBe(0);
});

test("known instants in a text are shown in the user's zone, other numbers stay", () => {
  const at = Date.parse("2026-01-01T10:01:05Z");
  expect(localTimes("from 10:01:05, at 12:00:00", [at, at, NaN], () => "18:01:05")).toBe("from 18:01:05, at 12:00:00");
});

test("a time that is not set is no time", () => {
  expect([ms(null), ms(""), ms("0001-01-01T00:00:00Z")].every(Number.isNaN)).toBe(true);
  expect(precise("2026-01-01T00:00:00.000123456Z") - Date.parse("2026-01-01T00:00:00Z")).toBeCloseTo(0.123, 2);
});

test("suspects keep apart what speaks for them alone", () => {
  const cause = (node: string, cites: string[]) => ({
    rank: 1,
    node,
    service: "",
    role: "",
    fault: "f",
    probability: 0.2,
    onset: null,
    cites,
  });
  const d = sample({
    evidence: [ev("E1", "n1"), ev("E2", "n1", { text: "b" }), ev("E3", "n2")],
    causes: [cause("n1", ["E1", "E2"]), cause("n2", ["E2", "E3"])],
  });
  const list = suspects(d, indexOf(d));
  expect(list.map((s) => [s.own.map((e) => e.id), s.shared.map((e) => e.id)])).toEqual([
    [["E1"], ["E2"]],
    [["E3"], ["E2"]],
  ]);
});

test("panels: every one once, in the user's order; hidden ones keep their place", () => {
  expect(arranged(undefined)).toEqual([...PANELS]);
  expect(arranged({ order: ["plan", "gone", "plan"], hidden: [] })).toHaveLength(PANELS.length);
  expect(arranged({ order: ["plan"], hidden: [] })).toContain("why");
  const a = toggled(undefined, "graph", false);
  expect(visible(a)).not.toContain("graph");
  expect(visible(moved(a, "why", 1)).slice(0, 2)).toEqual(["causes", "why"]);
  expect(visible(moved(a, "why", -1))).toEqual(visible(a));
  expect(visible(toggled(a, "graph", true))).toEqual([...PANELS]);
});

test("a link leads to a tool only where an address of the web is configured", () => {
  expect(linkTo("grafana", "javascript:alert(1)", "q", 1, 2)).toBe("");
  expect(linkTo("grafana", undefined, "q", 1, 2)).toBe("");
  expect(linkTo("grafana", "https://g.example.org/x/", 'up{a="b"}', 1, 2)).toContain(
    "https://g.example.org/x/explore?",
  );
  expect(linkTo("kibana", "https://k.example.org", "it's", 0, 1)).toContain("it!'s");
});

test("what to search for is the longest piece that every line holds", () => {
  expect(literal("<*>-><*>: Timed out HEARTBEAT, errorCount=<*>")).toBe(": Timed out HEARTBEAT, errorCount=");
});

const words = {
  leads: (g: readonly string[]) => `leads ${g.join()}`,
  gained: (g: readonly string[]) => `+${g.join()}`,
  lost: (g: readonly string[]) => `-${g.join()}`,
};
const role = (at: string, until: string | null, group: string) => ({
  kind: "role" as const,
  at,
  until,
  text: "",
  role: "leader",
  group,
});
const file: TimelineFile = {
  window: { from: "2026-01-01T00:01:00Z", to: "2026-01-01T00:05:00Z" },
  baseline: { from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:01:00Z" },
  lanes: [
    { node: "n1", service: "", role: "", items: [role("2026-01-01T00:00:00Z", "2026-01-01T00:03:00Z", "g1")] },
    {
      node: "n2",
      service: "",
      role: "",
      items: [role("2026-01-01T00:00:00Z", null, "g2"), role("2026-01-01T00:03:00Z", null, "g1")],
    },
  ],
};

test("leadership is bars, and marks where it moved", () => {
  const end = Date.parse("2026-01-01T00:05:00Z");
  expect(leadership(file.lanes[0]?.items ?? [], end, words).map((i) => i.text)).toEqual(["leads g1", "-g1"]);
  expect(leadership(file.lanes[1]?.items ?? [], end, words).map((i) => i.text)).toEqual([
    "leads g2",
    "leads g2,g1",
    "+g1",
  ]);
});

test("who leads at a moment", () => {
  expect(leadersAt(file, Date.parse("2026-01-01T00:02:00Z"))).toEqual(
    new Map([
      ["n1", 1],
      ["n2", 1],
    ]),
  );
  expect(leadersAt(file, Date.parse("2026-01-01T00:05:00Z"))).toEqual(new Map([["n2", 2]]));
  // A term that ends with the window was cut by it: its leader still leads at the end.
  const lane = {
    node: "n3",
    service: "",
    role: "",
    items: [role("2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z", "g3")],
  };
  expect(leadersAt({ ...file, lanes: [lane] }, Date.parse("2026-01-01T00:05:00Z"))).toEqual(new Map([["n3", 1]]));
  expect(leadersAt({ ...file, lanes: [] }, 0)).toBeNull();
});

test("the culprit's lane comes first, then by onset; the reach covers baseline and window", () => {
  const at = (m: number) => ({ from: null, to: `2026-01-01T00:0${String(m)}:00Z` });
  const d = sample({
    evidence: [ev("E1", "n3", { onset: at(2) }), ev("E2", "n1", { onset: at(3) }), ev("E3", "n2", { onset: at(1) })],
  });
  const list = lanes(d, undefined, partsOf(d), words);
  expect(list.map((l) => l.id)).toEqual(["n1", "n2", "n3"]);
  expect(reachOf(d, file, list)).toEqual({
    from: Date.parse("2026-01-01T00:00:00Z"),
    to: Date.parse("2026-01-01T00:05:00Z"),
  });
  expect(reachOf(blank("x"), undefined, [])).toBeUndefined();
});
