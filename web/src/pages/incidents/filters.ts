import { toUTC } from "../../lib/ui/PeriodField";

// What the list of incidents can be narrowed by; the names are those of the URL.

export const emptyFilters = {
  q: "",
  status: "",
  progress: "",
  severity: "",
  verdict: "",
  system: "",
  node: "",
  fault: "",
  source: "",
  assignee: "",
  from: "",
  to: "",
  case: "",
  sort: "-opened",
};

export type Filters = typeof emptyFilters;

/** The filters that are shown as chips, in order; q has its own field and sort its own menu. */
export const chips = [
  "severity",
  "verdict",
  "progress",
  "system",
  "node",
  "fault",
  "source",
  "assignee",
  "from",
  "to",
  "case",
] as const;

export type Chip = (typeof chips)[number];

export const sorts = ["-opened", "-updated", "-severity", "-started", "opened", "number"];

/** Whether anything narrows the list. */
export function narrowed(f: Filters): boolean {
  return f.q !== "" || f.status !== "" || chips.some((c) => f[c] !== "");
}

/** The query of the API for filters; local times of the fields become UTC. */
export function toQuery(f: Filters): Record<string, string> {
  return { ...f, from: toUTC(f.from), to: toUTC(f.to), count: "true" };
}
