import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { barsOption } from "./Bars";
import { Chart, type ChartKind, type ChartProps } from "./Chart";
import { pieOption, type Slice } from "./pieOption";
import { amount } from "./units";
import { useChartTheme } from "./useChart";

export interface PieProps extends Pick<
  ChartProps,
  "label" | "height" | "loading" | "error" | "onRetry" | "empty" | "onPick"
> {
  slices: readonly Slice[];
  unit?: string;
}

/** Pie shows parts of a whole; the same parts as bars are one click away. */
export function Pie({ slices, unit = "", ...p }: PieProps) {
  const { t } = useTranslation("charts");
  const theme = useChartTheme();
  const [kind, setKind] = useState<ChartKind>("pie");
  const option = useMemo(() => {
    if (kind === "pie") return pieOption(slices, unit, theme);
    const series = [{ name: "", values: slices.map((s) => s.value) }];
    return barsOption(
      { names: slices.map((s) => s.name), series, unit, min: undefined, max: undefined, upright: false },
      theme,
    );
  }, [kind, slices, unit, theme]);
  const table = () => ({
    columns: [t("column.name"), t("column.value")],
    rows: slices.map((s) => [s.name, amount(s.value, unit)]),
  });
  return (
    <Chart
      {...p}
      height={p.height ?? 220}
      option={option}
      table={table}
      kinds={["pie", "bar"]}
      kind={kind}
      onKind={setKind}
    />
  );
}
