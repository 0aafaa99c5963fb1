import { Alert, Button, Code, Group, List, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconRefresh } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api";
import { useSession } from "../session";

/** What happened, where, what to do, and the request ID, in place of what could not be shown or done. */
export function ErrorPanel({ error, onRetry, safe }: { error: unknown; onRetry?: () => void; safe?: ReactNode }) {
  const { t } = useTranslation();
  const session = useSession();
  const e = error instanceof ApiError ? error : null;
  // That the session had ended is over once one has logged in again; the form can be sent.
  if (e?.status === 401 && session.data?.user && session.dataUpdatedAt > e.at) return null;
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      icon={<IconAlertTriangle />}
      title={titleOf(error, t)}
      classNames={{ root: "error-panel" }}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{detailOf(error, t)}</Text>
        {e?.problem.errors && e.problem.errors.length > 0 && (
          <List size="sm">
            {e.problem.errors.map((x) => (
              <List.Item key={`${x.location ?? ""}${x.message ?? ""}`}>
                {x.location && <Code mr={6}>{x.location}</Code>}
                {x.message}
              </List.Item>
            ))}
          </List>
        )}
        {e?.problem.remedy && <Text size="sm">{e.problem.remedy}</Text>}
        {safe && <Text size="sm">{safe}</Text>}
        <Group gap="sm">
          {onRetry && (
            <Button size="xs" variant="default" leftSection={<IconRefresh size={14} />} onClick={onRetry}>
              {t("retry")}
            </Button>
          )}
          {e?.requestId && (
            <Text size="xs" c="dimmed">
              {t("requestId")} <Code>{e.requestId}</Code>
            </Text>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}

type T = (key: string, o?: Record<string, unknown>) => string;

function titleOf(error: unknown, t: T): string {
  if (!(error instanceof ApiError)) return t("error.unexpected");
  switch (error.status) {
    case 0:
      return t("error.unreachable");
    case 401:
      return t("error.loggedOut");
    case 403:
      return t("error.denied");
    case 404:
      return t("error.notFound");
    case 409:
    case 412:
      return t("error.stale");
    case 429:
      return t("error.tooMany");
    case 503:
      return t("error.busy");
    default:
      return error.status >= 500 ? t("error.server") : t("error.refused");
  }
}

function detailOf(error: unknown, t: T): string {
  if (error instanceof ApiError) return error.status === 0 ? t("error.unreachableDetail") : error.message;
  return error instanceof Error ? error.message : String(error);
}

/** One sentence for a notification or a place without room for a panel. */
export function errorText(error: unknown, t: T): string {
  return `${titleOf(error, t)}: ${detailOf(error, t)}`;
}
