import { Button, Group, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { sessionsKey } from "../../lib/keys";
import type { List, SessionInfo } from "../../lib/types";
import { ToneBadge } from "../../lib/ui/Badges";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { TimeStamp } from "../../lib/ui/TimeStamp";

/** Where I am logged in, and a way to end each. */
export function MySessions() {
  const { t } = useTranslation("admin");
  const client = useQueryClient();
  const q = useQuery({
    queryKey: sessionsKey,
    queryFn: ({ signal }) => api.get<List<SessionInfo>>("/me/sessions", {}, signal),
  });
  const end = useMutation({
    mutationFn: (id: string) => api.delete(`/me/sessions/${id}`),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionsKey }),
  });
  if (q.isPending) return <Loading rows={3} height={40} />;
  if (q.isError) return <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />;
  return (
    <Stack>
      {end.isError && <ErrorPanel error={end.error} />}
      <Table.ScrollContainer minWidth={620} className="panel">
        <Table>
          <Table.Thead>
            <Table.Tr>
              {["browser", "address", "began", "ends", "actions"].map((c) => (
                <Table.Th key={c}>{t(`sessions.${c}`)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {q.data.items.map((s) => (
              <Table.Tr key={s.id}>
                <Table.Td maw={320}>
                  <Group gap={6}>
                    <Text size="sm" lineClamp={1} title={s.agent}>
                      {s.agent}
                    </Text>
                    {s.current && <ToneBadge tone="good">{t("sessions.this")}</ToneBadge>}
                  </Group>
                </Table.Td>
                <Table.Td>{s.addr}</Table.Td>
                <Table.Td>
                  <TimeStamp at={s.created} ago />
                </Table.Td>
                <Table.Td>
                  <TimeStamp at={s.expires} style="short" />
                </Table.Td>
                <Table.Td>
                  {!s.current && (
                    <Button
                      size="compact-xs"
                      variant="default"
                      loading={end.isPending && end.variables === s.id}
                      onClick={() => end.mutate(s.id)}
                    >
                      {t("sessions.end")}
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
