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
