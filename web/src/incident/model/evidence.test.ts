import { expect, test } from "vitest";
import { byTab, changeOf, chosen, groupTemplates, peersOf, whatDiffers } from "./evidence";
import { ev, sample } from "./sample";
import { bandOf, multiples } from "./series";

const list = [
  ev("E1", "n1", { score: 5, name: "cpu" }),
  ev("E2", "n1", { score: 4, name: "disk" }),
  ev("E3", "n2", { score: 5, name: "cpu" }),
  ev("E4", "n1", { score: 9, name: "net", kind: "trace" }),
  ev("E5", "c1", { score: 50, name: "disk" }),
  ev("E6", "n2", { score: 7, kind: "log", peer: "n1" }),
];
const d = sample({ evidence: list });

test("peers are the nodes of the same service, or all others where there is none", () => {
  expect(peersOf(d, "n1")).toEqual(["n2", "n3"]);
  expect(peersOf(d, "c1")).toEqual(["n1", "n2", "n3"]);
});

test("what differs is what peers do not show, or show far less", () => {
  const found = whatDiffers(list, "n1", peersOf(d, "n1"));
  // cpu moved on n2 as well; disk moved more on the client, which is no peer.
  expect(found.map((x) => x.evidence.id)).toEqual(["E4", "E2"]);
  expect(found[1]).toMatchObject({ peers: 0, ratio: 5 });
});

test("a change in the other direction is not the same", () => {
  const other = [ev("E1", "n1", { direction: "up" }), ev("E2", "n2", { direction: "down" })];
  expect(whatDiffers(other, "n1", ["n2"]).map((x) => x.evidence.id)).toEqual(["E1"]);
});

test("the culprit's evidence is its own and what others say of it, what the cause cites first", () => {
  const ids = chosen(d, { scope: "culprit", culprit: "n1", text: "" }).map((e) => e.id);
  expect(ids).toEqual(["E2", "E4", "E6", "E1"]);
});

test("words narrow, all of them", () => {
  expect(chosen(d, { scope: "all", culprit: "n1", text: "N1 disk" }).map((e) => e.id)).toEqual(["E2"]);
});

test("without a culprit everything is shown", () => {
  expect(chosen(d, { scope: "differs", culprit: "", text: "" })).toHaveLength(list.length);
});

test("tabs hold each piece once", () => {
  const tabs = byTab([...list, ev("E7", "n1", { kind: "topology" }), ev("E8", "n1", { kind: "event" })]);
  expect(Object.values(tabs).map((x) => x.length)).toEqual([4, 1, 1, 2, 0]);
});

test("templates are grouped by how they changed, by how much", () => {
  const t = (window: number, baseline: number) => ({
    node: "n",
    template: `${String(window)}/${String(baseline)}`,
    level: "",
    window,
    baseline,
    evidence: "",
  });
  const groups = groupTemplates([t(3, 0), t(9, 0), t(0, 4), t(8, 2), t(1, 7), t(2, 2)]);
  expect([...groups].map(([k, v]) => [k, v.length])).toEqual([
    ["new", 2],
    ["burst", 1],
    ["gone", 1],
    ["fell", 1],
    ["same", 1],
  ]);
  expect(groups.get("new")?.[0]?.window).toBe(9);
  expect(changeOf(t(0, 0))).toBe("same");
});

test("one chart a series, whatever was told of it", () => {
  const m = multiples([
    ev("E1", "n1"),
    ev("E2", "n1"),
    ev("E3", "n2"),
    ev("E4", "n1", { name: "", source: { file: "", line: 0, query: "" } }),
  ]);
  expect(m.map((x) => [x.evidence.id, x.also])).toEqual([
    ["E1", ["E2"]],
    ["E3", []],
  ]);
});

test("the band is nine tenths of what was before, and needs five values", () => {
  const times = Array.from({ length: 30 }, (_, i) => i);
  expect(
    bandOf(
      times,
      times.map((i) => (i === 7 ? 1000 : i < 20 ? i % 5 : 99)),
      { from: 0, to: 20 },
    ),
  ).toEqual({ low: 0, high: 4 });
  expect(bandOf([0, 1], [1, 2], { from: 0, to: 9 })).toBeNull();
});
