import { Kbd, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useKeys } from "../lib/ui/hotkeys";
import { parseSearch } from "../lib/urlstate";

/** Pages that search their own list by `q`; from all others one searches incidents. */
const own = ["/", "/alerts"];

/** The search of the page: `/` goes there, typing filters, the text is in the URL. */
export function SearchBox() {
  const { t } = useTranslation("shell");
  const navigate = useNavigate();
  const location = useRouterState({ select: (s) => s.location });
  const inUrl = own.includes(location.pathname) ? (parseSearch(location.searchStr).q ?? "") : "";
  const [text, setText] = useState(inUrl);
  const [seen, setSeen] = useState(inUrl);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  if (inUrl !== seen) {
    setSeen(inUrl);
    if (inUrl !== text.trim()) setText(inUrl);
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const go = (q: string) => {
    clearTimeout(timer.current);
    const here = own.includes(location.pathname);
    const search = { ...(here ? parseSearch(location.searchStr) : {}), q };
    void navigate({ to: here ? location.pathname : "/", search: search as never, replace: here });
  };
  useKeys([{ key: "/", run: () => input.current?.select() }]);
  return (
    <TextInput
      ref={input}
      type="search"
      role="searchbox"
      aria-label={t("search.label")}
      placeholder={location.pathname === "/alerts" ? t("search.alerts") : t("search.incidents")}
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={text === "" ? <Kbd size="xs">/</Kbd> : null}
      size="xs"
      style={{ flex: 1, maxWidth: 520, minWidth: 0 }}
      value={text}
      onChange={(e) => {
        const q = e.currentTarget.value;
        setText(q);
        clearTimeout(timer.current);
        if (own.includes(location.pathname)) timer.current = setTimeout(() => go(q.trim()), 250);
      }}
      onKeyDown={(e) => {
        if (e.key === "Enter") go(text.trim());
        if (e.key === "Escape") e.currentTarget.blur();
      }}
    />
  );
}
