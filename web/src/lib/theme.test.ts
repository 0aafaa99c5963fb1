import { describe, expect, it } from "vitest";
import { accentNames, accentSwatch, grounds, tones, type Tone } from "./theme";

type RGB = [number, number, number];

const rgb = (hex: string): RGB => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255) as RGB;
const linear = (c: RGB): RGB => c.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)) as RGB;

/** Contrast of WCAG 2. */
function contrast(a: string, b: string): number {
  const l = [a, b].map((h) => {
    const [r, g, bl] = linear(rgb(h));
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  });
  return (Math.max(...l) + 0.05) / (Math.min(...l) + 0.05);
}

// Matrices of Machado, Oliveira and Fernandes, "A Physiologically-based Model
// for Simulation of Color Vision Deficiency", 2009, full severity.
const blind: Record<string, number[][]> = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
};

/** CIE Lab of linear RGB, D65. */
function lab([r, g, b]: RGB): RGB {
  const f = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const seen = (hex: string, m: number[][]): RGB => {
  const c = linear(rgb(hex));
  return lab(
    m.map((row) =>
      Math.min(
        1,
        Math.max(
          0,
          row.reduce((s, k, i) => s + k * (c[i] ?? 0), 0),
        ),
      ),
    ) as RGB,
  );
};

const distance = (a: RGB, b: RGB) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

describe.each(["light", "dark"] as const)("status colours, %s", (scheme) => {
  const all = Object.entries(tones[scheme]) as [Tone, (typeof tones)["light"]["good"]][];

  it.each(all)("%s is readable on the page and on its ground", (_, c) => {
    expect(contrast(c.text, grounds[scheme])).toBeGreaterThanOrEqual(4.5);
    expect(contrast(c.text, c.ground)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(Object.entries(blind))("stay apart with %s", (_, m) => {
    for (const [i, [a, ca]] of all.entries()) {
      for (const [b, cb] of all.slice(i + 1)) {
        expect(distance(seen(ca.fill, m), seen(cb.fill, m)), `${a} and ${b}`).toBeGreaterThan(20);
      }
    }
  });
});

describe("accents", () => {
  it.each(accentNames)("%s bears white text", (name) => {
    expect(contrast(accentSwatch(name), "#ffffff")).toBeGreaterThanOrEqual(4.5);
  });
});
