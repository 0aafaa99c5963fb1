// The swim lanes: what the service knows of the time around an incident, and the onsets of the evidence.
import type { Lane, LaneItem, LaneKind, Span } from "../../charts";
import type { Time } from "../../lib/types";
import type { Part } from "./derive";
import { began, ms, spanOf, type Diagnosis, type Window } from "./diagnosis";
import { strength } from "./evidence";

export interface TimelineItem {
  kind: "role" | "change" | "alert" | "onset" | "action";
  at: Time;
  until?: Time | null;
  text: string;
  evidence?: string;
  role?: string;
  group?: string;
}

/** What GET /incidents/{id}/timeline gives. */
export interface TimelineFile {
  window: Window;
  baseline: Window;
  lanes: { node: string; service: string; role: string; items: TimelineItem[] }[];
}

/** Lanes that are shown at first; the rest open on demand. */
export const MOST_LANES = 12;

const kinds: Record<string, LaneKind> = {
  metric: "metric",
  log: "log",
  trace: "trace",
  event: "event",
  topology: "role",
  knowledge: "event",
};

/** Words for turns of leadership. */
export interface LeaderWords {
  leads: (groups: readonly string[]) => string;
  gained: (groups: readonly string[]) => string;
  lost: (groups: readonly string[]) => string;
}

const leading = (i: TimelineItem) => i.kind === "role" && (i.role === "leader" || i.role === "config_leader");

/**
 * leadership gives a bar for every stretch in which a node leads the same groups, and a mark where it
 * gained or lost one. A role without an end lasts to the end of the window.
 */
export function leadership(items: readonly TimelineItem[], end: number, words: LeaderWords): LaneItem[] {
  const terms = items
    .filter(leading)
    .map((i) => ({ from: ms(i.at), to: Number.isFinite(ms(i.until)) ? ms(i.until) : end, group: i.group ?? "" }));
  const turns = [...new Set(terms.flatMap((t) => [t.from, t.to]))].sort((a, b) => a - b);
  const at = (t: number) => terms.filter((x) => x.from <= t && x.to > t).map((x) => x.group);
  const out: LaneItem[] = [];
  turns.forEach((t, i) => {
    const now = at(t);
    const next = turns[i + 1];
    if (now.length > 0 && next !== undefined)
      out.push({ at: t, until: next, kind: "role", weight: now.length, text: words.leads(now) });
    const before = i > 0 ? at(turns[i - 1] ?? t) : null;
    if (t >= end) return;
    const gained = before ? now.filter((g) => !before.includes(g)) : [];
    const lost = before ? before.filter((g) => !now.includes(g)) : [];
    if (gained.length > 0) out.push({ at: t, kind: "role", weight: 20, text: words.gained(gained) });
    if (lost.length > 0) out.push({ at: t, kind: "role", weight: 20, text: words.lost(lost) });
  });
  return out;
}

/**
 * lanes gives one lane a node: the onsets of its evidence, its alerts, changes and turns of leadership. The
 * lane of the culprit comes first, then the others by their first telling onset; nodes without anything are left out.
 */
export function lanes(
  d: Diagnosis,
  file: TimelineFile | undefined,
  parts: ReadonlyMap<string, Part>,
  words: LeaderWords,
): Lane[] {
  const byNode = new Map<string, LaneItem[]>();
  const add = (node: string, item: LaneItem) => byNode.set(node, [...(byNode.get(node) ?? []), item]);
  for (const e of d.evidence) {
    const at = began(e);
    if (Number.isFinite(at) && e.node !== "")
      add(e.node, {
        at,
        kind: kinds[e.kind] ?? "event",
        text: `${e.id}  ${e.peer ? `→ ${e.peer}  ` : ""}${e.text}`,
        weight: strength(e),
        id: e.id,
      });
  }
  const cited = new Set(d.evidence.map((e) => e.id));
  const end = ms(file?.window.to);
  for (const l of file?.lanes ?? []) {
    for (const i of leadership(l.items, end, words)) add(l.node, i);
    for (const i of l.items) {
      if (i.kind === "role") continue;
      // Onsets are those of the evidence, which is here already.
      if (i.kind === "onset" && (i.evidence === undefined || cited.has(i.evidence))) continue;
      const until = ms(i.until);
      add(l.node, {
        at: ms(i.at),
        ...(Number.isFinite(until) ? { until } : {}),
        kind: i.kind,
        weight: 20,
        text: [i.text, i.group].filter(Boolean).join(" · "),
        ...(i.evidence ? { id: i.evidence } : {}),
      });
    }
  }
  const alert = d.subject.alert;
  const alerted = (file?.lanes ?? []).some((l) => l.items.some((i) => i.kind === "alert"));
  if (!alerted && alert.node !== "" && Number.isFinite(ms(alert.at)))
    add(alert.node, { at: ms(alert.at), kind: "alert", text: alert.name, weight: 20 });
  const detail = new Map(
    d.graph.nodes.map((n) => [n.id, n.role === "service" || n.role === "unknown" ? n.service : n.role]),
  );
  return [...byNode]
    .map(([id, items]): Lane => ({
      id,
      label: id,
      detail: detail.get(id) ?? "",
      part: parts.get(id) ?? "other",
      items,
    }))
    .sort((a, b) => weight(a) - weight(b) || first(a) - first(b) || a.id.localeCompare(b.id));
}

function weight(l: Lane): number {
  return l.part === "culprit" ? 0 : 1;
}

/** first is when the stronger half of a lane's evidence began. */
function first(l: Lane): number {
  const onsets = l.items.filter((i) => i.kind !== "role" && i.kind !== "alert");
  const most = Math.max(0, ...onsets.map((i) => i.weight));
  return Math.min(Infinity, ...onsets.filter((i) => i.weight >= most / 2).map((i) => i.at));
}

/** reachOf is all of the time that the lanes cover. undefined: none. */
export function reachOf(d: Diagnosis, file: TimelineFile | undefined, all: readonly Lane[]): Span | undefined {
  const window = spanOf(d.subject.window) ?? (file ? spanOf(file.window) : undefined);
  const baseline = spanOf(d.subject.baseline) ?? (file ? spanOf(file.baseline) : undefined);
  const times = all.flatMap((l) => l.items.map((i) => i.at));
  const from = Math.min(...[window?.from, baseline?.from].filter((x) => x !== undefined), ...times);
  const to = Math.max(...[window?.to].filter((x) => x !== undefined), ...times);
  return Number.isFinite(from) && from < to ? { from, to } : undefined;
}

/** leadersAt counts the groups that each node leads at a moment; null: the timeline does not know of leaders. */
export function leadersAt(file: TimelineFile, at: number): Map<string, number> | null {
  const terms = file.lanes.flatMap((l) =>
    l.items.filter(leading).map((i) => ({ node: l.node, from: ms(i.at), to: ms(i.until) })),
  );
  if (terms.length === 0) return null;
  const end = ms(file.window.to);
  const out = new Map<string, number>();
  for (const t of terms) {
    if (t.from <= at && !(t.to <= at && t.to < end)) out.set(t.node, (out.get(t.node) ?? 0) + 1);
  }
  return out;
}
