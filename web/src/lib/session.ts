import { useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { api, setCsrf } from "./api";
import { prefs } from "./prefs";
import type { Role, Session } from "./types";

export const sessionKey = ["session"];

const leftFlag = "triagent.logged_out";

/** Whether somebody logged out in this window and nobody logged in since. */
export const loggedOut = () => sessionStorage.getItem(leftFlag) !== null;

async function read(): Promise<Session> {
  return take(await api.get<Session>("/session"));
}

function take(s: Session): Session {
  setCsrf(s.csrf);
  if (s.user) {
    sessionStorage.removeItem(leftFlag);
    void prefs.load();
  } else prefs.unload();
  return s;
}

/** Reads who is logged in, once. */
export const sessionQuery = {
  queryKey: sessionKey,
  queryFn: read,
  staleTime: Infinity,
  gcTime: Infinity,
  refetchOnWindowFocus: false,
} as const;

/** Who is logged in. */
export function useSession() {
  return useQuery(sessionQuery);
}

const rank: Record<Role, number> = { viewer: 1, operator: 2, approver: 3, admin: 4 };

/** Whether whoever is logged in may do what needs that role. The service decides; this only hides what it would refuse. */
export function useCan(role: Role): boolean {
  const { data } = useSession();
  const user = data?.user ?? data?.ended;
  return user ? rank[user.role] >= rank[role] : false;
}

/** Takes the answer of a log-in. Everything that was read before is forgotten, unless the same user has come back. */
export function useTakeSession() {
  const client = useQueryClient();
  return useCallback(
    (s: Session) => {
      const old = client.getQueryData<Session>(sessionKey);
      const before = old?.user?.id ?? old?.ended?.id;
      client.setQueryData(sessionKey, take(s));
      if (before !== undefined && before !== s.user?.id)
        client.removeQueries({ predicate: (q) => q.queryKey[0] !== "session" });
      else void client.invalidateQueries({ predicate: (q) => q.queryKey[0] !== "session" });
    },
    [client],
  );
}

/** Notes that the service no longer knows the session; what is on the page stays until someone logs in again. */
export function sessionEnded(client: QueryClient): void {
  client.setQueryData<Session>(sessionKey, (s) => (s?.user ? { ...s, user: null, csrf: null, ended: s.user } : s));
}

/** Logs out here and at the service. */
export function useLogOut() {
  const client = useQueryClient();
  return useCallback(async () => {
    await prefs.flush();
    prefs.unload();
    await api.delete("/session");
    sessionStorage.setItem(leftFlag, "1");
    client.removeQueries({ predicate: (q) => q.queryKey[0] !== "session" });
    await client.invalidateQueries({ queryKey: sessionKey });
  }, [client]);
}
