import type { Span } from "./time";

/** What stands on a lane: its kind picks the shape, never the colour alone. */
export type LaneKind = "metric" | "log" | "trace" | "event" | "alert" | "change" | "role" | "action" | "onset";

/** One thing that happened. */
export interface LaneItem {
  at: number;
  /** Where it ended; unset: it is an instant. */
  until?: number | undefined;
  kind: LaneKind;
  text: string;
  /** How strong it is; larger is drawn larger. */
  weight: number;
  /** What a click opens. */
  id?: string | undefined;
}

/** One row of the picture. */
export interface Lane {
  id: string;
  label: string;
  detail: string;
  /** Lanes that matter most are set apart. */
  part: "culprit" | "suspect" | "victim" | "other";
  items: LaneItem[];
}

/** Things of one kind that are too close to be told apart, drawn as one. */
export interface Cluster {
  x: number;
  kind: LaneKind;
  /** Strongest first. */
  items: LaneItem[];
}

/** scale gives the place of an instant in pixels. */
export function scale(span: Span, width: number): (ms: number) => number {
  const length = Math.max(1, span.to - span.from);
  return (ms) => ((ms - span.from) / length) * width;
}

/** clusters joins the instants of a lane that lie within `near` pixels of each other, by kind, from left to right. */
export function clusters(items: readonly LaneItem[], x: (ms: number) => number, near: number): Cluster[] {
  const out: Cluster[] = [];
  const open = new Map<LaneKind, Cluster>();
  for (const item of [...items].sort((a, b) => a.at - b.at)) {
    if (item.until !== undefined) continue;
    const at = x(item.at);
    const last = open.get(item.kind);
    if (last && at - last.x < near) {
      last.items.push(item);
      continue;
    }
    const c: Cluster = { x: at, kind: item.kind, items: [item] };
    open.set(item.kind, c);
    out.push(c);
  }
  for (const c of out) c.items.sort((a, b) => b.weight - a.weight);
  return out;
}

/** radius is the size of a cluster: its strongest item, and a little for how many there are. */
export function radius(c: Cluster): number {
  const strongest = c.items[0]?.weight ?? 0;
  return 3.2 + Math.min(Math.log1p(Math.max(0, strongest)) * 0.55, 4) + Math.min(Math.log2(c.items.length) * 0.4, 1.6);
}
