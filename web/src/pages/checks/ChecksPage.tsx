import { Anchor, Button, Group, Progress, Stack, Table, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconRefresh } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { checksKey, queueKey } from "../../lib/keys";
import type { Check, List, Queue } from "../../lib/types";
import { ToneBadge } from "../../lib/ui/Badges";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { PageFrame } from "../../lib/ui/PageFrame";

const looks = {
  ok: { tone: "good", icon: IconCircleCheck },
  warn: { tone: "warn", icon: IconAlertTriangle },
  fail: { tone: "bad", icon: IconCircleX },
} as const;

const rank = { fail: 0, warn: 1, ok: 2 };

/** What the service finds wrong with itself, and what it has to do. */
export default function ChecksPage() {
  const { t, i18n } = useTranslation("admin");
  // The service words its texts in English only.
  const words = i18n.language === "en" ? {} : { lang: "en" };
  const q = useQuery({
    queryKey: checksKey,
    queryFn: ({ signal }) => api.get<List<Check>>("/checks", {}, signal),
    refetchInterval: 30_000,
  });
  const sorted = q.data?.items.toSorted((a, b) => rank[a.state] - rank[b.state]) ?? [];
  return (
    <PageFrame
      title={t("checks.title")}
      hint={t("checks.hint")}
      actions={
        <Button
          variant="default"
          size="xs"
          leftSection={<IconRefresh size={15} />}
          loading={q.isFetching}
          onClick={() => void q.refetch()}
        >
          {t("checks.again")}
        </Button>
      }
    >
      {q.isPending && <Loading rows={5} height={44} />}
      {q.isError && <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />}
      {sorted.length > 0 && (
        <Stack gap={0} className="panel" component="ul" {...{ style: { listStyle: "none", margin: 0, padding: 0 } }}>
          {sorted.map((c) => (
            <Group key={c.name} component="li" p="sm" gap="md" align="flex-start" className="check-row">
              <span style={{ minWidth: 96 }}>
                <ToneBadge tone={looks[c.state].tone} icon={looks[c.state].icon}>
                  {t(`checks.${c.state}`)}
                </ToneBadge>
              </span>
              <Stack gap={2} style={{ flex: 1, minWidth: 200 }}>
                <Text size="sm" fw={600}>
                  {t(`checks.name.${c.name}`, { defaultValue: c.name })}
                </Text>
                <Text size="sm" {...words}>
                  {c.text}
                </Text>
                {c.remedy && (
                  <Text size="sm" c="dimmed" {...words}>
                    {c.remedy}
                  </Text>
                )}
              </Stack>
            </Group>
          ))}
        </Stack>
      )}
      <QueuePanel />
    </PageFrame>
  );
}

function QueuePanel() {
  const { t } = useTranslation("admin");
  const q = useQuery({
    queryKey: queueKey,
    queryFn: ({ signal }) => api.get<Queue>("/queue", {}, signal),
    refetchInterval: 5000,
  });
  if (q.isPending) return <Loading rows={3} />;
  if (q.isError) return <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />;
  const { queued, running, capacity, items } = q.data;
  return (
    <Stack className="panel" p="sm" gap="xs">
      <Title order={2} size="h4">
        {t("queue.title")}
      </Title>
      <Text size="sm">{t("queue.text", { queued, running, capacity })}</Text>
      <Progress value={capacity > 0 ? (queued / capacity) * 100 : 0} aria-label={t("queue.title")} />
      {items.length > 0 && (
        <Table.ScrollContainer minWidth={420}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                {["position", "incident", "state"].map((c) => (
                  <Table.Th key={c}>{t(`queue.${c}`)}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((i) => (
                <Table.Tr key={i.incident}>
                  <Table.Td w={90}>{i.state === "running" ? "–" : i.position}</Table.Td>
                  <Table.Td>
                    <Anchor size="sm" component={Link} {...({ to: `/incidents/${i.incident}` } as object)}>
                      {i.incident}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>
                    <StateWord state={i.state} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
}

function StateWord({ state }: { state: string }) {
  const { t } = useTranslation();
  return <ToneBadge tone="plain">{t(`progress.${state}`)}</ToneBadge>;
}
