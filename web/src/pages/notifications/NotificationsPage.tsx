import { useTranslation } from "react-i18next";
import { PageFrame, PageTabs } from "../../lib/ui/PageFrame";
import { useUrlState } from "../../lib/urlstate";
import { Channels } from "./Channels";
import { Deliveries } from "./Deliveries";
import { RoutingTab } from "./RoutingTab";

/** Who is told what, by which way, and whether it arrived. */
export default function NotificationsPage() {
  const { t } = useTranslation("admin");
  const [{ tab }, set] = useUrlState({ tab: "channels" });
  return (
    <PageFrame title={t("notifications.title")} hint={t("notifications.hint")}>
      <PageTabs
        label={t("notifications.title")}
        value={tab}
        onChange={(v) => set({ tab: v })}
        tabs={[
          { id: "channels", name: t("notifications.channels"), body: <Channels /> },
          { id: "routing", name: t("notifications.routing"), body: <RoutingTab /> },
          { id: "deliveries", name: t("notifications.deliveries"), body: <Deliveries /> },
        ]}
      />
    </PageFrame>
  );
}
