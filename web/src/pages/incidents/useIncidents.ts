import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, type QueryValue } from "../../lib/api";
import { mergeHead, patchItem, putOnTop, useCursorList, type Pages } from "../../lib/cursorlist";
import { incidentsKey } from "../../lib/keys";
import { useLiveEvent } from "../../lib/live";
import type { Incident, List } from "../../lib/types";
import { narrowed, toQuery, type Filters } from "./filters";

/** The incidents that pass the filters, kept current by the stream. */
export function useIncidents(filters: Filters) {
  const query = toQuery(filters);
  const list = useCursorList<Incident>(incidentsKey, "/incidents", query, 200);
  useLiveIncidents(query, !narrowed(filters) && filters.sort === "-opened");
  return list;
}

/**
 * Puts changed incidents in place. One that the list does not hold goes on top of the newest of all, if it is newer;
 * of a narrowed list the head is read anew: at once, and then at most once a second.
 */
function useLiveIncidents(query: Record<string, QueryValue>, newest: boolean) {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const readAt = useRef(-Infinity);
  const key = [...incidentsKey, query];
  useEffect(() => () => clearTimeout(timer.current), []);
  const readHead = async () => {
    timer.current = undefined;
    readAt.current = performance.now();
    try {
      const head = await api.get<List<Incident>>("/incidents", { ...query, limit: 50 });
      client.setQueryData<Pages<Incident>>(key, (d) => (d ? mergeHead(d, head, (i) => i.id) : d));
    } catch {
      // The next change or reconnect reads it again.
    }
  };
  useLiveEvent<Incident | null>("incident", (incident) => {
    if (incident === null) return;
    const old = client.getQueryData<Pages<Incident>>(key);
    if (!old) return;
    if (old.pages.some((p) => p.items.some((i) => i.id === incident.id))) {
      client.setQueryData(
        key,
        (d: Pages<Incident> | undefined) =>
          d &&
          patchItem(
            d,
            (i) => i.id === incident.id,
            (i) => (incident.version >= i.version ? incident : i),
          ),
      );
    } else if (newest) {
      client.setQueryData<Pages<Incident>>(key, (d) => d && putOnTop(d, incident, (i) => Date.parse(i.opened)));
    } else {
      const wait = readAt.current + 1000 - performance.now();
      timer.current ??= setTimeout(() => void readHead(), Math.max(0, wait));
    }
  });
}
