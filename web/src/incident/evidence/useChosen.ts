import { useMemo } from "react";
import { useShared } from "../context";
import type { Evidence } from "../model/diagnosis";
import { byTab, chosen, TABS, type Scope } from "../model/evidence";

/** useChosen is the evidence that the switches on the page let through, and the switch that is in force. */
export function useChosen(): { list: Evidence[]; scope: Scope; order: Evidence[] } {
  const { d, view, culprit } = useShared();
  const scope: Scope = culprit === "" ? "all" : view.scope || "culprit";
  const { node, text } = view;
  const list = useMemo(
    () =>
      chosen(d, { scope: node === "" ? scope : "all", culprit, text }).filter(
        (e) => node === "" || e.node === node || e.peer === node,
      ),
    [d, scope, culprit, text, node],
  );
  const order = useMemo(() => {
    const groups = byTab(list);
    return TABS.flatMap((t) => groups[t]);
  }, [list]);
  return { list, scope, order };
}
