import { keepPreviousData, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError, href } from "../lib/api";
import { incidentKey } from "../lib/keys";
import { useLiveEvent } from "../lib/live";
import { openStream } from "../lib/sse";
import type { Incident } from "../lib/types";
import type { Diagnosis } from "./model/diagnosis";
import { begin, foldAll, type Live, type LiveEvent } from "./model/fold";

/** How long events are gathered before the page is drawn again, in ms. */
const GATHER = 120;

/** How long the stream stays open for the last steps of a diagnosis that has ended, in ms. */
const GRACE = 2000;

/** useIncident reads an incident and keeps it current. */
export function useIncident(id: string) {
  const client = useQueryClient();
  useLiveEvent<Incident>("incident", (i) => {
    if (i.id === id) keep(client, i);
  });
  return useQuery({
    queryKey: incidentKey(id),
    queryFn: ({ signal }) => api.get<Incident>(`/incidents/${encodeURIComponent(id)}`, {}, signal),
  });
}

/** busy says that a diagnosis is under way or waits for its turn. */
export function busy(i: Incident): boolean {
  return i.progress === "queued" || i.progress === "running" || i.progress === "waiting";
}

/** useDiagnosis reads the last finished diagnosis; null: none is finished. */
export function useDiagnosis(i: Incident) {
  const { i18n } = useTranslation();
  const lang = i18n.language;
  return useQuery({
    queryKey: [...incidentKey(i.id), "diagnosis", lang, busy(i) ? "before" : `${String(i.attempt)}-${i.progress}`],
    staleTime: Infinity,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      try {
        return await api.get<Diagnosis>(`/incidents/${encodeURIComponent(i.id)}/diagnosis`, { lang }, signal);
      } catch (e) {
        if (e instanceof ApiError && e.status === 404) return null;
        throw e;
      }
    },
  });
}

/**
 * useRun follows the events of a diagnosis while it is under way. The stream resumes where it broke; a
 * new attempt starts afresh. What was found stays until the page is left, so that nothing jumps at the end.
 */
export function useRun(i: Incident): Live {
  const client = useQueryClient();
  const { i18n } = useTranslation();
  const [live, setLive] = useState(() => begin(i.id, 0));
  const [follow, setFollow] = useState(false);
  const lang = i18n.language;
  const id = i.id;
  if (busy(i) && !follow) setFollow(true);
  useEffect(() => {
    if (!follow) return;
    let waiting: LiveEvent[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last: ReturnType<typeof setTimeout> | undefined;
    let now = begin(id, 0);
    const flush = () => {
      timer = undefined;
      now = foldAll(now, waiting);
      waiting = [];
      setLive(now);
      if (now.progress !== "done" && now.progress !== "failed") return;
      void client.invalidateQueries({ queryKey: incidentKey(id), exact: true });
      // The state may arrive before the steps that led to it.
      if (now.closed) setFollow(false);
      else last ??= setTimeout(() => setFollow(false), GRACE);
    };
    const stream = openStream({
      url: href(`/incidents/${encodeURIComponent(id)}/events`, { lang }),
      onEvent: (e) => {
        const parsed = parse(e.event, e.data);
        if (!parsed) return;
        if (parsed.event === "incident") keep(client, parsed.data);
        waiting.push(parsed);
        timer ??= setTimeout(flush, GATHER);
      },
    });
    return () => {
      clearTimeout(timer);
      clearTimeout(last);
      stream.close();
    };
  }, [client, id, lang, follow]);
  return live;
}

/** keep remembers an incident unless a newer one is known. */
function keep(client: QueryClient, i: Incident): void {
  client.setQueryData<Incident>(incidentKey(i.id), (old) => (old && old.version > i.version ? old : i));
}

const names = new Set(["step", "state", "reset", "incident"]);

function parse(event: string, data: string): LiveEvent | null {
  if (!names.has(event)) return null;
  try {
    return { event, data: JSON.parse(data) as unknown } as LiveEvent;
  } catch {
    return null; // a line that was cut; the next reconnect brings it again
  }
}
