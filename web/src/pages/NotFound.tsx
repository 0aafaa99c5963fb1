import { Button } from "@mantine/core";
import { IconMapOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { EmptyState } from "../lib/ui/EmptyState";

/** What is shown for an address that leads nowhere. */
export function NotFound() {
  const { t } = useTranslation("shell");
  return (
    <EmptyState
      order={1}
      icon={<IconMapOff size={40} />}
      title={t("notFound.title")}
      action={
        <Button component={Link} to="/">
          {t("notFound.back")}
        </Button>
      }
    >
      {t("notFound.detail")}
    </EmptyState>
  );
}
