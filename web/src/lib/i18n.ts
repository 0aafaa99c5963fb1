import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { setApiLang } from "./api";

/** The languages of the page, each with its own name. */
export const languages = [
  { id: "en", name: "English" },
  { id: "zh", name: "中文" },
] as const;

export type Lang = (typeof languages)[number]["id"];

const files = import.meta.glob<{ default: object }>("../locales/*/*.json");

// One file a language and namespace, read when it is first needed.
const backend = {
  type: "backend" as const,
  init: () => undefined,
  read: (lang: string, ns: string, done: (e: unknown, data: object | null) => void) => {
    const load = files[`../locales/${lang}/${ns}.json`];
    if (!load) return done(new Error(`no texts ${lang}/${ns}`), null);
    load().then(
      (m) => done(null, m.default),
      (e: unknown) => done(e, null),
    );
  },
};

/** The language that was chosen, else the browser's, else English. */
export function firstLang(): Lang {
  const saved = localStorage.getItem("triagent.lang");
  const wanted = [saved ?? "", ...navigator.languages];
  for (const w of wanted) for (const l of languages) if (w.toLowerCase().startsWith(l.id)) return l.id;
  return "en";
}

/** Prepares the texts; ends when those of the shell are there. */
export async function startI18n(lang: Lang = firstLang()): Promise<void> {
  i18next.on("languageChanged", (l) => {
    setApiLang(l);
    document.documentElement.lang = l === "zh" ? "zh-CN" : l;
  });
  await i18next
    .use(backend)
    .use(initReactI18next)
    .init({
      lng: lang,
      fallbackLng: false,
      ns: ["common", "shell"],
      defaultNS: "common",
      interpolation: { escapeValue: false },
    });
}

/** Switches the language and remembers it in this browser. */
export async function setLang(lang: Lang): Promise<void> {
  localStorage.setItem("triagent.lang", lang);
  await i18next.changeLanguage(lang);
}
