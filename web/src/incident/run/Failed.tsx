import { Alert, Button, Code, Group, Text } from "@mantine/core";
import { IconRefresh, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, href } from "../../lib/api";
import { incidentKey } from "../../lib/keys";
import { useCan } from "../../lib/session";
import type { Incident } from "../../lib/types";
import { useChange } from "../head/Manage";
import classes from "../incident.module.css";

interface Attempt {
  attempt: number;
  error: string;
  error_kind: string;
}

/** Failed says what happened, what is safe, and what to do. */
export function Failed({ incident, before }: { incident: Incident; before: boolean }) {
  const { t } = useTranslation("incident");
  const change = useChange();
  const may = useCan("operator");
  const path = `/incidents/${encodeURIComponent(incident.id)}`;
  const q = useQuery({
    queryKey: [...incidentKey(incident.id), "attempts", incident.attempt, incident.progress],
    queryFn: ({ signal }) => api.get<{ items: Attempt[] }>(`${path}/attempts`, {}, signal),
    retry: 1,
  });
  const attempt = q.data?.items.find((a) => a.attempt === incident.attempt) ?? q.data?.items.at(-1);
  const why = incident.headline?.error || attempt?.error || "";
  const kind = attempt?.error_kind ?? "";
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      icon={<IconX />}
      title={t("failed.what")}
      classNames={{ root: `error-panel ${classes.failed ?? ""}`, body: classes.narrow ?? "" }}
    >
      {why !== "" && (
        <Text size="sm" mb={6}>
          <Code block className={classes.wrap}>
            {why}
          </Code>
        </Text>
      )}
      <Text size="sm">
        <b>{t("failed.safe")}</b> {t(incident.has_bundle ? "failed.safe_bundle" : "failed.safe_alerts")}{" "}
        {before && t("failed.before")}
      </Text>
      <Text size="sm" mt={4}>
        <b>{t("failed.todo")}</b> {t([`failed.kind.${kind}`, "failed.kind.other"])}
      </Text>
      <Group gap="xs" mt="sm">
        {may && (
          <Button
            size="xs"
            leftSection={<IconRefresh size={14} />}
            loading={change.isPending}
            onClick={() => change.mutate(() => api.post(`${path}/diagnose`))}
          >
            {t("manage.again")}
          </Button>
        )}
        {incident.has_bundle && (
          <Button size="xs" variant="default" component="a" href={href(`${path}/bundle`)} download>
            {t("share.bundle")}
          </Button>
        )}
      </Group>
    </Alert>
  );
}
