/** A half-open span of time in ms since 1970. */
export interface Span {
  from: number;
  to: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** format caches formatters: making one costs far more than using it. */
function format(
  lang: string,
  zone: string | undefined,
  key: string,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  const id = `${lang}|${zone ?? ""}|${key}`;
  let f = formats.get(id);
  if (!f) {
    f = new Intl.DateTimeFormat(lang, { ...options, hourCycle: "h23", timeZone: zone });
    formats.set(id, f);
  }
  return f;
}

/** clock is the time of day in the user's zone, as 10:01:05. */
export function clock(ms: number, zone?: string): string {
  if (!Number.isFinite(ms)) return "–";
  return format("en-GB", zone, "clock", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(ms);
}

/** fine is clock with milliseconds. */
export function fine(ms: number, zone?: string): string {
  if (!Number.isFinite(ms)) return "–";
  return format("en-GB", zone, "fine", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
  }).format(ms);
}

/** moment is date and time in the user's zone. */
export function moment(ms: number, lang: string, zone?: string): string {
  if (!Number.isFinite(ms)) return "–";
  return format(lang, zone, "moment", { dateStyle: "medium", timeStyle: "medium" }).format(ms);
}

/** utc is what a pointer resting on a time shows. */
export function utc(ms: number): string {
  return Number.isFinite(ms)
    ? `${new Date(ms)
        .toISOString()
        .replace("T", " ")
        .replace(/\.000Z$/, "")
        .replace("Z", "")} UTC`
    : "–";
}

/** ticks gives round times inside a span, at most `most` of them. */
export function ticks(span: Span, most: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400].map(
    (s) => s * 1000,
  );
  const length = span.to - span.from;
  if (length <= 0 || most < 1) return [];
  const step = steps.find((s) => length / s <= most) ?? Math.ceil(length / most / 86_400_000) * 86_400_000;
  const out: number[] = [];
  for (let t = Math.ceil(span.from / step) * step; t <= span.to; t += step) out.push(t);
  return out;
}
