// Editing with optimistic locking: a change carries the version it was made
// from. Where someone else was faster, what was typed stays, what they changed
// is shown, and the user decides.

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "./api";

export interface Loaded<T> {
  data: T;
  version: number;
}

/** A field that someone else changed since it was read. */
export interface Conflict {
  field: string;
  before: unknown;
  theirs: unknown;
  mine: unknown;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** What they changed between `base` and `theirs`, beside what `mine` says. */
export function conflicts(base: object, theirs: object, mine: object): Conflict[] {
  const at = (o: object, k: string) => (o as Record<string, unknown>)[k];
  const fields = new Set([...Object.keys(base), ...Object.keys(theirs)]);
  return [...fields]
    .filter((f) => f !== "version" && !same(at(base, f), at(theirs, f)))
    .map((field) => ({ field, before: at(base, field), theirs: at(theirs, field), mine: at(mine, field) }));
}

/** Their state with my changes on top: of fields that both changed, mine stay. */
export function rebase<T extends object>(base: T, theirs: T, mine: T): T {
  const out: Record<string, unknown> = { ...(theirs as Record<string, unknown>) };
  for (const [k, v] of Object.entries(mine)) {
    if (!same((base as Record<string, unknown>)[k], v)) out[k] = v;
  }
  return out as T;
}

interface Edit<T> {
  /** What was read. */
  loaded: Loaded<T>;
  /** Reads it again. */
  reload: () => Promise<Loaded<T>>;
  /** Sends a change made from that version. */
  send: (draft: T, version: number) => Promise<unknown>;
  onSaved?: () => void;
}

/** The state of a form over something that others may edit too. */
export function useEdit<T extends object>({ loaded, reload, send, onSaved }: Edit<T>) {
  const [base, setBase] = useState(loaded);
  const [draft, setDraft] = useState(loaded.data);
  const [theirs, setTheirs] = useState<Loaded<T> | null>(null);
  const dirty = !same(base.data, draft);
  if (loaded.version > base.version && !dirty && theirs === null) {
    setBase(loaded);
    setDraft(loaded.data);
  }
  const save = useMutation({
    mutationFn: (v: Loaded<T>) => send(v.data, v.version),
    onSuccess: (_, v) => {
      setBase({ data: v.data, version: base.version });
      setTheirs(null);
      onSaved?.();
    },
    onError: async (e) => {
      if (e instanceof ApiError && e.stale) setTheirs(await reload());
    },
  });
  const take = (data: T) => {
    if (theirs === null) return;
    setBase(theirs);
    setDraft(data);
    setTheirs(null);
    save.reset();
  };
  return {
    draft,
    dirty,
    set: (patch: Partial<T>) => setDraft((d) => ({ ...d, ...patch })),
    save: () => save.mutate({ data: draft, version: base.version }),
    saving: save.isPending,
    /** What went wrong, other than that someone else was faster. */
    error: save.isError && !(save.error instanceof ApiError && save.error.stale) ? save.error : null,
    conflicts: theirs === null ? [] : conflicts(base.data, theirs.data, draft),
    stale: theirs !== null,
    keepMine: () => theirs && take(rebase(base.data, theirs.data, draft)),
    takeTheirs: () => theirs && take(theirs.data),
    reset: () => setDraft(base.data),
  };
}
