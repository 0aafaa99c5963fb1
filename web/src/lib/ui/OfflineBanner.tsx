import { Button, Group, Text } from "@mantine/core";
import { IconCloudOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useLive } from "../live";
import { TimeStamp } from "./TimeStamp";

/** Says that the service cannot be reached, since when, and that nothing typed is lost; goes by itself. */
export function OfflineBanner() {
  const { t } = useTranslation();
  const live = useLive();
  return (
    <div role="status" aria-live="polite">
      {live.state === "offline" && (
        <Group className="offline-banner" gap="sm" px="md" py={6}>
          <IconCloudOff size={18} aria-hidden />
          <Text size="sm" style={{ flex: 1 }}>
            <b>{t("offline.title")}</b> {t("offline.detail")} <TimeStamp at={live.since} style="time" />
          </Text>
          <Button size="compact-xs" variant="default" onClick={live.retry}>
            {t("offline.retry")}
          </Button>
        </Group>
      )}
    </div>
  );
}
