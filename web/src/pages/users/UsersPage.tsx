import { useTranslation } from "react-i18next";
import { useCan } from "../../lib/session";
import { PageFrame, PageTabs } from "../../lib/ui/PageFrame";
import { useUrlState } from "../../lib/urlstate";
import { AllTokens, MyTokens } from "./Tokens";
import { MyPassword } from "./MyPassword";
import { MySessions } from "./MySessions";
import { Users } from "./Users";

/** Accounts and API tokens: everybody's for an admin, one's own for all. */
export default function UsersPage() {
  const { t } = useTranslation("admin");
  const admin = useCan("admin");
  const [{ tab }, set] = useUrlState({ tab: "" });
  const mine = [
    { id: "me", name: t("users.myTokens"), body: <MyTokens /> },
    { id: "sessions", name: t("users.mySessions"), body: <MySessions /> },
    { id: "password", name: t("users.myPassword"), body: <MyPassword /> },
  ];
  const all = [
    { id: "users", name: t("users.users"), body: <Users /> },
    { id: "tokens", name: t("users.allTokens"), body: <AllTokens /> },
  ];
  return (
    <PageFrame title={t("users.title")}>
      <PageTabs
        label={t("users.title")}
        value={tab}
        onChange={(v) => set({ tab: v })}
        tabs={admin ? [...all, ...mine] : mine}
      />
    </PageFrame>
  );
}
