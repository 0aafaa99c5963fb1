import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { incidentKey } from "../../lib/keys";
import { useShared } from "../context";
import type { TimelineFile } from "../model/timeline";

/** useTimeline reads the roles, changes and alerts around the incident. */
export function useTimeline() {
  const { incident, running } = useShared();
  const { i18n } = useTranslation();
  const lang = i18n.language;
  return useQuery({
    queryKey: [...incidentKey(incident.id), "timeline", lang, incident.attempt, running],
    queryFn: ({ signal }) =>
      api.get<TimelineFile>(`/incidents/${encodeURIComponent(incident.id)}/timeline`, { lang }, signal),
    staleTime: Infinity,
    retry: 1,
  });
}
