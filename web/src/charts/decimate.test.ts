import { expect, test } from "vitest";
import { decimate, within } from "./decimate";

const line = (n: number, f: (i: number) => number | null) => ({
  times: Array.from({ length: n }, (_, i) => i * 1000),
  values: Array.from({ length: n }, (_, i) => f(i)),
});

test("a short line stays as it is", () => {
  const l = line(5000, (i) => i);
  expect(decimate(l)).toBe(l);
});

test("a spike of one sample among a million is kept, with its time, and so are both ends", () => {
  const l = line(1_000_000, (i) => (i === 654_321 ? 99 : i === 123_456 ? -7 : 1));
  const d = decimate(l);
  expect(d.times.length).toBeLessThanOrEqual(5000);
  expect(d.times.length).toBe(d.values.length);
  expect(d.times[d.values.indexOf(99)]).toBe(654_321_000);
  expect(d.times[d.values.indexOf(-7)]).toBe(123_456_000);
  expect(d.times[0]).toBe(0);
  expect(d.times.at(-1)).toBe(999_999_000);
});

test("times stay in order and none is kept twice", () => {
  const d = decimate(
    line(40_000, (i) => Math.sin(i)),
    1000,
  );
  for (let i = 1; i < d.times.length; i++) expect(d.times[i]).toBeGreaterThan(d.times[i - 1] ?? Infinity);
});

test("a gap stays a gap", () => {
  const d = decimate(
    line(20_000, (i) => (i >= 8000 && i < 9000 ? null : 5)),
    400,
  );
  const gap = d.times.filter((_, i) => d.values[i] === null);
  expect(gap.length).toBeGreaterThan(0);
  expect(Math.min(...gap)).toBeGreaterThanOrEqual(7_900_000);
  expect(Math.max(...gap)).toBeLessThan(9_100_000);
});

test("a cut keeps one neighbour at each side", () => {
  expect(
    within(
      line(10, (i) => i),
      3000,
      5000,
    ).times,
  ).toEqual([2000, 3000, 4000, 5000, 6000]);
  expect(
    within(
      line(10, (i) => i),
      20_000,
      30_000,
    ).times,
  ).toEqual([]);
});
