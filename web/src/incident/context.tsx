import { createContext, useContext } from "react";
import type { Incident, Vocabulary } from "../lib/types";
import type { Index, Part } from "./model/derive";
import type { Diagnosis } from "./model/diagnosis";
import type { SetView, ViewState } from "./state";

/** What the parts of the page share. */
export interface Shared {
  incident: Incident;
  d: Diagnosis;
  index: Index;
  parts: Map<string, Part>;
  /** The node of the first cause; empty: none. */
  culprit: string;
  /** A diagnosis is under way: what is not there may still come. */
  running: boolean;
  view: ViewState;
  setView: SetView;
  /** Words the identifier of a fault, of a role. */
  fault: (id: string) => string;
  role: (id: string) => string;
  /** A text of the service with times in the user's zone. */
  say: (text: string) => string;
}

const Context = createContext<Shared | null>(null);

export const SharedProvider = Context.Provider;

export function useShared(): Shared {
  const shared = useContext(Context);
  if (!shared) throw new Error("a part of the incident page stands outside of it");
  return shared;
}

/** nameIn finds the word for an identifier; one without a word names itself, more readably. */
export function nameIn(list: Vocabulary["faults"] | undefined, id: string): string {
  return list?.find((x) => x.id === id)?.name ?? id.replaceAll("_", " ");
}
