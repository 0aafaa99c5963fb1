import { useComputedColorScheme, useMantineTheme } from "@mantine/core";
import { useEffect, useMemo, useRef, useState, type RefObject } from "react";
import type { ECharts, EChartsCoreOption } from "echarts/core";
import { chartTheme, type ChartTheme } from "./theme";
import type { Span } from "./time";

/** What a chart does beside showing. */
export interface ChartEvents {
  /** Called with the span of time that was drawn with the pointer; null: double click, show all. */
  onRange?: ((span: Span | null) => void) | undefined;
  /** Called with the name or the place of what was clicked. */
  onPick?: ((picked: { name: string; index: number; value: unknown }) => void) | undefined;
}

/** useChartTheme gives the colours of the scheme that is in force. */
export function useChartTheme(): ChartTheme {
  const theme = useMantineTheme();
  const scheme = useComputedColorScheme("light");
  return useMemo(() => chartTheme(theme, scheme === "dark"), [theme, scheme]);
}

/** useSeen becomes true once the element comes near the screen, and stays true. */
export function useSeen(el: HTMLElement | null): boolean {
  const [seen, setSeen] = useState(typeof IntersectionObserver === "undefined");
  useEffect(() => {
    if (seen || !el) return;
    const watch = new IntersectionObserver(
      (es) => {
        if (es.some((e) => e.isIntersecting)) setSeen(true);
      },
      { rootMargin: "300px" },
    );
    watch.observe(el);
    return () => watch.disconnect();
  }, [el, seen]);
  return seen;
}

/**
 * useChart draws an option into a box, once the box is near the screen, and keeps it the size of the
 * box. It gives the chart, for export, and what went wrong where the library could not be loaded.
 */
export function useChart(
  el: HTMLDivElement | null,
  option: EChartsCoreOption | null,
  group: string | undefined,
  events: ChartEvents,
): { chart: RefObject<ECharts | null>; ready: boolean; failed: boolean } {
  const chart = useRef<ECharts | null>(null);
  const handlers = useRef(events);
  useEffect(() => {
    handlers.current = events;
  });
  const [ready, setReady] = useState(false);
  const [failed, setFailed] = useState(false);
  const seen = useSeen(el);
  const wanted = seen && option !== null;

  useEffect(() => {
    if (!wanted || !el) return;
    let gone = false;
    let stop = (): void => undefined;
    import("./echarts").then(
      ({ init, connect }) => {
        if (gone) return;
        const c = init(el, null, { renderer: "canvas" });
        chart.current = c;
        if (group !== undefined) {
          c.group = group;
          connect(group);
        }
        listen(c, handlers);
        const resize = new ResizeObserver(() => c.resize());
        resize.observe(el);
        stop = () => {
          resize.disconnect();
          c.dispose();
          chart.current = null;
        };
        setReady(true);
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
      stop();
      setReady(false);
    };
  }, [el, wanted, group]);

  const drawn = useRef(events.onRange !== undefined);
  useEffect(() => {
    if (!ready || !option || !chart.current) return;
    chart.current.setOption(option, { notMerge: true });
    if (drawn.current && matchMedia("(pointer: fine)").matches) armBrush(chart.current);
  }, [ready, option]);

  return { chart, ready, failed };
}

/** armBrush makes dragging draw a span of time. */
function armBrush(c: ECharts): void {
  c.dispatchAction({
    type: "takeGlobalCursor",
    key: "brush",
    brushOption: { brushType: "lineX", brushMode: "single" },
  });
}

function listen(c: ECharts, handlers: RefObject<ChartEvents>): void {
  c.on("brushEnd", (e) => {
    const areas = (e as { areas?: { coordRange?: [number, number] }[] }).areas ?? [];
    const range = areas[0]?.coordRange;
    c.dispatchAction({ type: "brush", areas: [] });
    if (range && range[1] > range[0])
      handlers.current.onRange?.({ from: Math.round(range[0]), to: Math.round(range[1]) });
  });
  c.getZr().on("dblclick", () => handlers.current.onRange?.(null));
  c.on("click", (e) => {
    const p = e as { name?: string; dataIndex?: number; value?: unknown };
    handlers.current.onPick?.({ name: p.name ?? "", index: p.dataIndex ?? -1, value: p.value });
  });
}
