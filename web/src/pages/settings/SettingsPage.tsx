import { useTranslation } from "react-i18next";
import { PageFrame, PageTabs } from "../../lib/ui/PageFrame";
import { useUrlState } from "../../lib/urlstate";
import { About } from "./About";
import { Appearance } from "./Appearance";
import { ServiceSettings } from "./ServiceSettings";

/** How the page looks for me, how the service behaves for all, and what runs. */
export default function SettingsPage() {
  const { t } = useTranslation("admin");
  const [{ tab }, set] = useUrlState({ tab: "" });
  return (
    <PageFrame title={t("settings.title")}>
      <PageTabs
        label={t("settings.title")}
        value={tab}
        onChange={(v) => set({ tab: v })}
        tabs={[
          { id: "appearance", name: t("settings.appearance"), body: <Appearance /> },
          { id: "service", name: t("settings.service"), body: <ServiceSettings /> },
          { id: "about", name: t("settings.about"), body: <About /> },
        ]}
      />
    </PageFrame>
  );
}
