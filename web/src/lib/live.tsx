// The one stream of the whole page: changes of incidents, storms of alerts, the
// queue. It closes while the page is hidden, so that a few open tabs do not use
// up the browser's connections to the service, and everything is read afresh
// when it is back.

import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { href } from "./api";
import { openStream, type Stream, type StreamEvent, type StreamState } from "./sse";

export type LiveState = "connecting" | "live" | "offline" | "paused";

type Listener = (data: unknown) => void;

interface Live {
  state: LiveState;
  /** When the connection was lost, in milliseconds since 1970; 0: it is not lost. */
  since: number;
  on: (event: string, f: Listener) => () => void;
  retry: () => void;
}

const idle: Live = { state: "connecting", since: 0, on: () => () => undefined, retry: () => undefined };
const Context = createContext<Live>(idle);

/** How long a hidden page keeps its stream, in milliseconds. */
const hiddenFor = 30_000;

/** Holds the stream open for the pages below it, while it is active. */
export function LiveProvider({ children, active = true }: { children: ReactNode; active?: boolean }) {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>("connecting");
  const [since, setSince] = useState(0);
  const listeners = useRef(new Map<string, Set<Listener>>());
  const stream = useRef<Stream | null>(null);
  const lost = useRef(false);

  useEffect(() => {
    if (!active) return;
    const onEvent = (e: StreamEvent) => {
      const data: unknown = parse(e.data);
      for (const f of listeners.current.get(e.event) ?? []) f(data);
    };
    const onState = (s: StreamState, failures: number) => {
      if (s === "live") {
        if (lost.current) void client.invalidateQueries();
        lost.current = false;
        setSince(0);
        setState("live");
      } else if (s === "waiting") {
        lost.current = true;
        // One short break is not worth a banner.
        if (failures >= 2) {
          setState("offline");
          setSince((v) => v || Date.now());
        }
      }
    };
    const open = () => {
      stream.current ??= openStream({ url: href("/events"), onEvent, onState });
    };
    const pause = () => {
      stream.current?.close();
      stream.current = null;
      lost.current = true;
      setState("paused");
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const visibility = () => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(pause, hiddenFor);
      else open();
    };
    const online = () => stream.current?.wake();
    open();
    document.addEventListener("visibilitychange", visibility);
    window.addEventListener("online", online);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", visibility);
      window.removeEventListener("online", online);
      stream.current?.close();
      stream.current = null;
    };
  }, [client, active]);

  const live = useMemo<Live>(
    () => ({
      state,
      since,
      retry: () => stream.current?.wake(),
      on: (event, f) => {
        const set = listeners.current.get(event) ?? new Set();
        listeners.current.set(event, set.add(f));
        return () => set.delete(f);
      },
    }),
    [state, since],
  );
  return <Context.Provider value={live}>{children}</Context.Provider>;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The state of the stream. */
export function useLive(): Live {
  return useContext(Context);
}

/** Calls f for every event of that name while the component is shown. */
export function useLiveEvent<T>(event: string, f: (data: T) => void): void {
  const { on } = useContext(Context);
  const latest = useRef(f);
  useEffect(() => {
    latest.current = f;
  });
  useEffect(() => on(event, (d) => latest.current(d as T)), [on, event]);
}
