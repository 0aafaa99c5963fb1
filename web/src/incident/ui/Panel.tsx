import { ActionIcon, Menu, Title } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconDotsVertical, IconEyeOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useShared } from "../context";
import classes from "../incident.module.css";
import type { PanelName } from "../model/panels";
import { usePanels } from "./usePanels";

interface PanelProps {
  name: PanelName;
  title?: string;
  /** Beside the title. */
  aside?: ReactNode;
  /** Reserved while a diagnosis fills it, in px. */
  least?: number;
  children: ReactNode;
}

/** Panel is a part of the page that the user can move and hide. */
export function Panel({ name, title, aside, least, children }: PanelProps) {
  const { t } = useTranslation("incident");
  const { move, hide, first, last } = usePanels(name);
  const { running } = useShared();
  const label = title ?? t(`panel.${name}`);
  return (
    <section
      className={`panel ${classes.panel ?? ""}`}
      data-panel={name}
      aria-labelledby={`panel-${name}`}
      id={name}
      style={{ "--least": `${String(running ? (least ?? 0) : 0)}px` } as React.CSSProperties}
    >
      <div className={classes.bar}>
        <Title order={2} size="h4" id={`panel-${name}`}>
          {label}
        </Title>
        {aside !== undefined && <div className={classes.aside}>{aside}</div>}
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" size="sm" aria-label={t("panels.menu", { name: label })}>
              <IconDotsVertical size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item disabled={first} leftSection={<IconArrowUp size={16} />} onClick={() => move(-1)}>
              {t("panels.up")}
            </Menu.Item>
            <Menu.Item disabled={last} leftSection={<IconArrowDown size={16} />} onClick={() => move(1)}>
              {t("panels.down")}
            </Menu.Item>
            <Menu.Item leftSection={<IconEyeOff size={16} />} onClick={hide}>
              {t("panels.hide")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      {children}
    </section>
  );
}
