import { prefs, usePreferences } from "../../lib/prefs";
import { moved, toggled, visible, type Arrangement, type PanelName } from "../model/panels";

function save(a: Arrangement): void {
  prefs.set({ panels: { ...prefs.get().panels, incident: a } });
}

/** useArrangement is how the user arranged the page. */
export function useArrangement() {
  const { panels } = usePreferences();
  const now = panels.incident;
  return {
    now,
    show: (name: PanelName, on: boolean) => save(toggled(now, name, on)),
    reset: () => save({ order: [], hidden: [] }),
  };
}

/** usePanels moves and hides one panel. */
export function usePanels(name: PanelName) {
  const { now } = useArrangement();
  const shown = visible(now);
  return {
    first: shown[0] === name,
    last: shown[shown.length - 1] === name,
    move: (by: -1 | 1) => save(moved(now, name, by)),
    hide: () => save(toggled(now, name, false)),
  };
}
