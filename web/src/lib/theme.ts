// Colours and sizes. One accent that the user chooses, and four status colours
// for everything that is good or bad; each passes AA as text on its ground and
// stays apart from the others for the colour-blind (theme.test.ts holds both).

import {
  createTheme,
  type CSSVariablesResolver,
  type MantineColorsTuple,
  type MantineThemeOverride,
} from "@mantine/core";

/** good: healthy, ok; note: information; warn: needs a look; bad: critical, failed. */
export type Tone = "good" | "note" | "warn" | "bad";

export interface ToneColors {
  /** Text, icons and lines on the page. */
  text: string;
  /** Ground of a badge or banner, under `text`. */
  ground: string;
  /** Area in a chart or a filled mark. */
  fill: string;
}

export const tones: Record<"light" | "dark", Record<Tone, ToneColors>> = {
  light: {
    good: { text: "#00664c", ground: "#dff4ec", fill: "#009e73" },
    note: { text: "#1d4f91", ground: "#e3edfa", fill: "#4a90d9" },
    warn: { text: "#7a5200", ground: "#fff1cf", fill: "#e69f00" },
    bad: { text: "#a3210b", ground: "#fde7e1", fill: "#d5400a" },
  },
  dark: {
    good: { text: "#5fd6ae", ground: "#10352b", fill: "#1fb588" },
    note: { text: "#93c3f7", ground: "#16304d", fill: "#56a0ec" },
    warn: { text: "#f5c451", ground: "#3b2e0c", fill: "#e6a817" },
    bad: { text: "#ff9d82", ground: "#451a11", fill: "#f0653a" },
  },
};

/** Grounds of the page, for the check of contrast. */
export const grounds = { light: "#ffffff", dark: "#16181d" };

const accents: Record<string, MantineColorsTuple> = {
  blue: ["#e9f3fe", "#d3e4f8", "#a5c7f0", "#74a8e8", "#4b8ee2", "#327ede", "#1c6dd0", "#145fba", "#0b54a7", "#004894"],
  teal: ["#e3f8f5", "#cfece8", "#a2d9d1", "#71c5b9", "#4ab4a5", "#30a999", "#117c70", "#0a6f64", "#046056", "#005048"],
  violet: [
    "#f2edfd",
    "#dfd8f3",
    "#bcaee4",
    "#9781d5",
    "#785bc9",
    "#6543c2",
    "#5b38bf",
    "#4c2ba9",
    "#432598",
    "#391e86",
  ],
  plum: ["#fcecf6", "#f1d7e6", "#e2acca", "#d47fae", "#c85895", "#c13f86", "#a92d72", "#9a2466", "#8a1b5a", "#7a0f4e"],
  slate: ["#f0f3f6", "#dfe4e9", "#bac6d1", "#93a6b8", "#728aa3", "#5d7996", "#4a6785", "#405a75", "#364e67", "#2a4259"],
};

/** The accents one can choose. */
export const accentNames = Object.keys(accents);

/** The colour that stands for an accent in a swatch. */
export const accentSwatch = (name: string): string => (accents[name] ?? accents.blue)?.[6] ?? "";

const compactSizes = { size: "xs" } as const;
const normalSizes = { size: "sm" } as const;

/** The theme of the page for an accent and a density. */
export function makeTheme(accent: string, density: "comfortable" | "compact"): MantineThemeOverride {
  const compact = density === "compact";
  const s = compact ? compactSizes : normalSizes;
  const sized = Object.fromEntries(
    [
      "Button",
      "TextInput",
      "Select",
      "MultiSelect",
      "PasswordInput",
      "NumberInput",
      "Textarea",
      "TagsInput",
      "Switch",
      "Checkbox",
    ].map((c) => [c, { defaultProps: s }]),
  );
  return createTheme({
    primaryColor: "accent",
    primaryShade: 6,
    colors: {
      accent: accents[accent] ?? (accents.blue as MantineColorsTuple),
      dark: [
        "#d5d8de",
        "#b8bdc7",
        "#979eab",
        "#6f7786",
        "#3d434f",
        "#2f343e",
        "#23272f",
        "#16181d",
        "#111317",
        "#0b0c0f",
      ],
    },
    fontFamily:
      'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif',
    fontFamilyMonospace:
      // No face with letters of unequal width stands before the system's own of equal width.
      'ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono", "DejaVu Sans Mono", "Liberation Mono", "Noto Sans Mono CJK SC", monospace',
    defaultRadius: "sm",
    cursorType: "pointer",
    respectReducedMotion: true,
    spacing: compact
      ? { xs: "0.375rem", sm: "0.5rem", md: "0.75rem", lg: "1rem", xl: "1.5rem" }
      : { xs: "0.5rem", sm: "0.75rem", md: "1rem", lg: "1.25rem", xl: "2rem" },
    headings: {
      fontWeight: "650",
      sizes: { h1: { fontSize: "1.375rem" }, h2: { fontSize: "1.125rem" }, h3: { fontSize: "1rem" } },
    },
    components: {
      ...sized,
      Badge: { defaultProps: { radius: "sm", tt: "none" } },
      Tooltip: {
        defaultProps: { openDelay: 250, multiline: true, maw: 420, events: { hover: true, focus: true, touch: true } },
      },
      // Their head is no banner: the page has its own.
      Modal: { defaultProps: { attributes: { header: { role: "presentation" } } } },
      Drawer: { defaultProps: { attributes: { header: { role: "presentation" } } } },
      // What scrolls sideways is scrolled by keyboard too.
      TableScrollContainer: { defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0 } } } },
      Table: { defaultProps: { verticalSpacing: compact ? 4 : "xs" } },
    },
    other: { density },
  });
}

/** Gives the status colours to CSS as --tone-good, --tone-good-ground, --tone-good-fill and so on. */
export const toneVariables: CSSVariablesResolver = () => {
  const vars = (scheme: "light" | "dark") =>
    Object.fromEntries(
      Object.entries(tones[scheme]).flatMap(([tone, c]) => [
        [`--tone-${tone}`, c.text],
        [`--tone-${tone}-ground`, c.ground],
        [`--tone-${tone}-fill`, c.fill],
      ]),
    );
  return {
    variables: {},
    light: {
      ...vars("light"),
      "--mantine-color-dimmed": "#5a616d",
      "--page-ground": "#f6f7f9",
      "--panel-ground": "#ffffff",
      "--line": "#dfe3e8",
    },
    dark: {
      ...vars("dark"),
      "--mantine-color-dimmed": "#a3abb8",
      "--page-ground": "#0f1115",
      "--panel-ground": "#16181d",
      "--line": "#2b303a",
    },
  };
};
