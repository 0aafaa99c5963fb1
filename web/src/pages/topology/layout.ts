import dagre from "@dagrejs/dagre";
import { severityRank } from "../../lib/tones";
import type { Severity, TopologyEdge, TopologyNode } from "../../lib/types";

/** Over so many nodes the graph is drawn by service. */
export const maxNodes = 300;

export const boxWidth = 190;
export const boxHeight = 58;

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

/** Lays the graph out from left to right; over maxNodes nodes, or where asked, one box stands for a service. */
export function draw(nodes: TopologyNode[], edges: TopologyEdge[], byService: boolean): Drawing {
  const grouped = byService || nodes.length > maxNodes;
  const place = new Map(nodes.map((n) => [n.id, grouped ? n.service || n.id : n.id]));
  const boxes = gather(nodes, place);
  const lines = join(edges, place);
  const g = new dagre.graphlib.Graph();
  g.setGraph({ rankdir: "LR", nodesep: 22, ranksep: 90, marginx: 20, marginy: 20 });
  g.setDefaultEdgeLabel(() => ({}));
  for (const b of boxes.values()) g.setNode(b.id, { width: boxWidth, height: boxHeight });
  for (const l of lines) if (l.from !== l.to) g.setEdge(l.from, l.to);
  dagre.layout(g);
  for (const b of boxes.values()) {
    const at = g.node(b.id) as { x: number; y: number };
    b.x = at.x - boxWidth / 2;
    b.y = at.y - boxHeight / 2;
  }
  return { boxes: [...boxes.values()], lines, grouped };
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
