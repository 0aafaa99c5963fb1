/** The panels of the page in their first order. */
export const PANELS = ["why", "graph", "causes", "timeline", "evidence", "plan", "about"] as const;

export type PanelName = (typeof PANELS)[number];

/** How a user arranged the panels. */
export interface Arrangement {
  order: string[];
  hidden: string[];
}

/** arranged gives every panel once: in the user's order, with those it does not know where they stand at first. */
export function arranged(a: Arrangement | undefined): PanelName[] {
  const known = (a?.order ?? []).filter((n): n is PanelName => (PANELS as readonly string[]).includes(n));
  const out = [...new Set(known)];
  PANELS.forEach((n, i) => {
    if (!out.includes(n)) out.splice(Math.min(i, out.length), 0, n);
  });
  return out;
}

/** visible gives the panels that are shown, in order. */
export function visible(a: Arrangement | undefined): PanelName[] {
  return arranged(a).filter((n) => !(a?.hidden ?? []).includes(n));
}

/** moved swaps a panel with the shown one before (-1) or after it (1). At an end nothing changes. */
export function moved(a: Arrangement | undefined, name: PanelName, by: -1 | 1): Arrangement {
  const order = arranged(a);
  const shown = visible(a);
  const other = shown[shown.indexOf(name) + by];
  const hidden = a?.hidden ?? [];
  if (!shown.includes(name) || other === undefined) return { order, hidden };
  const i = order.indexOf(name);
  const j = order.indexOf(other);
  order[i] = other;
  order[j] = name;
  return { order, hidden };
}

/** shown hides a panel or shows it again. */
export function toggled(a: Arrangement | undefined, name: PanelName, show: boolean): Arrangement {
  const hidden = (a?.hidden ?? []).filter((n) => n !== name);
  return { order: arranged(a), hidden: show ? hidden : [...hidden, name] };
}
