// A list that is read page by page with a cursor, and kept current by events:
// what changed is put in place, what is new comes on top, nothing else moves.

import { useInfiniteQuery, type InfiniteData } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, type QueryValue } from "./api";
import type { List } from "./types";

export type Pages<T> = InfiniteData<List<T>, string | null>;

/** Reads a list page by page. `items` are all that were read so far. */
export function useCursorList<T>(
  key: readonly unknown[],
  path: string,
  query: Record<string, QueryValue>,
  limit = 100,
) {
  const q = useInfiniteQuery({
    queryKey: [...key, query],
    queryFn: ({ pageParam, signal }) => api.get<List<T>>(path, { ...query, limit, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const items = useMemo(() => q.data?.pages.flatMap((p) => p.items) ?? [], [q.data]);
  const first = q.data?.pages[0];
  return { ...q, items, total: first?.total, more: first?.more ?? false };
}

/** The pages with one item replaced where it is among them; the same object where it is not, or nothing is newer. */
export function patchItem<T>(data: Pages<T>, same: (t: T) => boolean, next: (t: T) => T): Pages<T> {
  let changed = false;
  const pages = data.pages.map((p) => {
    const at = p.items.findIndex(same);
    const old = p.items[at];
    if (old === undefined) return p;
    const now = next(old);
    if (now === old) return p;
    changed = true;
    return { ...p, items: p.items.with(at, now) };
  });
  return changed ? { ...data, pages } : data;
}

/** The pages with a freshly read head: known items are replaced in place, unknown ones come on top in their order. */
export function mergeHead<T>(data: Pages<T>, head: List<T>, id: (t: T) => string): Pages<T> {
  const first = data.pages[0];
  if (first === undefined) return data;
  const fresh = new Map(head.items.map((t) => [id(t), t]));
  const known = new Set<string>();
  const pages = data.pages.map((p) => ({
    ...p,
    items: p.items.map((t) => {
      known.add(id(t));
      return fresh.get(id(t)) ?? t;
    }),
  }));
  const added = head.items.filter((t) => !known.has(id(t)));
  const top = pages[0];
  if (top === undefined) return data;
  pages[0] = {
    ...top,
    items: [...added, ...top.items],
    ...(head.total === undefined ? {} : { total: head.total }),
    ...(head.more === undefined ? {} : { more: head.more }),
  };
  return { ...data, pages };
}

/** The pages of a list with the newest first, and an item on top that they do not hold; the same object if it is older than the first. */
export function putOnTop<T>(data: Pages<T>, item: T, at: (t: T) => number): Pages<T> {
  const [top, ...rest] = data.pages;
  if (top === undefined || (top.items[0] !== undefined && at(item) < at(top.items[0]))) return data;
  const total = top.total === undefined || top.more ? top.total : top.total + 1;
  return {
    ...data,
    pages: [{ ...top, items: [item, ...top.items], ...(total === undefined ? {} : { total }) }, ...rest],
  };
}
