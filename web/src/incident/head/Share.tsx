import { Button, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import {
  IconChevronDown,
  IconFileText,
  IconFileTypeHtml,
  IconLink,
  IconMarkdown,
  IconPackage,
  IconBraces,
} from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { href } from "../../lib/api";
import { useShared } from "../context";

const forms = [
  { format: "json", ending: "json", icon: IconBraces },
  { format: "markdown", ending: "md", icon: IconMarkdown },
  { format: "html", ending: "html", icon: IconFileTypeHtml },
  { format: "text", ending: "txt", icon: IconFileText },
] as const;

/** Share copies a link to what is on the screen, and downloads the diagnosis and its bundle. */
export function Share() {
  const { t, i18n } = useTranslation("incident");
  const { incident, d } = useShared();
  const path = `/incidents/${encodeURIComponent(incident.id)}`;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      notifications.show({ message: t("share.copied") });
    } catch {
      notifications.show({ message: t("share.not_copied", { link: location.href }), autoClose: false });
    }
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="compact-sm" variant="default" rightSection={<IconChevronDown size={14} />}>
          {t("share.title")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconLink size={16} />} onClick={() => void copy()}>
          {t("share.link")}
        </Menu.Item>
        {d.verdict !== "" && <Menu.Divider />}
        {d.verdict !== "" &&
          forms.map(({ format, ending, icon: Icon }) => (
            <Menu.Item
              key={format}
              component="a"
              leftSection={<Icon size={16} />}
              download={`${incident.id}.${ending}`}
              href={href(`${path}/diagnosis`, { lang: i18n.language, format })}
            >
              {t(`share.${format}`)}
            </Menu.Item>
          ))}
        {incident.has_bundle && <Menu.Divider />}
        {incident.has_bundle && (
          <Menu.Item component="a" leftSection={<IconPackage size={16} />} href={href(`${path}/bundle`)} download>
            {t("share.bundle")}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
