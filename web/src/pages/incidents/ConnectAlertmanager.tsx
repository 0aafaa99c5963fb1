import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { CodeBlock } from "../../lib/ui/CodeBlock";

/** The piece of Alertmanager's configuration that sends its alerts here. */
const snippet = (origin: string) => `receivers:
  - name: triagent
    webhook_configs:
      - url: ${origin}/api/v1/hooks/alertmanager
        send_resolved: true
        http_config:
          authorization:
            credentials: tri_...   # scope: hooks
route:
  routes:
    - receiver: triagent
      group_by: [cluster, service]   # what one failure has in common
      group_wait: 10s
      continue: true`;

/** How to connect Alertmanager, with the exact lines for this service. */
export function ConnectAlertmanager() {
  const { t } = useTranslation("shell");
  return (
    <Stack gap={6}>
      <Text size="sm">{t("incidents.emptyAlertmanager")}</Text>
      <CodeBlock code={snippet(window.location.origin)} label="alertmanager.yml" />
      <Text size="xs">
        {t("incidents.tokenHint")}{" "}
        <Anchor component={Link} size="xs" underline="always" {...({ to: "/users", search: { tab: "me" } } as object)}>
          {t("menu.access")}
        </Anchor>
      </Text>
    </Stack>
  );
}
