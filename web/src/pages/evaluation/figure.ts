import { useTranslation } from "react-i18next";
import { formatNumber, formatShare } from "../../lib/format";

/** Words and numbers of figures in the user's language. */
export function useFigure() {
  const { t, i18n } = useTranslation("insight");
  const lang = i18n.language;
  return {
    /** A figure that the page has no words for keeps the name that the report gives it. */
    name: (f: { key: string; name: string }) => (i18n.exists(`insight:score.${f.key}`) ? t(`score.${f.key}`) : f.name),
    value: (v: number | null, unit = "") => {
      if (v === null) return "–";
      if (unit === "") return formatShare(v, lang, 1);
      const key = unit.replaceAll(" ", "_");
      return `${formatNumber(v, lang)} ${i18n.exists(`insight:evalUnit.${key}`) ? t(`evalUnit.${key}`) : unit}`;
    },
  };
}
