import { describe, expect, it } from "vitest";
import type { TopologyNode } from "../../lib/types";
import { boxHeight, boxWidth, draw, maxNodes, others } from "./layout";
import { border, route } from "./route";

const node = (i: number, over: Partial<TopologyNode> = {}): TopologyNode => ({
  id: `n${i}`,
  system: "s",
  service: `svc${i % 5}`,
  role: "",
  seen: null,
  open: [],
  severity: "",
  ...over,
});

const edge = (from: string, to: string) => ({ system: "s", from, to, kind: "calls", seen: null, count: 1 });

describe("route", () => {
  it("goes from border to border, past the boxes between, once for both directions", () => {
    const d = draw([node(0), node(5), node(10)], [edge("n0", "n10"), edge("n10", "n0"), edge("n0", "n5")], false);
    const ways = route(d.boxes, d.lines);
    expect(ways.map((w) => [w.from, w.to, w.both])).toEqual([
      ["n0", "n10", true],
      ["n0", "n5", false],
    ]);
    const [x0, , x2] = d.boxes.map((b) => b.x + boxWidth / 2);
    expect(x0).toBe(x2); // one below the other, with n5 between
    expect(ways[0]?.path).not.toContain(`Q${String(x0)}.0 `);
    const [a, b] = d.boxes;
    if (a && b)
      expect(border(a, { x: b.x + boxWidth / 2, y: b.y })).toEqual({ x: a.x + boxWidth / 2, y: a.y + boxHeight });
  });
});

describe("draw", () => {
  it("puts nodes of a service beside each other where calls go downwards", () => {
    const d = draw([node(0), node(5), node(10)], [edge("n0", "n5")], false, true);
    const [a, b, c] = d.boxes;
    expect(a?.y).toBe(b?.y);
    expect(a?.x).toBe(c?.x);
  });

  it("gives every node a place of its own", () => {
    const d = draw([node(0), node(1), node(2)], [edge("n0", "n1"), edge("n1", "n2"), edge("n2", "gone")], false);
    expect(new Set(d.boxes.map((b) => `${b.x},${b.y}`)).size).toBe(3);
    expect(d.lines).toHaveLength(2);
  });

  it("draws services over the limit, with the worst of their incidents", () => {
    const nodes = Array.from({ length: maxNodes + 1 }, (_, i) =>
      node(
        i,
        i === 5 ? { open: ["inc-1"], severity: "critical" } : i === 10 ? { open: ["inc-2"], severity: "info" } : {},
      ),
    );
    const d = draw(nodes, [edge("n0", "n1"), edge("n5", "n6"), edge("n0", "n5")], false);
    expect(d.grouped).toBe(true);
    expect(d.boxes).toHaveLength(5);
    const zero = d.boxes.find((b) => b.id === "svc0");
    expect(zero).toMatchObject({ severity: "critical", open: ["inc-1", "inc-2"], size: 61 });
    expect(d.lines).toEqual([{ from: "svc0", to: "svc1", kind: "calls", count: 2 }]);
  });
  it("draws any number of nodes as so many boxes at most", () => {
    const without = Array.from({ length: 3000 }, (_, i) => ({ ...node(i), service: "" }));
    expect(draw(without, [], false).boxes).toMatchObject([{ id: others, size: 3000 }]);
    const alone = Array.from({ length: 3000 }, (_, i) => ({ ...node(i), service: `s${String(i >> 1)}` }));
    const d = draw(alone, [edge("n0", "n2"), edge("n0", "n2999")], false);
    expect(d.boxes.length).toBe(maxNodes);
    expect(d.boxes.find((b) => b.id === others)?.size).toBe(3000 - 2 * (maxNodes - 1));
    expect(d.lines.length).toBe(2);
  });
});
