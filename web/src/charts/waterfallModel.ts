/** One step of a trace. */
export interface Span {
  id: string;
  parent: string;
  node: string;
  service: string;
  name: string;
  kind: string;
  /** ms since 1970; may have a fraction. */
  start: number;
  duration_us: number;
  error: boolean;
  attributes: Record<string, string>;
}

/** A step with its place in the tree. */
export interface Row {
  span: Span;
  depth: number;
  children: number;
  /** Share of the whole trace before it began, and that it took, 0..1. */
  left: number;
  width: number;
  /** Time in which no child ran, in µs. */
  self_us: number;
}

/**
 * waterfall lays a trace out as a tree: callers before callees, each by start. Steps whose parent is
 * not there are roots; a circle of parents is cut at its earliest step. Steps below one in closed are left out.
 */
export function waterfall(spans: readonly Span[], closed: ReadonlySet<string> = new Set()): Row[] {
  if (spans.length === 0) return [];
  const byID = new Map(spans.map((s) => [s.id, s]));
  const below = new Map<string, Span[]>();
  const roots: Span[] = [];
  for (const s of spans) {
    if (s.parent === "" || s.parent === s.id || !byID.has(s.parent)) roots.push(s);
    else below.set(s.parent, [...(below.get(s.parent) ?? []), s]);
  }
  const from = Math.min(...spans.map((s) => s.start));
  const whole = Math.max(1e-6, Math.max(...spans.map((s) => s.start + s.duration_us / 1000)) - from);
  const rows: Row[] = [];
  const seen = new Set<string>();
  const place = (s: Span, depth: number, shown: boolean): void => {
    if (seen.has(s.id)) return;
    seen.add(s.id);
    const children = (below.get(s.id) ?? []).toSorted((a, b) => a.start - b.start);
    if (shown) {
      rows.push({
        span: s,
        depth,
        children: children.length,
        left: (s.start - from) / whole,
        width: s.duration_us / 1000 / whole,
        self_us: selfTime(s, children),
      });
    }
    for (const c of children) place(c, depth + 1, shown && !closed.has(s.id));
  };
  for (const s of roots.toSorted((a, b) => a.start - b.start)) place(s, 0, true);
  for (const s of spans.toSorted((a, b) => a.start - b.start)) place(s, 0, true);
  return rows;
}

/** selfTime is the time of a step in which none of its children ran. */
function selfTime(s: Span, children: readonly Span[]): number {
  const end = s.start * 1000 + s.duration_us;
  let covered = 0;
  let until = s.start * 1000;
  for (const c of children) {
    const a = Math.max(until, c.start * 1000);
    const b = Math.min(end, c.start * 1000 + c.duration_us);
    if (b > a) {
      covered += b - a;
      until = b;
    }
  }
  return Math.max(0, s.duration_us - covered);
}
