import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api } from "../../lib/api";
import { incidentKey } from "../../lib/keys";
import type { Incident } from "../../lib/types";

/** The fault that stands for none: nothing was wrong. */
export const NOTHING = "none";

/** What a person says of a diagnosis. */
export interface Opinion {
  verdict: "right" | "wrong";
  node?: string;
  fault?: string;
  note?: string;
}

/** An opinion that is kept: whose it is, of which attempt, and since when. */
export interface Given extends Required<Opinion> {
  id: number;
  attempt: number;
  user: string;
  at: string;
}

export const feedbackKey = (id: string) => [...incidentKey(id), "feedback"] as const;
export const feedbackPath = (id: string) => `/incidents/${encodeURIComponent(id)}/feedback`;

/** useFeedback reads what people said of an incident, newest first; anew with every change of it. */
export function useFeedback(i: Incident): Given[] {
  const q = useQuery({
    queryKey: [...feedbackKey(i.id), i.version],
    queryFn: () => api.get<{ items: Given[] }>(feedbackPath(i.id)),
    placeholderData: keepPreviousData,
    retry: false,
  });
  return q.data?.items ?? [];
}
