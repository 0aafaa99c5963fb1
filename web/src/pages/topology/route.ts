import { boxHeight, boxWidth, type Box, type Line } from "./layout";

/** A line as it is drawn: from border to border, with heads where calls arrive. */
export interface Route {
  from: string;
  to: string;
  kind: string;
  /** Calls go back as well. */
  both: boolean;
  path: string;
}

interface Point {
  x: number;
  y: number;
}

/** How far the middle of a line may be moved aside, in order of preference. */
const bends = [
  0, 25, -25, 50, -50, 75, -75, 100, -100, 130, -130, 160, -160, 200, -200, 250, -250, 300, -300, 360, -360,
];

/** Boxes above which lines are straight: to look for a way around costs too much. */
const crowded = 120;

/** Lines from border to border that pass by the boxes between. Two that differ in direction alone become one. */
export function route(boxes: readonly Box[], lines: readonly Line[]): Route[] {
  const at = new Map(boxes.map((b) => [b.id, b]));
  const all = new Set(lines.map((l) => key(l.from, l.to, l.kind)));
  const out: Route[] = [];
  for (const l of lines) {
    const both = all.has(key(l.to, l.from, l.kind));
    if (both && l.to < l.from) continue;
    const [a, b] = [at.get(l.from), at.get(l.to)];
    if (!a || !b) continue;
    out.push({ from: l.from, to: l.to, kind: l.kind, both, path: path(a, b, boxes) });
  }
  return out;
}

/** How far lines may leave the picture to the left and right. */
const aside = 36;

/** What it costs that the middle of a line lies outside of the picture. */
const outside = (x: number, left: number, right: number) => (x < left || x > right ? 2 : 0);

const key = (from: string, to: string, kind: string) => `${from}\n${to}\n${kind}`;

const middle = (b: Box): Point => ({ x: b.x + boxWidth / 2, y: b.y + boxHeight / 2 });

function path(a: Box, b: Box, boxes: readonly Box[]): string {
  const [from, to] = [middle(a), middle(b)];
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const [nx, ny] = [-(to.y - from.y) / length, (to.x - from.x) / length];
  const left = Math.min(...boxes.map((x) => x.x)) - aside;
  const right = Math.max(...boxes.map((x) => x.x)) + boxWidth + aside;
  const others = boxes.length > crowded ? [] : boxes.filter((x) => x !== a && x !== b);
  let best = { hits: Infinity, d: "" };
  for (const bend of bends) {
    const c = { x: (from.x + to.x) / 2 + nx * bend, y: (from.y + to.y) / 2 + ny * bend };
    const [start, end] = [border(a, c), border(b, c)];
    const hits = crossed(start, c, end, others) + outside((from.x + to.x + 2 * c.x) / 4, left, right);
    if (hits < best.hits) best = { hits, d: `M${say(start)} Q${say(c)} ${say(end)}` };
    if (hits === 0) break;
  }
  return best.d;
}

const say = (p: Point) => `${p.x.toFixed(1)} ${p.y.toFixed(1)}`;

/** Where the way from the middle of a box to a point leaves the box. */
export function border(b: Box, to: Point): Point {
  const m = middle(b);
  const [dx, dy] = [to.x - m.x, to.y - m.y];
  if (dx === 0 && dy === 0) return m;
  const t = Math.min(boxWidth / 2 / Math.abs(dx || 1e-9), boxHeight / 2 / Math.abs(dy || 1e-9));
  return { x: m.x + dx * t, y: m.y + dy * t };
}

/** How many of the points of a curve lie behind boxes. */
function crossed(a: Point, c: Point, b: Point, boxes: readonly Box[]): number {
  const room = 5;
  let hits = 0;
  for (let i = 1; i < 24; i++) {
    const t = i / 24;
    const x = (1 - t) ** 2 * a.x + 2 * t * (1 - t) * c.x + t ** 2 * b.x;
    const y = (1 - t) ** 2 * a.y + 2 * t * (1 - t) * c.y + t ** 2 * b.y;
    for (const o of boxes)
      if (x > o.x - room && x < o.x + boxWidth + room && y > o.y - room && y < o.y + boxHeight + room) hits++;
  }
  return hits;
}
