// What the call graph shows, before anything is placed.
import type { Part } from "./derive";
import { ms, type Diagnosis, type GraphEdge, type GraphNode } from "./diagnosis";

/** Nodes above which the graph is grouped by service. */
export const MOST_NODES = 300;

/** A node of the picture: one node of the system, or all of a service. */
export interface Vertex {
  id: string;
  label: string;
  service: string;
  role: string;
  oddness: number;
  part: Part;
  /** How many nodes it stands for. */
  count: number;
  /** How many of them are odd. */
  odd: number;
}

/** An edge of the picture; edges of several kinds between the same two nodes are one. */
export interface Link {
  id: string;
  from: string;
  to: string;
  kinds: string[];
  count: number;
  oddness: number;
}

/** A step of the way that trouble took. */
export interface Hop {
  id: string;
  /** From 1, in the order of onset. */
  order: number;
  from: string;
  to: string;
  at: number;
  cites: string[];
}

export interface Picture {
  grouped: boolean;
  vertices: Vertex[];
  links: Link[];
  hops: Hop[];
}

const rank: Record<Part, number> = { other: 0, victim: 1, suspect: 2, culprit: 3 };

/** Oddness from which a node or an edge counts as odd. */
export const ODD = 0.5;

/** picture gives what is drawn: every node up to `most`, beyond that every service, with the way that trouble took. */
export function picture(d: Diagnosis, parts: ReadonlyMap<string, Part>, most = MOST_NODES): Picture {
  const grouped = d.graph.nodes.length > most;
  const name = new Map(d.graph.nodes.map((n) => [n.id, grouped ? n.service || n.id : n.id]));
  const vertices = grouped
    ? services(d.graph.nodes, parts)
    : d.graph.nodes.map((n) => single(n, parts.get(n.id) ?? "other"));
  return { grouped, vertices, links: links(d.graph.edges, name), hops: hops(d, name) };
}

function single(n: GraphNode, part: Part): Vertex {
  const oddness = n.oddness ?? 0;
  return {
    id: n.id,
    label: n.id,
    service: n.service,
    role: n.role,
    oddness,
    part,
    count: 1,
    odd: oddness >= ODD ? 1 : 0,
  };
}

function services(nodes: readonly GraphNode[], parts: ReadonlyMap<string, Part>): Vertex[] {
  const out = new Map<string, Vertex>();
  for (const n of nodes) {
    const id = n.service || n.id;
    const one = single(n, parts.get(n.id) ?? "other");
    const all = out.get(id);
    if (!all) out.set(id, { ...one, id, label: id, role: "" });
    else {
      all.count++;
      all.odd += one.odd;
      all.oddness = Math.max(all.oddness, one.oddness);
      if (rank[one.part] > rank[all.part]) all.part = one.part;
    }
  }
  return [...out.values()];
}

function links(edges: readonly GraphEdge[], name: ReadonlyMap<string, string>): Link[] {
  const out = new Map<string, Link>();
  for (const e of edges) {
    const from = name.get(e.from);
    const to = name.get(e.to);
    if (from === undefined || to === undefined || from === to) continue;
    const id = `${from}→${to}`;
    const link = out.get(id) ?? { id, from, to, kinds: [], count: 0, oddness: 0 };
    if (!link.kinds.includes(e.kind)) link.kinds.push(e.kind);
    link.count += e.count;
    link.oddness = Math.max(link.oddness, e.oddness ?? 0);
    out.set(id, link);
  }
  return [...out.values()];
}

function hops(d: Diagnosis, name: ReadonlyMap<string, string>): Hop[] {
  const seen = new Set<string>();
  const out: Hop[] = [];
  for (const s of d.propagation.toSorted((a, b) => (ms(a.at) || 0) - (ms(b.at) || 0))) {
    const from = name.get(s.from) ?? s.from;
    const to = name.get(s.to) ?? s.to;
    const id = `${from}⇒${to}`;
    if (from === to || seen.has(id)) continue;
    seen.add(id);
    out.push({ id, order: out.length + 1, from, to, at: ms(s.at), cites: s.cites });
  }
  return out;
}

/** stateAt is the part that each node plays at a moment: nobody is a victim before trouble reached it. */
export function stateAt(p: Picture, d: Diagnosis, at: number): Map<string, Part> {
  const reached = new Map(p.hops.map((h) => [h.to, h.at]));
  const onset = new Map(d.causes.map((c) => [c.node, ms(c.onset)]));
  return new Map(
    p.vertices.map((v) => {
      const since = v.part === "victim" ? reached.get(v.id) : onset.get(v.id);
      return [v.id, since !== undefined && Number.isFinite(since) && since > at ? "other" : v.part];
    }),
  );
}
