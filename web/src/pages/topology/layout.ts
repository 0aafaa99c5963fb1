import dagre from "@dagrejs/dagre";
import { severityRank } from "../../lib/tones";
import type { Severity, TopologyEdge, TopologyNode } from "../../lib/types";

/** Over so many nodes the graph is drawn by service. */
export const maxNodes = 300;

export const boxWidth = 200;
export const boxHeight = 72;

/** A box of the drawing: one node, or all nodes of a service. */
export interface Box {
  id: string;
  service: string;
  role: string;
  /** How many nodes stand for it; 1: itself. */
  size: number;
  open: string[];
  severity: Severity | "";
  x: number;
  y: number;
}

export interface Line {
  from: string;
  to: string;
  kind: string;
  count: number;
}

export interface Drawing {
  boxes: Box[];
  lines: Line[];
  grouped: boolean;
}

const gap = 40;

/** Most boxes of a service below each other; more go into further columns. */
const column = 10;

/** Boxes beside each other on a narrow screen, where one below the other would read as a chain. */
const abreast = 2;

/**
 * Lays the graph out by service: the services as their calls say, from left to
 * right or from top to bottom, and the nodes of each service together. Over
 * maxNodes nodes, or where asked, one box stands for a service.
 */
export function draw(nodes: TopologyNode[], edges: TopologyEdge[], byService: boolean, downwards = false): Drawing {
  const grouped = byService || nodes.length > maxNodes;
  const place = new Map(nodes.map((n) => [n.id, n.id]));
  if (grouped) group(nodes, place);
  const boxes = [...gather(nodes, place).values()];
  const lines = join(edges, place);
  const services = new Map<string, Box[]>();
  for (const b of boxes) services.set(b.service || b.id, [...(services.get(b.service || b.id) ?? []), b]);
  const of = new Map(boxes.map((b) => [b.id, b.service || b.id]));
  const g = new dagre.graphlib.Graph();
  g.setGraph({
    rankdir: downwards ? "TB" : "LR",
    nodesep: 30,
    ranksep: downwards ? 60 : 110,
    marginx: 20,
    marginy: 20,
  });
  g.setDefaultEdgeLabel(() => ({}));
  for (const [name, members] of services) g.setNode(name, extent(members.length, downwards));
  for (const l of lines) {
    const [from, to] = [of.get(l.from), of.get(l.to)];
    if (from !== undefined && to !== undefined && from !== to) g.setEdge(from, to);
  }
  dagre.layout(g);
  for (const [name, members] of services) {
    const at = g.node(name) as { x: number; y: number; width: number; height: number };
    members.sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
    members.forEach((b, i) => {
      const [c, r] = cell(i, downwards);
      b.x = at.x - at.width / 2 + c * (boxWidth + gap);
      b.y = at.y - at.height / 2 + r * (boxHeight + gap);
    });
  }
  return { boxes, lines, grouped };
}

/** What stands for the nodes that have no box of their own. */
export const others = "…";

/**
 * Places nodes in boxes by service, maxNodes at most: where there are too many nodes to draw, those of no known
 * service, and those of the services with the fewest nodes, are in one box.
 */
function group(nodes: TopologyNode[], place: Map<string, string>) {
  const many = nodes.length > maxNodes;
  const name = (n: TopologyNode) => n.service || (many ? others : n.id);
  const sizes = new Map<string, number>();
  for (const n of nodes) sizes.set(name(n), (sizes.get(name(n)) ?? 0) + 1);
  const kept = new Set(
    [...sizes]
      .sort((a, b) => b[1] - a[1])
      .slice(0, maxNodes - 1)
      .map(([k]) => k),
  );
  for (const n of nodes) place.set(n.id, kept.has(name(n)) ? name(n) : others);
}

/** Column and row of the box i of a service. */
function cell(i: number, downwards: boolean): [number, number] {
  return downwards ? [i % abreast, Math.floor(i / abreast)] : [Math.floor(i / column), i % column];
}

/** The size of n boxes that stand together. */
function extent(n: number, downwards: boolean): { width: number; height: number } {
  const columns = downwards ? Math.min(n, abreast) : Math.ceil(n / column);
  const rows = downwards ? Math.ceil(n / abreast) : Math.min(n, column);
  return { width: columns * (boxWidth + gap) - gap, height: rows * (boxHeight + gap) - gap };
}

function gather(nodes: TopologyNode[], place: Map<string, string>): Map<string, Box> {
  const boxes = new Map<string, Box>();
  for (const n of nodes) {
    const id = place.get(n.id) ?? n.id;
    const old = boxes.get(id);
    if (!old) {
      boxes.set(id, {
        id,
        service: n.service,
        role: n.role,
        size: 1,
        open: [...n.open],
        severity: n.severity,
        x: 0,
        y: 0,
      });
      continue;
    }
    old.size++;
    old.role = "";
    old.open = [...new Set([...old.open, ...n.open])];
    old.severity = worse(old.severity, n.severity);
  }
  return boxes;
}

function worse(a: Severity | "", b: Severity | ""): Severity | "" {
  const rank = (s: Severity | "") => (s === "" ? 0 : severityRank[s]);
  return rank(a) >= rank(b) ? a : b;
}

function join(edges: TopologyEdge[], place: Map<string, string>): Line[] {
  const lines = new Map<string, Line>();
  for (const e of edges) {
    const from = place.get(e.from);
    const to = place.get(e.to);
    if (from === undefined || to === undefined || from === to) continue;
    const key = `${from}\n${to}\n${e.kind}`;
    const old = lines.get(key);
    if (old) old.count += e.count;
    else lines.set(key, { from, to, kind: e.kind, count: e.count });
  }
  return [...lines.values()];
}
