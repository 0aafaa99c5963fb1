import { ActionIcon, Avatar, Button, Group, Menu, Text, Tooltip, UnstyledButton, VisuallyHidden } from "@mantine/core";
import {
  IconDeviceDesktop,
  IconHelp,
  IconKey,
  IconLanguage,
  IconLogout,
  IconMoon,
  IconPlugConnectedX,
  IconSun,
  IconUpload,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { languages, setLang } from "../lib/i18n";
import { useLive } from "../lib/live";
import { prefs, usePreferences } from "../lib/prefs";
import { useCan, useLogOut, useSession } from "../lib/session";
import { useUploads } from "../pages/upload/UploadProvider";

/** The right end of the header: upload, connection, language, theme, help, user. */
export function HeaderTools({ onHelp }: { onHelp: () => void }) {
  const { t } = useTranslation("shell");
  const { open } = useUploads();
  const can = useCan("operator");
  return (
    <Group gap={6} wrap="nowrap" ml="auto">
      {can && (
        <>
          <Button size="xs" leftSection={<IconUpload size={15} />} onClick={open} visibleFrom="md">
            {t("upload.button")}
          </Button>
          <ActionIcon aria-label={t("upload.button")} onClick={open} hiddenFrom="md" variant="light">
            <IconUpload size={17} />
          </ActionIcon>
        </>
      )}
      <LiveSign />
      <LanguageMenu />
      <SchemeMenu />
      <Tooltip label={t("menu.help")}>
        <ActionIcon variant="subtle" color="gray" aria-label={t("menu.help")} onClick={onHelp} visibleFrom="sm">
          <IconHelp size={18} />
        </ActionIcon>
      </Tooltip>
      <UserMenu />
    </Group>
  );
}

function LiveSign() {
  const { t } = useTranslation("shell");
  const { state } = useLive();
  const live = state === "live";
  return (
    <Tooltip label={t(`live.${state}`)}>
      <Group gap={5} wrap="nowrap" px={4} tabIndex={0} role="status" aria-label={t(`live.${state}`)}>
        {state === "offline" ? (
          <IconPlugConnectedX size={16} color="var(--tone-bad)" aria-hidden />
        ) : (
          <span className="live-dot" data-live={live || undefined} aria-hidden />
        )}
        <Text size="xs" c="dimmed" visibleFrom="md" aria-hidden>
          {t(`live.short.${state}`)}
        </Text>
      </Group>
    </Tooltip>
  );
}

function LanguageMenu() {
  const { t, i18n } = useTranslation("shell");
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t("menu.language")} visibleFrom="xs">
          <IconLanguage size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {languages.map((l) => (
          <Menu.Item
            key={l.id}
            lang={l.id}
            fw={i18n.language === l.id ? 700 : 400}
            onClick={() => {
              prefs.set({ lang: l.id });
              void setLang(l.id);
            }}
          >
            {l.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

const schemes = [
  { id: "auto", icon: IconDeviceDesktop },
  { id: "light", icon: IconSun },
  { id: "dark", icon: IconMoon },
] as const;

function SchemeMenu() {
  const { t } = useTranslation("shell");
  const { scheme } = usePreferences();
  const Now = schemes.find((s) => s.id === scheme)?.icon ?? IconDeviceDesktop;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t("menu.scheme")} visibleFrom="xs">
          <Now size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {schemes.map((s) => (
          <Menu.Item
            key={s.id}
            leftSection={<s.icon size={16} />}
            fw={scheme === s.id ? 700 : 400}
            onClick={() => prefs.set({ scheme: s.id })}
          >
            {t(`scheme.${s.id}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function UserMenu() {
  const { t } = useTranslation("shell");
  const { t: common } = useTranslation();
  const user = useSession().data?.user;
  const logOut = useLogOut();
  if (!user) return null;
  const name = user.display || user.name;
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <UnstyledButton aria-label={t("menu.user", { name })}>
          <Avatar name={name} color="accent" size={30} radius="xl" />
          <VisuallyHidden>{name}</VisuallyHidden>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {name} · {common(`role.${user.role}`)}
        </Menu.Label>
        <Menu.Item
          leftSection={<IconKey size={16} />}
          component={Link}
          {...({ to: "/users", search: { tab: "me" } } as object)}
        >
          {t("menu.access")}
        </Menu.Item>
        <Menu.Item leftSection={<IconSun size={16} />} component={Link} {...({ to: "/settings" } as object)}>
          {t("menu.appearance")}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void logOut()}>
          {t("menu.logout")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
