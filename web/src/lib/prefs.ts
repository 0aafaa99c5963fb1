// What a user has chosen: kept by the service, in this browser while the
// service cannot be reached, and applied at once.

import { useSyncExternalStore } from "react";
import { api } from "./api";

export interface Preferences {
  /** "auto" follows the system. */
  scheme: "auto" | "light" | "dark";
  accent: string;
  density: "comfortable" | "compact";
  lang: string;
  /** Path and query where the user was last. */
  last_place: string;
  /** Panels of a page in their order, by page; those in `hidden` are not shown. */
  panels: Record<string, { order: string[]; hidden: string[] }>;
  /** Anything else that a part of the page remembers, by its name. */
  [key: string]: unknown;
}

export const defaults: Preferences = {
  scheme: "auto",
  accent: "blue",
  density: "comfortable",
  lang: "",
  last_place: "",
  panels: {},
};

const storageKey = "triagent.preferences";
const dirtyKey = "triagent.preferences.unsaved";

export interface PrefsStore {
  get: () => Preferences;
  /** Changes some; shown at once, sent to the service after a short while. */
  set: (patch: Partial<Preferences>) => void;
  subscribe: (f: () => void) => () => void;
  /** Reads what the service keeps, once for a user that has logged in. What was changed here while offline wins. */
  load: () => Promise<void>;
  /** Sends what is unsaved now. */
  flush: () => Promise<void>;
  /** Forgets the user: after log-out nothing is sent. */
  unload: () => void;
}

interface Remote {
  get: () => Promise<Partial<Preferences>>;
  put: (p: Preferences) => Promise<unknown>;
}

const service: Remote = {
  get: () => api.get<Partial<Preferences>>("/me/preferences"),
  put: (p) => api.put("/me/preferences", p),
};

function stored(): Preferences {
  try {
    return { ...defaults, ...(JSON.parse(localStorage.getItem(storageKey) ?? "{}") as Partial<Preferences>) };
  } catch {
    return defaults;
  }
}

/** A store of preferences that writes to remote `wait` milliseconds after the last change. */
export function newPrefs(remote: Remote = service, wait = 800): PrefsStore {
  let now = stored();
  let known = false; // a user is logged in
  let loading: Promise<void> | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const listeners = new Set<() => void>();
  const change = (next: Preferences) => {
    now = next;
    localStorage.setItem(storageKey, JSON.stringify(next));
    for (const f of listeners) f();
  };
  const later = () => {
    clearTimeout(timer);
    if (known) timer = setTimeout(() => void flush(), wait);
  };
  const flush = async () => {
    clearTimeout(timer);
    if (!known || localStorage.getItem(dirtyKey) === null) return;
    const sent = now;
    try {
      await remote.put(sent);
      if (now === sent) localStorage.removeItem(dirtyKey);
      else later();
    } catch {
      // It stays marked and goes out with the next change, or when the network is back.
    }
  };
  const load = async () => {
    known = true;
    if (localStorage.getItem(dirtyKey) !== null) return flush();
    try {
      change({ ...defaults, ...(await remote.get()) });
    } catch {
      // What this browser remembers is good enough.
    }
  };
  return {
    get: () => now,
    set: (patch) => {
      change({ ...now, ...patch });
      localStorage.setItem(dirtyKey, "1");
      later();
    },
    subscribe: (f) => {
      listeners.add(f);
      return () => listeners.delete(f);
    },
    load: () => (loading ??= load()),
    flush,
    unload: () => {
      clearTimeout(timer);
      known = false;
      loading = null;
    },
  };
}

/** The preferences of whoever uses this page. */
export const prefs = newPrefs();

if (typeof window !== "undefined") {
  window.addEventListener("online", () => void prefs.flush());
}

/** The preferences, kept current. */
export function usePreferences(): Preferences {
  return useSyncExternalStore(prefs.subscribe, prefs.get);
}

/** A part of the preferences under a name of its own, and its setter. */
export function usePreference<T>(name: string, initial: T): [T, (v: T) => void] {
  const all = usePreferences();
  const value = (all[name] as T | undefined) ?? initial;
  return [value, (v) => prefs.set({ [name]: v })];
}
