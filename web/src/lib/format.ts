// Times, numbers, durations and sizes in the user's language and zone.

const cache = new Map<string, unknown>();

function memo<T>(key: string, make: () => T): T {
  let v = cache.get(key) as T | undefined;
  if (v === undefined) cache.set(key, (v = make()));
  return v;
}

const locale = (lang: string) => (lang === "zh" ? "zh-CN" : lang === "en" ? "en-GB" : lang);

export type TimeStyle = "time" | "short" | "full" | "date";

const styles: Record<TimeStyle, Intl.DateTimeFormatOptions> = {
  time: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  short: { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  full: {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  },
  date: { year: "numeric", month: "short", day: "numeric" },
};

/** A time in the user's zone, or in the zone given. Empty for no time. */
export function formatTime(
  t: string | number | Date | null | undefined,
  lang: string,
  style: TimeStyle = "full",
  zone?: string,
): string {
  if (t === null || t === undefined || t === "") return "";
  const at = new Date(t);
  if (Number.isNaN(at.getTime())) return "";
  const o = zone ? { ...styles[style], timeZone: zone } : styles[style];
  return memo(`t/${lang}/${style}/${zone ?? ""}`, () => new Intl.DateTimeFormat(locale(lang), o)).format(at);
}

/** The user's zone and how far from UTC it is at a moment: "Europe/Berlin (UTC+1)"; "UTC" where it is that. */
export function zoneOf(at: number, lang: string, zone?: string): string {
  const f = new Intl.DateTimeFormat(locale(lang), { timeZone: zone, timeZoneName: "shortOffset" });
  const name = f.resolvedOptions().timeZone;
  const part = f.formatToParts(Number.isFinite(at) ? at : Date.now()).find((p) => p.type === "timeZoneName");
  const offset = (part?.value ?? "").replace("GMT", "UTC");
  return name === "UTC" || name === "Etc/UTC" ? "UTC" : `${name} (${offset})`;
}

/** The same time in UTC, to the millisecond where it has any: for hovering. */
export function formatUTC(t: string | number | Date): string {
  const at = new Date(t);
  if (Number.isNaN(at.getTime())) return "";
  return at
    .toISOString()
    .replace("T", " ")
    .replace(/\.000Z$/, "Z")
    .replace("Z", " UTC");
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** "5 minutes ago" in the user's language; under a minute it counts seconds. */
export function formatAgo(t: string | number | Date, lang: string, now: number = Date.now()): string {
  const s = (new Date(t).getTime() - now) / 1000;
  const rtf = memo(`r/${lang}`, () => new Intl.RelativeTimeFormat(locale(lang), { numeric: "auto", style: "short" }));
  for (const [unit, size] of steps) if (Math.abs(s) >= size) return rtf.format(Math.trunc(s / size), unit);
  return rtf.format(Math.trunc(s), "second");
}

/** A number with at most `digits` decimals; large ones grouped. */
export function formatNumber(v: number, lang: string, digits = 2): string {
  if (!Number.isFinite(v)) return "–";
  return memo(
    `n/${lang}/${digits}`,
    () => new Intl.NumberFormat(locale(lang), { maximumFractionDigits: digits }),
  ).format(v);
}

/** A share between 0 and 1 as a percentage: "81 %". What is not all never reads 100 %, what is not nothing never 0 %. */
export function formatShare(v: number, lang: string, digits = 0): string {
  if (!Number.isFinite(v)) return "–";
  const step = 10 ** -digits;
  const percent = Math.round((v * 100) / step) * step;
  if (v < 1 && percent >= 100) return `${formatNumber(100 - step, lang, digits)} %`;
  if (v > 0 && percent <= 0) return `< ${formatNumber(step, lang, digits)} %`;
  return `${formatNumber(percent, lang, digits)} %`;
}

/** A probability as a percentage. Nothing is certain and nothing impossible: it never reads 100 % or 0 %, as in the reports. */
export function formatProbability(v: number, lang: string): string {
  if (!Number.isFinite(v)) return "–";
  const percent = Math.round(v * 100);
  if (percent <= 0) return "< 1 %";
  return `${formatNumber(Math.min(99, percent), lang, 0)} %`;
}

const durationUnits: Record<string, [string, string, string, string, string, string]> = {
  en: ["d", "h", "m", "s", "ms", "µs"],
  zh: ["天", "小时", "分", "秒", "毫秒", "微秒"],
};

/** A duration in milliseconds in at most two units: "1 m 55 s", "41 ms", "3 d 4 h". */
export function formatDuration(ms: number, lang: string): string {
  if (!Number.isFinite(ms)) return "–";
  const u = durationUnits[lang] ?? durationUnits.en;
  if (u === undefined) return "";
  if (ms < 0) return `-${formatDuration(-ms, lang)}`;
  if (ms > 0 && ms < 1) return `${formatNumber(ms * 1000, lang, 0)} ${u[5]}`;
  if (ms < 1000) return `${formatNumber(ms, lang, ms < 10 ? 1 : 0)} ${u[4]}`;
  if (ms < 10_000) return `${formatNumber(ms / 1000, lang, 1)} ${u[3]}`;
  const s = Math.round(ms / 1000);
  const two = (a: number, ua: string, b: number, ub: string) => (b === 0 ? `${a} ${ua}` : `${a} ${ua} ${b} ${ub}`);
  if (s < 60) return `${s} ${u[3]}`;
  if (s < 3600) return two(Math.floor(s / 60), u[2], s % 60, u[3]);
  if (s < 86_400) return two(Math.floor(s / 3600), u[1], Math.round((s % 3600) / 60) % 60, u[2]);
  return two(Math.floor(s / 86_400), u[0], Math.floor((s % 86_400) / 3600), u[1]);
}

const sizes = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Bytes in binary units: "1.5 MiB". */
export function formatBytes(n: number, lang: string): string {
  if (!Number.isFinite(n)) return "–";
  let i = 0;
  let v = Math.abs(n);
  while (v >= 1024 && i < sizes.length - 1) {
    v /= 1024;
    i++;
  }
  return `${n < 0 ? "-" : ""}${formatNumber(v, lang, v < 10 && i > 0 ? 1 : 0)} ${sizes[i]}`;
}

const si: [number, string][] = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

/** A value with its unit, for charts and evidence: percent, bytes, ms, us, s, ratio, per_second; others are put behind. */
export function formatUnit(v: number, unit: string, lang: string): string {
  if (!Number.isFinite(v)) return "–";
  switch (unit) {
    case "percent":
      return `${formatNumber(v, lang, Math.abs(v) < 10 ? 2 : 1)} %`;
    case "ratio":
      return formatShare(v, lang, 1);
    case "bytes":
      return formatBytes(v, lang);
    case "bytes_per_second":
      return `${formatBytes(v, lang)}/s`;
    case "us":
    case "microseconds":
      return formatDuration(v / 1000, lang);
    case "ms":
    case "milliseconds":
      return formatDuration(v, lang);
    case "s":
    case "seconds":
      return formatDuration(v * 1000, lang);
    case "per_second":
      return `${formatShort(v, lang)}/s`;
    case "":
    case "count":
    case "none":
      return formatShort(v, lang);
    default:
      return `${formatShort(v, lang)} ${unit.replaceAll("_", " ")}`;
  }
}

/** A number cut to three digits or so with k, M, G: for axes and tiles. */
export function formatShort(v: number, lang: string): string {
  if (!Number.isFinite(v)) return "–";
  const a = Math.abs(v);
  for (const [size, letter] of si)
    if (a >= size * 10 || (size > 1000 && a >= size)) return `${formatNumber(v / size, lang, 1)} ${letter}`;
  if (a !== 0 && a < 0.001) return v.toExponential(1);
  return formatNumber(v, lang, a >= 100 ? 0 : a >= 1 ? 2 : 3);
}

/** A name cut in the middle to at most `max` characters; both ends of a long name tell the most. */
export function cutMiddle(text: string, max: number): string {
  const chars = Array.from(text);
  if (chars.length <= max || max < 3) return text;
  const head = Math.ceil((max - 1) / 2);
  return `${chars.slice(0, head).join("")}…${chars.slice(chars.length - (max - 1 - head)).join("")}`;
}
