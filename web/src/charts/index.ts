// Charts of the page. ECharts itself is loaded when the first chart comes near the screen.
export { Bars, type BarSeries, type BarsProps } from "./Bars";
export { ConfusionMatrix, type ConfusionMatrixProps } from "./ConfusionMatrix";
export { Lanes, type LanesProps } from "./Lanes";
export type { Lane, LaneItem, LaneKind } from "./lanesModel";
export { Pie, type PieProps } from "./Pie";
export type { Slice } from "./pieOption";
export { Scatter, type Dot, type DotSeries, type ScatterProps } from "./Scatter";
export { clock, fine, moment, utc, type Span } from "./time";
export { TimeSeries, type TimeSeriesProps } from "./TimeSeries";
export type { Mark, Series, TimeSeriesData } from "./timeSeriesOption";
export { amount, exact, share } from "./units";
export { Waterfall, type WaterfallProps } from "./Waterfall";
export type { Span as TraceSpan } from "./waterfallModel";
