import type { ChartTheme } from "./theme";

/** What every option starts from. Tooltips are drawn, not HTML: text from outside stays text. */
export function base(t: ChartTheme) {
  return {
    animation: false,
    backgroundColor: "transparent",
    color: t.series,
    textStyle: { fontFamily: t.font, color: t.soft, fontSize: 11 },
    aria: { enabled: false },
    tooltip: {
      renderMode: "richText" as const,
      confine: true,
      backgroundColor: t.card,
      borderColor: t.grid,
      textStyle: { color: t.text, fontSize: 11, fontFamily: t.font },
    },
  };
}

/** valueAxis is an axis of numbers with a unit. */
export function valueAxis(t: ChartTheme, format: (v: number) => string) {
  return {
    type: "value" as const,
    axisLabel: { color: t.soft, fontSize: 10, formatter: format, hideOverlap: true },
    splitLine: { lineStyle: { color: t.grid, opacity: 0.6 } },
    splitNumber: 3,
    axisLine: { show: false },
    axisTick: { show: false },
  };
}

/** nameAxis is an axis of names. */
export function nameAxis(t: ChartTheme, names: readonly string[], width: number) {
  return {
    type: "category" as const,
    data: [...names],
    axisLabel: { color: t.soft, fontSize: 10, width, overflow: "truncate" as const, interval: 0 },
    axisLine: { lineStyle: { color: t.grid } },
    axisTick: { show: false },
  };
}

/**
 * bytesAxis gives an axis from low to high ends and ticks that are round in the unit that people read:
 * for bytes a power of 1024. undefined: leave it to the library.
 */
export function bytesAxis(
  low: number,
  high: number,
  unit: string,
): { interval: number; min: number; max: number } | undefined {
  if (!/^(bytes|B)(\/s)?$/.test(unit)) return undefined;
  const most = Math.max(Math.abs(low), Math.abs(high));
  if (!(high > low) || most < 1024) return undefined;
  const from = low >= 0 && low < high / 2 ? 0 : low;
  const prefix = 1024 ** Math.min(4, Math.floor(Math.log(most) / Math.log(1024)));
  const rough = (high - from) / prefix / 3;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const interval = ([1, 2, 5, 10].find((n) => n * ten >= rough) ?? 10) * ten * prefix;
  return { interval, min: Math.floor(from / interval) * interval, max: Math.ceil(high / interval) * interval };
}
