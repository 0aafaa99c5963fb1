import { AppShell, Burger, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { usePreference } from "../lib/prefs";
import { useKeys } from "../lib/ui/hotkeys";
import { KeyHelp } from "../lib/ui/KeyHelp";
import { OfflineBanner } from "../lib/ui/OfflineBanner";
import { UploadProvider, useUploads } from "../pages/upload/UploadProvider";
import { HeaderTools } from "./HeaderTools";
import { Logo } from "./Logo";
import { Nav } from "./Nav";
import { SearchBox } from "./SearchBox";
import classes from "./Shell.module.css";

/** Header, navigation and the page in between. */
export function Shell() {
  return (
    <UploadProvider>
      <Frame />
    </UploadProvider>
  );
}

function Frame() {
  const { t } = useTranslation("shell");
  const [menu, setMenu] = useDisclosure(false);
  const [narrow, setNarrow] = usePreference("nav_narrow", false);
  const [help, setHelp] = useDisclosure(false);
  const path = useRouterState({ select: (s) => s.location.pathname });
  useShellKeys(setHelp.open);
  useEffect(() => setMenu.close(), [path, setMenu]);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: narrow ? 60 : 208, breakpoint: "sm", collapsed: { mobile: !menu } }}
      transitionDuration={0}
    >
      <a href="#main" className={classes.skip}>
        {t("skip")}
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="sm" gap="sm" wrap="nowrap">
          <Burger opened={menu} onClick={setMenu.toggle} hiddenFrom="sm" size="sm" aria-label={t("menu.toggle")} />
          <Link to="/" className={classes.brand} aria-label={t("nav.incidents")}>
            <Logo />
            <Text fw={700} visibleFrom="md">
              Triagent
            </Text>
          </Link>
          <SearchBox />
          <HeaderTools onHelp={setHelp.open} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} component="div">
        <Nav narrow={narrow && !menu} onNarrow={() => setNarrow(!narrow)} />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} className={classes.main}>
        <OfflineBanner />
        <Outlet />
      </AppShell.Main>
      <KeyHelp opened={help} onClose={setHelp.close} />
    </AppShell>
  );
}

/** The keys that work everywhere: `?`, `u`, and `g` followed by a letter. */
function useShellKeys(help: () => void) {
  const navigate = useNavigate();
  const { open } = useUploads();
  const gAt = useRef(0);
  const go = (to: string) => () => {
    if (Date.now() - gAt.current < 1500) void navigate({ to });
    gAt.current = 0;
  };
  useKeys([
    { key: "?", run: help },
    { key: "u", run: open },
    { key: "g", run: () => void (gAt.current = Date.now()) },
    { key: "i", run: go("/") },
    { key: "t", run: go("/topology") },
  ]);
}
