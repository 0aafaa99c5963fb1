import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { nav } from "./nav";

/** The key of what the tab of a page is called; null: the page says so itself. */
export function titleKey(path: string, known: boolean): string | null {
  if (path === "/setup") return "setup.title";
  if (path === "/invite") return "invite.title";
  if (!known) return "login.title";
  if (path.startsWith("/incidents/")) return null;
  const of = nav.flat().find((n) => n.to === path || (n.to !== "/" && path.startsWith(`${n.to}/`)));
  return of ? `nav.${of.text}` : "notFound.title";
}

/** Names the tab after the page. */
export function useTitle(path: string, known: boolean): void {
  const { t } = useTranslation("shell");
  const key = titleKey(path, known);
  useEffect(() => {
    if (key !== null) document.title = `${t(key)} · Triagent`;
  }, [key, t]);
}
