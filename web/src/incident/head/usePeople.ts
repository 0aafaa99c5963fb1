import { useQuery } from "@tanstack/react-query";
import { api } from "../../lib/api";

/** Somebody that an incident may be assigned to. */
export interface Person {
  id: string;
  display?: string;
  name?: string;
}

/** usePeople gives who there is, by their names. */
export function usePeople(on = true): Person[] {
  const q = useQuery({
    queryKey: ["users", "names"],
    queryFn: () => api.get<{ items: Person[] }>("/users"),
    enabled: on,
    retry: false,
    staleTime: 60_000,
  });
  return q.data?.items ?? [];
}

/** called is what a person is called: by display name, else by log-in name. */
export function called(p: Person): string {
  return p.display || p.name || p.id;
}
