import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { api } from "./api";
import type { Vocabulary } from "./types";

/** The words of the service for a role, in the language of the page; its ID while they are read. */
export function useRoleWord(): (id: string) => string {
  const { i18n } = useTranslation();
  const lang = i18n.language;
  const roles = useQuery({
    queryKey: ["vocabulary", lang],
    queryFn: () => api.get<Vocabulary>("/vocabulary", { lang }),
    staleTime: Infinity,
  }).data?.roles;
  return useCallback((id) => roles?.find((r) => r.id === id)?.name ?? id.replaceAll("_", " "), [roles]);
}
