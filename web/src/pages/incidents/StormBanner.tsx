import { Group, Text } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatNumber } from "../../lib/format";
import { useLiveEvent } from "../../lib/live";
import type { Storm } from "../../lib/types";

/** How long the banner stays after the last word of a storm, in milliseconds. */
const stays = 60_000;

/** Says that many alerts arrive and were folded into one incident. */
export function StormBanner() {
  const { t, i18n } = useTranslation("shell");
  const [storm, setStorm] = useState<Storm | null>(null);
  useLiveEvent<Storm | null>("storm", (s) => setStorm(s));
  useEffect(() => {
    if (!storm) return;
    const timer = setTimeout(() => setStorm(null), stays);
    return () => clearTimeout(timer);
  }, [storm]);
  const n = (v: number) => formatNumber(v, i18n.language, 0);
  return (
    <div aria-live="polite">
      {storm && (
        <Group className="storm-banner" mx="md" mb="xs" px="sm" py={6} gap="sm" wrap="nowrap">
          <IconStack2 size={18} aria-hidden />
          <Text size="sm">
            <b>{t("storm.title")}</b>{" "}
            {t("storm.detail", { rate: n(storm.per_minute), folded: n(storm.folded), firing: n(storm.firing) })}{" "}
            <Link to="/incidents/$id" params={{ id: storm.incident }}>
              {storm.incident}
            </Link>
          </Text>
        </Group>
      )}
    </div>
  );
}
