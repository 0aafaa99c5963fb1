import { base } from "./base";
import type { ChartTheme } from "./theme";
import { amount } from "./units";

/** One part of a whole. */
export interface Slice {
  name: string;
  value: number;
}

/** pieOption draws parts of a whole with their names and shares. null: the whole is nothing. */
export function pieOption(slices: readonly Slice[], unit: string, t: ChartTheme) {
  if (!slices.some((s) => s.value > 0)) return null;
  return {
    ...base(t),
    tooltip: {
      ...base(t).tooltip,
      formatter: (x: unknown) => {
        const s = x as { name: string; value: number; percent: number };
        return `${s.name}\n${amount(s.value, unit)} (${String(s.percent)} %)`;
      },
    },
    series: [
      {
        type: "pie",
        radius: ["45%", "72%"],
        data: slices.filter((s) => s.value > 0).map((s) => ({ ...s })),
        itemStyle: { borderColor: t.card, borderWidth: 2 },
        label: { color: t.text, fontSize: 11, formatter: "{b} {d} %" },
        labelLine: { lineStyle: { color: t.grid } },
      },
    ],
  };
}
