import { ActionIcon, Divider, ScrollArea, Stack, Tooltip } from "@mantine/core";
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { useCan } from "../lib/session";
import { nav, type NavItem } from "./nav";
import classes from "./Shell.module.css";

/** The navigation: icons with names, or icons alone. */
export function Nav({ narrow, onNarrow }: { narrow: boolean; onNarrow: () => void }) {
  const { t } = useTranslation("shell");
  return (
    <Stack h="100%" gap={0} py="xs">
      <ScrollArea style={{ flex: 1 }} component="nav" aria-label={t("menu.nav")}>
        {nav.map((group, i) => (
          <Fragment key={group[0]?.to}>
            {i > 0 && <Divider my="xs" mx="sm" />}
            {group.map((item) => (
              <Item key={item.to} item={item} narrow={narrow} />
            ))}
          </Fragment>
        ))}
      </ScrollArea>
      <ActionIcon
        visibleFrom="sm"
        variant="subtle"
        color="gray"
        mx="sm"
        aria-label={narrow ? t("menu.widen") : t("menu.narrow")}
        onClick={onNarrow}
      >
        {narrow ? <IconLayoutSidebarLeftExpand size={18} /> : <IconLayoutSidebarLeftCollapse size={18} />}
      </ActionIcon>
    </Stack>
  );
}

function Item({ item, narrow }: { item: NavItem; narrow: boolean }) {
  const { t } = useTranslation("shell");
  const can = useCan(item.role);
  if (!can) return null;
  const text = t(`nav.${item.text}`);
  const link = (
    <Link
      to={item.to}
      className={classes.item}
      data-narrow={narrow || undefined}
      aria-label={narrow ? text : undefined}
      activeOptions={{ exact: item.to === "/", includeSearch: false }}
    >
      <item.icon size={19} stroke={1.7} aria-hidden />
      {!narrow && text}
    </Link>
  );
  return narrow ? (
    <Tooltip label={text} position="right">
      {link}
    </Tooltip>
  ) : (
    link
  );
}
