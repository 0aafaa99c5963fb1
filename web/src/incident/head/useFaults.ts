import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import type { Vocabulary } from "../../lib/types";

/** useFaults gives the faults to choose from, worded. */
export function useFaults(): { value: string; label: string }[] {
  const { i18n } = useTranslation();
  const lang = i18n.language;
  const words = useQuery({
    queryKey: ["vocabulary", lang],
    queryFn: () => api.get<Vocabulary>("/vocabulary", { lang }),
    staleTime: Infinity,
  });
  return (words.data?.faults ?? []).map((f) => ({ value: f.id, label: f.name }));
}
