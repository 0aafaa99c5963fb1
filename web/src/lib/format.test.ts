import { describe, expect, it } from "vitest";
import {
  cutMiddle,
  formatAgo,
  formatBytes,
  formatDuration,
  formatNumber,
  formatProbability,
  formatShare,
  formatTime,
  formatUnit,
  formatUTC,
  zoneOf,
} from "./format";

const at = "2026-11-20T10:01:05Z";

describe("times", () => {
  it("are in the zone that is asked for", () => {
    expect(formatTime(at, "en", "full", "Asia/Shanghai")).toBe("20 Nov 2026, 18:01:05");
    expect(formatTime(at, "zh", "full", "Asia/Shanghai")).toBe("2026年11月20日 18:01:05");
    expect(formatTime(at, "en", "time", "UTC")).toBe("10:01:05");
  });
  it("are in UTC on hover", () => {
    expect(formatUTC(at)).toBe("2026-11-20 10:01:05 UTC");
    expect(formatUTC("2026-11-20T10:01:05.250Z")).toBe("2026-11-20 10:01:05.250 UTC");
  });
  it("tell their zone", () => {
    expect(zoneOf(Date.parse(at), "en", "Europe/Berlin")).toBe("Europe/Berlin (UTC+1)");
    expect(zoneOf(Date.parse(at), "zh", "Asia/Kolkata")).toMatch(/^Asia\/(Kolkata|Calcutta) \(UTC\+5:30\)$/);
    expect(zoneOf(Date.parse(at), "en", "UTC")).toBe("UTC");
  });
  it("are empty where there is none", () => {
    for (const none of [null, undefined, "", "yesterday"]) expect(formatTime(none, "en")).toBe("");
  });
  it("say how long ago", () => {
    const now = Date.parse(at) + 5 * 60_000;
    expect(formatAgo(at, "en", now)).toBe("5 min ago");
    expect(formatAgo(at, "zh", now)).toBe("5分钟前");
    expect(formatAgo(now - 2000, "en", now)).toBe("2 sec ago");
  });
});

describe("durations", () => {
  it.each([
    [0.25, "250 µs"],
    [41, "41 ms"],
    [5500, "5.5 s"],
    [115_000, "1 m 55 s"],
    [120_000, "2 m"],
    [3_600_000 * 5 + 60_000, "5 h 1 m"],
    [86_400_000 * 3 + 3_600_000 * 4, "3 d 4 h"],
    [-41, "-41 ms"],
    [Number.NaN, "–"],
  ])("%d ms", (ms, text) => expect(formatDuration(ms, "en")).toBe(text));
  it("never counts sixty minutes or seconds", () => {
    for (const ms of [59_999, 3_599_999, 7_199_999]) expect(formatDuration(ms, "en")).not.toMatch(/\b60\b/);
  });
});

describe("numbers", () => {
  it("are grouped and have their unit", () => {
    expect(formatNumber(184_220, "en")).toBe("184,220");
    expect(formatShare(0.814, "en")).toBe("81 %");
    for (const v of [0.995, 0.998, 1 - 1e-12]) expect(formatShare(v, "en")).toBe("99 %");
    expect(formatShare(0.9999, "en", 1)).toBe("99.9 %");
    expect(formatShare(0.001, "en")).toBe("< 1 %");
    expect(formatShare(0, "en")).toBe("0 %");
    expect(formatShare(1, "en")).toBe("100 %");
    expect([1, 0.9996, 0.814, 0.004, 0].map((p) => formatProbability(p, "en"))).toEqual([
      "99 %",
      "99 %",
      "81 %",
      "< 1 %",
      "< 1 %",
    ]);
    expect(formatBytes(1_572_864, "en")).toBe("1.5 MiB");
    expect(formatUnit(97.25, "percent", "en")).toBe("97.3 %");
    expect(formatUnit(74, "ms", "en")).toBe("74 ms");
    expect(formatUnit(12_345, "per_second", "en")).toBe("12.3 k/s");
    expect(formatUnit(Number.POSITIVE_INFINITY, "ms", "en")).toBe("–");
  });
});

describe("cutMiddle", () => {
  it("keeps both ends and whole characters", () => {
    expect(cutMiddle("short", 10)).toBe("short");
    expect(cutMiddle("checkout-7d9f8b6c5d-x2x9q", 11)).toBe("check…x2x9q");
    expect(Array.from(cutMiddle("数据节点😀😀😀😀😀😀", 5))).toHaveLength(5);
  });
});
