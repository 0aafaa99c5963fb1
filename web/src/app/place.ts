import { useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { prefs } from "../lib/prefs";
import { parseSearch } from "../lib/urlstate";

const flag = "triagent.restored";

/** Remembers where the user is, and goes there when a new window opens the plain address of the service. */
export function useLastPlace(): void {
  const navigate = useNavigate();
  const href = useRouterState({ select: (s) => s.location.href });
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) {
      prefs.set({ last_place: href });
      return;
    }
    first.current = false;
    const fresh = sessionStorage.getItem(flag) === null;
    sessionStorage.setItem(flag, "1");
    if (href !== "/" || !fresh) return;
    void prefs.load().then(() => {
      const [path, query] = prefs.get().last_place.split("?");
      if (path && path !== "/" && path.startsWith("/") && !path.startsWith("//")) {
        void navigate({ to: path, search: parseSearch(query ?? "") as never, replace: true });
      }
    });
  }, [href, navigate]);
}
