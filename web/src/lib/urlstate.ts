import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

/** What a URL's query holds: every value is text. */
export type Search = Record<string, string>;

/** Reads a query string into text values; the last of equal names wins. */
export function parseSearch(query: string): Search {
  return Object.fromEntries(new URLSearchParams(query));
}

/** Writes text values as a query string with its "?", without the empty ones. */
export function stringifySearch(search: Record<string, unknown>): string {
  const p = new URLSearchParams();
  for (const [k, v] of Object.entries(search)) {
    if (v !== undefined && v !== null && v !== "") p.set(k, String(v));
  }
  const s = p.toString();
  return s ? `?${s}` : "";
}

/**
 * The state of a view, kept in the URL, so that a link shows what I see.
 * Fields that the URL lacks have the initial value and fields set to it leave
 * the URL. A change replaces the entry of the history unless `push` is set.
 */
export function useUrlState<T extends Search>(initial: T): [T, (patch: Partial<T>, push?: boolean) => void] {
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const key = JSON.stringify(initial);
  const state = useMemo(() => {
    const first = JSON.parse(key) as T;
    const out: Search = {};
    for (const k of Object.keys(first)) out[k] = search[k] ?? first[k] ?? "";
    return out as T;
  }, [key, search]);
  const set = useCallback(
    (patch: Partial<T>, push = false) => {
      const first = JSON.parse(key) as Search;
      void navigate({
        to: ".",
        replace: !push,
        resetScroll: false,
        search: ((old: Search) => {
          const next: Search = { ...old };
          for (const [k, v] of Object.entries(patch)) {
            if (v === undefined || v === first[k]) delete next[k];
            else next[k] = v as string;
          }
          return next;
        }) as never,
      });
    },
    [key, navigate],
  );
  return [state, set];
}

/** A list kept as one text with commas. */
export const splitList = (s: string): string[] => (s === "" ? [] : s.split(","));
