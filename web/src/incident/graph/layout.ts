import { Graph, layout as dagre } from "@dagrejs/dagre";
import type { Picture, Vertex } from "../model/graph";

/** Size of a node in the picture. */
export const WIDTH = 168;
export const HEIGHT = 54;

const GAP = 22;

/** Where a node is drawn: its top left corner. */
export interface Place {
  x: number;
  y: number;
}

/**
 * place lays the picture out: services by who calls whom, the nodes of a service together, in order of
 * their names. upright: callers above, for narrow screens; else callers left. Equal pictures give equal places.
 */
export function place(p: Picture, upright: boolean): Map<string, Place> {
  const groups = new Map<string, Vertex[]>();
  for (const v of [...p.vertices].sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }))) {
    const key = p.grouped ? v.id : v.service || v.id;
    groups.set(key, [...(groups.get(key) ?? []), v]);
  }
  const g = new Graph();
  g.setGraph({ rankdir: upright ? "TB" : "LR", ranksep: upright ? 70 : 120, nodesep: 44, edgesep: 10 });
  g.setDefaultEdgeLabel(() => ({}));
  for (const [key, members] of groups) {
    const { columns, rows } = shape(members.length, upright);
    g.setNode(key, { width: columns * (WIDTH + GAP) - GAP, height: rows * (HEIGHT + GAP) - GAP });
  }
  joinGroups(g, p, groups);
  dagre(g);
  const places = new Map<string, Place>();
  for (const [key, members] of groups) {
    const box = g.node(key) as { x: number; y: number; width: number; height: number };
    const { columns } = shape(members.length, upright);
    members.forEach((v, i) => {
      places.set(v.id, {
        x: Math.round(box.x - box.width / 2 + (i % columns) * (WIDTH + GAP)),
        y: Math.round(box.y - box.height / 2 + Math.floor(i / columns) * (HEIGHT + GAP)),
      });
    });
  }
  return places;
}

/** shape is the grid that the nodes of one service fill. */
function shape(n: number, upright: boolean): { columns: number; rows: number } {
  const columns = upright ? Math.min(n, n > 12 ? 4 : 2) : Math.max(1, Math.ceil(n / 8));
  return { columns, rows: Math.ceil(n / columns) };
}

/** joinGroups adds one edge for the calls between two services; of two directions the one with more calls counts. */
function joinGroups(g: Graph, p: Picture, groups: ReadonlyMap<string, readonly Vertex[]>): void {
  const groupOf = new Map([...groups].flatMap(([key, members]) => members.map((v) => [v.id, key] as const)));
  const calls = new Map<string, { from: string; to: string; count: number }>();
  for (const l of p.links) {
    const from = groupOf.get(l.from);
    const to = groupOf.get(l.to);
    if (from === undefined || to === undefined || from === to) continue;
    const key = `${from}→${to}`;
    const sum = calls.get(key) ?? { from, to, count: 0 };
    sum.count += Math.max(1, l.count) * (l.kinds.includes("call") ? 1 : 0.01);
    calls.set(key, sum);
  }
  for (const c of calls.values()) {
    const back = calls.get(`${c.to}→${c.from}`)?.count ?? 0;
    if (back > c.count || (back === c.count && c.to < c.from)) continue;
    g.setEdge(c.from, c.to, { weight: 1 });
  }
}

/** curve is the path between two nodes, and the middle of it for a label. */
export function curve(a: Place, b: Place, upright: boolean): { path: string; x: number; y: number } {
  const [A, B] = upright
    ? [turn(a, HEIGHT, WIDTH), turn(b, HEIGHT, WIDTH)]
    : [turn2(a, WIDTH, HEIGHT), turn2(b, WIDTH, HEIGHT)];
  const say = (u: number, v: number) =>
    upright ? `${v.toFixed(1)} ${u.toFixed(1)}` : `${u.toFixed(1)} ${v.toFixed(1)}`;
  const ya = A.v + A.high / 2;
  const yb = B.v + B.high / 2;
  const same = Math.abs(A.u - B.u) < A.wide / 2;
  const forward = B.u > A.u;
  const xa = same || forward ? A.u + A.wide : A.u;
  const xb = same || !forward ? B.u + B.wide : B.u;
  const out = same ? 22 + Math.min(Math.abs(ya - yb) / 5, 70) : Math.max(30, Math.abs(xb - xa) / 2);
  const ca = same || forward ? xa + out : xa - out;
  const cb = same || !forward ? xb + out : xb - out;
  const mid = { u: (xa + 3 * ca + 3 * cb + xb) / 8, v: (ya + yb) / 2 };
  return {
    path: `M${say(xa, ya)} C${say(ca, ya)} ${say(cb, yb)} ${say(xb, yb)}`,
    ...(upright ? { x: mid.v, y: mid.u } : { x: mid.u, y: mid.v }),
  };
}

// Coordinates along the direction of calls (u) and across it (v).
function turn(p: Place, wide: number, high: number) {
  return { u: p.y, v: p.x, wide, high };
}

function turn2(p: Place, wide: number, high: number) {
  return { u: p.x, v: p.y, wide, high };
}
