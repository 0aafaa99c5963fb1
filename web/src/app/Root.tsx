import { Center, Modal, Stack } from "@mantine/core";
import { Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { setLang, languages } from "../lib/i18n";
import { LiveProvider } from "../lib/live";
import { usePreferences } from "../lib/prefs";
import { loggedOut, useSession } from "../lib/session";
import { ErrorPanel } from "../lib/ui/ErrorPanel";
import { ProgressAfter1s } from "../lib/ui/Loading";
import { DemoLogin, LoginForm, loginPath, LoginPage } from "./Login";
import { PublicFrame } from "./PublicFrame";
import { Shell } from "./Shell";
import { useLastPlace } from "./place";
import { useTitle } from "./title";

/** Pages that whoever holds a one-time link may open. */
const open = ["/setup", "/invite"];

/** What surrounds every page: log-in first, then header and navigation. */
export function Root() {
  const { t } = useTranslation("shell");
  const session = useSession();
  const path = useRouterState({ select: (s) => s.location.pathname });
  useLanguage();
  useTitle(path, Boolean(session.data?.user ?? session.data?.ended));
  if (open.includes(path)) {
    return (
      <PublicFrame>
        <Outlet />
      </PublicFrame>
    );
  }
  if (session.isPending) {
    return (
      <Center h="60vh">
        <ProgressAfter1s what={t("connecting")} />
      </Center>
    );
  }
  if (session.isError) {
    return (
      <PublicFrame>
        <ErrorPanel error={session.error} onRetry={() => void session.refetch()} />
      </PublicFrame>
    );
  }
  const { user, ended } = session.data;
  if (!user && !ended) {
    const guest = session.data.demo && !loggedOut() && path !== loginPath;
    return guest ? <DemoLogin session={session.data} /> : <LoginPage session={session.data} />;
  }
  return (
    <LiveProvider key={user?.id ?? ended?.id ?? ""} active={user !== null}>
      <Inside />
      <Modal opened={!user} onClose={() => undefined} withCloseButton={false} title={t("login.again")} centered>
        <Stack>
          <LoginForm session={session.data} name={ended?.name ?? ""} />
        </Stack>
      </Modal>
    </LiveProvider>
  );
}

function Inside() {
  useLastPlace();
  return <Shell />;
}

/** The language that the user chose on another machine comes with the preferences. */
function useLanguage() {
  const { i18n } = useTranslation();
  const { lang } = usePreferences();
  useEffect(() => {
    const known = languages.find((l) => l.id === lang);
    if (known && known.id !== i18n.language) void setLang(known.id);
  }, [lang, i18n]);
}
