/** How a number that does not exist is printed. */
export const NO_VALUE = "–";

/**
 * amount prints a number with its unit as the texts of evidence do: three significant digits, bytes
 * with binary prefixes, times in the unit that suits them, other large numbers with k, M, G.
 */
export function amount(v: number | null | undefined, unit: string): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return NO_VALUE;
  switch (unit) {
    case "percent":
    case "%":
      return `${plain(v)} %`;
    case "bytes":
    case "B":
      return binary(v, "B");
    case "bytes/s":
    case "B/s":
      return binary(v, "B/s");
    case "ns":
      return duration(v / 1e6);
    case "us":
    case "µs":
      return duration(v / 1e3);
    case "ms":
      return duration(v);
    case "s":
      return duration(v * 1e3);
    case "1/s":
    case "/s":
    case "per_s":
    case "ops/s":
    case "count/s":
      return `${prefixed(v)}/s`;
    case "":
    case "count":
    case "ratio":
    case "share":
      return prefixed(v);
    default:
      return `${prefixed(v)} ${unit}`;
  }
}

/** exact prints a number in full, as it was computed. */
export function exact(v: number | null | undefined, unit = ""): string {
  if (v === null || v === undefined || !Number.isFinite(v)) return NO_VALUE;
  const name = unit === "percent" ? "%" : unit;
  return name === "" ? String(v) : `${String(v)} ${name}`;
}

/** share prints 0..1 as percent; only 1 reads as 100 %, only 0 as 0 %. */
export function share(p: number): string {
  if (!Number.isFinite(p)) return NO_VALUE;
  const n = Math.round(p * 100);
  if (n >= 100 && p < 1) return "99 %";
  if (n <= 0 && p > 0) return "< 1 %";
  return `${String(n)} %`;
}

function binary(v: number, unit: string): string {
  const steps: [string, number][] = [
    ["Ti", 2 ** 40],
    ["Gi", 2 ** 30],
    ["Mi", 2 ** 20],
    ["Ki", 2 ** 10],
  ];
  for (const [name, size] of steps) {
    if (Math.abs(v) >= size) return `${significant(v / size)} ${name}${unit}`;
  }
  return `${significant(v)} ${unit}`;
}

function duration(ms: number): string {
  const a = Math.abs(ms);
  if (a === 0) return "0 ms";
  if (a >= 999.5) return `${plain(ms / 1e3)} s`;
  if (a < 0.0995) return `${significant(ms * 1e3)} µs`;
  return `${significant(ms)} ms`;
}

function plain(v: number): string {
  return Number.isInteger(v) && Math.abs(v) < 1e6 ? String(v) : significant(v);
}

function prefixed(v: number): string {
  const a = Math.abs(v);
  if (Number.isInteger(v) && a < 1e6) return String(v);
  if (a >= 1e12 && a < 1e15) return `${significant(v / 1e12)}T`;
  if (a >= 1e9 && a < 1e12) return `${significant(v / 1e9)}G`;
  if (a >= 1e6 && a < 1e9) return `${significant(v / 1e6)}M`;
  if (a >= 1e4 && a < 1e6) return `${significant(v / 1e3)}k`;
  return significant(v);
}

function significant(v: number): string {
  const n = Number(v.toPrecision(3));
  if (n === 0) return "0";
  const a = Math.abs(n);
  return a < 1e-4 || a >= 1e6 ? n.toExponential().replace("e+", "e") : String(n);
}
