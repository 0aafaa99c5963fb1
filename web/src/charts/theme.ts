import type { MantineTheme } from "@mantine/core";

/** The colours of a chart, taken from the tokens of the page. */
export interface ChartTheme {
  dark: boolean;
  font: string;
  text: string;
  soft: string;
  grid: string;
  card: string;
  accent: string;
  /** What is usual: the band of the baseline. */
  usual: string;
  /** The tint of the window that was examined. */
  window: string;
  /** Where trouble began. */
  onset: string;
  /** Distinct also for colour-blind eyes (after Okabe and Ito, 2008); accent first. */
  series: string[];
  /** From little to much, for heat maps. */
  heat: string[];
}

function shade(theme: MantineTheme, color: string, light: number, dark: number, isDark: boolean): string {
  const tuple = theme.colors[color] ?? theme.colors.gray;
  return tuple?.[isDark ? dark : light] ?? "#888888";
}

/** chartTheme reads the tokens of the page for one colour scheme. */
export function chartTheme(theme: MantineTheme, dark: boolean): ChartTheme {
  const accent = shade(theme, theme.primaryColor, 6, 4, dark);
  return {
    dark,
    font: theme.fontFamily,
    text: dark ? shade(theme, "dark", 0, 0, dark) : shade(theme, "gray", 8, 8, dark),
    soft: dark ? shade(theme, "dark", 1, 1, dark) : shade(theme, "gray", 7, 7, dark),
    grid: dark ? shade(theme, "dark", 4, 4, dark) : shade(theme, "gray", 3, 3, dark),
    card: dark ? shade(theme, "dark", 6, 6, dark) : "#ffffff",
    accent,
    usual: dark ? "rgba(173,181,189,0.20)" : "rgba(134,142,150,0.22)",
    window: dark ? "rgba(255,146,43,0.12)" : "rgba(253,126,20,0.09)",
    onset: shade(theme, "red", 7, 5, dark),
    series: dark
      ? [accent, "#e69f00", "#56b4e9", "#2fc796", "#f0e442", "#ff8f4d", "#d99ac0", "#c1c2c5"]
      : [accent, "#b36b00", "#0072b2", "#00795a", "#8c7a00", "#c44e00", "#a3487b", "#495057"],
    heat: dark ? ["#25262b", "#1b4b72", "#3b8ac4", "#a8d8ff"] : ["#f8f9fa", "#c9e2f7", "#4a90c8", "#0b3c66"],
  };
}
