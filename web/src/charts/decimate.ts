/** Points above which a line is thinned before it is drawn. */
export const MOST_POINTS = 5000;

/** A line as two columns of equal length: times in ms, oldest first; null marks a gap. */
export interface Line {
  times: readonly number[];
  values: readonly (number | null)[];
}

/**
 * decimate keeps at most about `most` points of a line: the first, the last, the lowest and the
 * highest of every stretch, and one null of each gap. What stands out stays, so a spike of one
 * sample among a million is still drawn. Lines that are short enough come back as they are.
 *
 * Source: Jugel, Jerzak, Hackenbroich and Markl, "M4: A Visualization-Oriented Time Series Data
 * Aggregation", VLDB 2014. Unlike the paper, stretches hold equally many points, not equal times.
 */
export function decimate(line: Line, most = MOST_POINTS): Line {
  const n = line.times.length;
  if (n <= most || most < 8) return line;
  const stretches = Math.max(1, Math.floor(most / 4));
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (let s = 0; s < stretches; s++) {
    const from = Math.floor((s * n) / stretches);
    const to = Math.floor(((s + 1) * n) / stretches);
    for (const i of telling(line.values, from, to)) {
      times.push(line.times[i] ?? 0);
      values.push(line.values[i] ?? null);
    }
  }
  return { times, values };
}

/** telling gives the places of the points of a stretch that are kept, in order. */
function telling(values: readonly (number | null)[], from: number, to: number): number[] {
  let low = -1;
  let high = -1;
  let gap = -1;
  for (let i = from; i < to; i++) {
    const v = values[i];
    if (v === null || v === undefined) {
      gap = i;
      continue;
    }
    if (low < 0 || v < (values[low] ?? 0)) low = i;
    if (high < 0 || v > (values[high] ?? 0)) high = i;
  }
  const kept = new Set([from, low, high, to - 1]);
  if (gap >= 0 && kept.size < 4) kept.add(gap);
  return [...kept].filter((i) => i >= from && i < to).sort((a, b) => a - b);
}

/** within cuts a line to a span of time, with one neighbour at each side so that it runs to the edge. */
export function within(line: Line, from: number, to: number): Line {
  let a = line.times.findIndex((t) => t >= from);
  if (a < 0) return { times: [], values: [] };
  let b = line.times.length;
  while (b > a && (line.times[b - 1] ?? 0) > to) b--;
  a = Math.max(0, a - 1);
  b = Math.min(line.times.length, b + 1);
  return { times: line.times.slice(a, b), values: line.values.slice(a, b) };
}
