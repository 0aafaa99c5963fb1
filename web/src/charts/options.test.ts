import { expect, test } from "vitest";
import { barsOption } from "./Bars";
import { confusionOption } from "./ConfusionMatrix";
import { pieOption } from "./pieOption";
import { seriesTable } from "./TimeSeries";
import type { ChartTheme } from "./theme";
import { timeSeriesOption } from "./timeSeriesOption";

const theme: ChartTheme = {
  dark: false,
  font: "",
  text: "",
  soft: "",
  grid: "",
  card: "",
  accent: "",
  usual: "grey",
  window: "tint",
  onset: "red",
  series: [],
  heat: ["#fff", "#000"],
};
const look = { kind: "line", legend: false, brush: false, zone: "UTC" } as const;
const data = {
  series: [{ name: "cpu", unit: "percent", times: [0, 1000, 2000, 3000], values: [1, null, 3, 90] }],
  band: { low: 1, high: 3 },
  window: { from: 2000, to: 3000 },
  onset: 2500,
};

test("a line has its band, its window and its onset", () => {
  const o = JSON.stringify(timeSeriesOption(data, look, theme));
  expect(o).toContain('"yAxis":1,"itemStyle":{"color":"grey"}');
  expect(o).toContain('"xAxis":2000,"itemStyle":{"color":"tint"}');
  expect(o).toContain('"xAxis":2500');
});

test("an onset outside of the range is not drawn", () => {
  expect(JSON.stringify(timeSeriesOption({ ...data, range: { from: 0, to: 2000 } }, look, theme))).not.toContain(
    '"xAxis":2500',
  );
});

test("nothing to draw gives no option", () => {
  expect(timeSeriesOption({ series: [{ name: "", unit: "", times: [1], values: [null] }] }, look, theme)).toBeNull();
  expect(
    barsOption({ names: [], series: [], unit: "", min: undefined, max: undefined, upright: false }, theme),
  ).toBeNull();
  expect(pieOption([{ name: "a", value: 0 }], "", theme)).toBeNull();
  expect(confusionOption(["a"], [[0]], { truth: "", said: "" }, theme)).toBeNull();
});

test("the table holds the same data as the line, within the range", () => {
  expect(seriesTable({ ...data, range: { from: 1000, to: 2000 } }, "Time", "UTC").rows.map((r) => r.at(-1))).toEqual([
    "",
    "3 %",
  ]);
});
