import { useMemo } from "react";
import { useUrlState } from "../lib/urlstate";
import { SCOPES, TABS, type Scope, type Tab } from "./model/evidence";

const initial = {
  /** Tab of the evidence; empty: the first that has any. */
  tab: "",
  /** Whose evidence; empty: that of the culprit where there is one. */
  scope: "",
  /** Evidence narrowed to one node. */
  node: "",
  /** Evidence or finding that the drawer shows. */
  e: "",
  /** Span of time that was chosen, in ms. */
  from: "",
  to: "",
  /** Words that evidence must hold. */
  q: "",
  /** Moment of the call graph, in ms; empty: the end. */
  at: "",
  /** Trace that is open. */
  trace: "",
  /** Search in the raw log lines. */
  lines: "",
  level: "",
};

export interface ViewState {
  tab: Tab | "";
  scope: Scope | "";
  node: string;
  open: string;
  range: { from: number; to: number } | undefined;
  text: string;
  at: number | undefined;
  trace: string;
  lines: string;
  level: string;
}

export type SetView = (patch: Partial<typeof initial>, push?: boolean) => void;

/** useView is the state of the page, all of which is in the URL. What the URL gives is checked. */
export function useView(): [ViewState, SetView] {
  const [s, set] = useUrlState(initial);
  const view = useMemo<ViewState>(() => {
    const from = Number(s.from);
    const to = Number(s.to);
    return {
      tab: TABS.find((t) => t === s.tab) ?? "",
      scope: SCOPES.find((x) => x === s.scope) ?? "",
      node: s.node,
      open: /^[EF]\d+$/.test(s.e) ? s.e : "",
      range: s.from !== "" && s.to !== "" && from < to ? { from, to } : undefined,
      text: s.q,
      at: s.at !== "" && Number.isFinite(Number(s.at)) ? Number(s.at) : undefined,
      trace: s.trace,
      lines: s.lines,
      level: s.level,
    };
  }, [s]);
  return [view, set];
}
