import { expect, test } from "vitest";
import { bytesAxis } from "./base";
import { clusters, scale, type LaneItem } from "./lanesModel";
import { csv } from "./table";
import { ticks } from "./time";
import { amount, exact, share } from "./units";
import { waterfall, type Span } from "./waterfallModel";

test("amounts read as in the texts of evidence", () => {
  expect(amount(2768.4, "1/s")).toBe("2770/s");
  expect(amount(53037.35, "bytes/s")).toBe("51.8 KiB/s");
  expect(amount(0.06036, "ms")).toBe("60.4 µs");
  expect(amount(25681, "ms")).toBe("25.7 s");
  expect(amount(97, "percent")).toBe("97 %");
  expect(amount(677035, "")).toBe("677035");
  expect(amount(1.5e7, "")).toBe("15M");
  expect(amount(null, "ms")).toBe("–");
  expect(exact(12.0111, "percent")).toBe("12.0111 %");
});

test("only certainty reads as 100 %, only impossibility as 0 %", () => {
  expect([share(0.9996), share(1), share(0.0003), share(0), share(0.205)]).toEqual([
    "99 %",
    "100 %",
    "< 1 %",
    "0 %",
    "21 %",
  ]);
});

test("an axis of bytes has round ends", () => {
  expect(bytesAxis(0, 14.3 * 2 ** 20, "bytes/s")).toEqual({ interval: 5 * 2 ** 20, min: 0, max: 15 * 2 ** 20 });
  expect(bytesAxis(0, 10, "ms")).toBeUndefined();
});

test("ticks are round and no more than asked for", () => {
  const t = ticks({ from: 1_000, to: 121_000 }, 5);
  expect(t.length).toBeLessThanOrEqual(5);
  expect(t.every((x) => x % 30_000 === 0)).toBe(true);
});

test("a cell that a spreadsheet would run is written as text", () => {
  expect(csv({ columns: ["a,b", 'c"'], rows: [["=1+1", "-5"]] })).toBe('"a,b","c"""\r\n\'=1+1,-5\r\n');
});

test("marks that cannot be told apart become one, by kind, strongest first", () => {
  const item = (at: number, kind: LaneItem["kind"], weight: number): LaneItem => ({ at, kind, weight, text: "" });
  const c = clusters(
    [item(100, "metric", 1), item(101, "metric", 9), item(101, "log", 2), item(500, "metric", 3)],
    scale({ from: 0, to: 1000 }, 1000),
    9,
  );
  expect(c.map((x) => [x.kind, x.items.length])).toEqual([
    ["metric", 2],
    ["log", 1],
    ["metric", 1],
  ]);
  expect(c[0]?.items[0]?.weight).toBe(9);
});

const span = (id: string, parent: string, start: number, ms: number): Span => ({
  id,
  parent,
  node: "n",
  service: "s",
  name: id,
  kind: "",
  start,
  duration_us: ms * 1000,
  error: false,
  attributes: {},
});

test("a trace is a tree by start, with the time of each step itself", () => {
  const rows = waterfall([
    span("b", "a", 10, 20),
    span("a", "", 0, 100),
    span("c", "a", 25, 15),
    span("d", "b", 12, 5),
  ]);
  expect(rows.map((r) => [r.span.id, r.depth])).toEqual([
    ["a", 0],
    ["b", 1],
    ["d", 2],
    ["c", 1],
  ]);
  expect(rows[0]?.self_us).toBe(70_000); // 10..40 is covered by b and c, which overlap
  expect(rows[1]?.left).toBeCloseTo(0.1);
});

test("steps below a closed one are left out, lost parents and circles are not lost", () => {
  const closed = waterfall([span("a", "", 0, 10), span("b", "a", 1, 2), span("c", "b", 1, 1)], new Set(["a"]));
  expect(closed.map((r) => r.span.id)).toEqual(["a"]);
  expect(
    waterfall([span("x", "gone", 0, 1), span("y", "z", 0, 1), span("z", "y", 1, 1)])
      .map((r) => r.span.id)
      .sort(),
  ).toEqual(["x", "y", "z"]);
});
