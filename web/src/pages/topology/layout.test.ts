import { describe, expect, it } from "vitest";
import type { TopologyNode } from "../../lib/types";
import { draw, maxNodes } from "./layout";

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

describe("draw", () => {
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
});
