import { expect, test } from "vitest";
import { curve, HEIGHT, place, WIDTH } from "../graph/layout";
import { partsOf } from "./derive";
import { picture, stateAt } from "./graph";
import { sample } from "./sample";

test("every node is drawn, edges of several kinds are one, the way is in order of onset", () => {
  const d = sample();
  const p = picture(d, partsOf(d));
  expect(p.grouped).toBe(false);
  expect(p.vertices.map((v) => [v.id, v.part])).toEqual([
    ["n1", "culprit"],
    ["n2", "victim"],
    ["n3", "other"],
    ["c1", "victim"],
  ]);
  expect(p.links.find((l) => l.id === "n1→n2")).toMatchObject({ kinds: ["call", "replication"], count: 10 });
  expect(p.hops.map((h) => [h.order, h.to])).toEqual([
    [1, "n2"],
    [2, "c1"],
  ]);
});

test("too many nodes are grouped by service, and the worst part counts", () => {
  const d = sample();
  const p = picture(d, partsOf(d), 3);
  expect(p.grouped).toBe(true);
  expect(p.vertices).toMatchObject([
    { id: "data", count: 3, odd: 1, part: "culprit" },
    { id: "client", count: 1 },
  ]);
  expect(p.links.map((l) => l.id)).toEqual(["client→data"]);
  expect(p.hops.map((h) => h.id)).toEqual(["data⇒client"]);
});

test("nobody plays a part before trouble reached it", () => {
  const d = sample();
  const p = picture(d, partsOf(d));
  const at = (t: string) => Object.fromEntries(stateAt(p, d, Date.parse(t)));
  expect(at("2026-01-01T00:00:30Z")).toMatchObject({ n1: "other", n2: "other", c1: "other" });
  expect(at("2026-01-01T00:02:30Z")).toMatchObject({ n1: "culprit", n2: "victim", c1: "other" });
  expect(at("2026-01-01T00:04:00Z")).toMatchObject({ c1: "victim" });
});

test.each([false, true])("300 nodes have places of their own (upright: %s)", (upright) => {
  const nodes = Array.from({ length: 300 }, (_, i) => ({
    id: `n${String(i)}`,
    service: `s${String(i % 30)}`,
    role: "",
    oddness: 0,
  }));
  const edges = nodes.map((n, i) => ({
    from: n.id,
    to: `n${String((i * 7) % 300)}`,
    kind: "call",
    count: 1,
    oddness: 0,
  }));
  const d = sample({ graph: { nodes, edges } });
  const p = picture(d, new Map());
  const places = place(p, upright);
  expect(places.size).toBe(300);
  const list = [...places.values()];
  for (const [i, a] of list.entries()) {
    for (const b of list.slice(i + 1)) {
      const apart = Math.abs(a.x - b.x) >= WIDTH || Math.abs(a.y - b.y) >= HEIGHT;
      if (!apart) expect.fail(`two nodes overlap: ${JSON.stringify([a, b])}`);
    }
  }
  expect(place(p, upright)).toEqual(places);
});

test("callers stand before whom they call", () => {
  const d = sample();
  const places = place(picture(d, new Map()), false);
  expect(places.get("c1")?.x).toBeLessThan(places.get("n1")?.x ?? 0);
});

test("a curve runs between facing sides", () => {
  expect(curve({ x: 0, y: 0 }, { x: 400, y: 100 }, false).path).toMatch(/^M168\.0 27\.0 C.* 400\.0 127\.0$/);
  expect(curve({ x: 0, y: 0 }, { x: 0, y: 300 }, true).path).toMatch(/^M84\.0 54\.0 C.* 84\.0 300\.0$/);
});
