import { Anchor, Button, Group, Select, Stack, Table, Text } from "@mantine/core";
import { IconMailFast } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { useCursorList } from "../../lib/cursorlist";
import { deliveriesKey } from "../../lib/keys";
import { useLiveEvent } from "../../lib/live";
import { useCan } from "../../lib/session";
import type { Delivery } from "../../lib/types";
import { ToneBadge } from "../../lib/ui/Badges";
import { EmptyState } from "../../lib/ui/EmptyState";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { TimeStamp } from "../../lib/ui/TimeStamp";
import { useUrlState } from "../../lib/urlstate";
import { useChannels } from "./Channels";

const states = ["pending", "sent", "failed", "muted"];
const tones = { pending: "note", sent: "good", failed: "bad", muted: "plain" } as const;

/** What was sent where, what failed and why, and a button that tries again. */
export function Deliveries() {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const [f, set] = useUrlState({ state: "", channel: "" });
  const channels = useChannels();
  const client = useQueryClient();
  const list = useCursorList<Delivery>(deliveriesKey, "/deliveries", f, 100);
  useLiveEvent("delivery", () => void client.invalidateQueries({ queryKey: deliveriesKey }));
  const names = new Map(channels.data?.items.map((c) => [c.id, c.name]) ?? []);
  return (
    <Stack>
      <Group gap="xs">
        <Select
          size="xs"
          clearable
          aria-label={t("delivery.state")}
          placeholder={t("delivery.state")}
          data={states.map((s) => ({ value: s, label: t(`delivery.${s}`) }))}
          value={f.state || null}
          onChange={(v) => set({ state: v ?? "" })}
        />
        <Select
          size="xs"
          clearable
          aria-label={t("delivery.channel")}
          placeholder={t("delivery.channel")}
          data={[...names].map(([value, label]) => ({ value, label }))}
          value={f.channel || null}
          onChange={(v) => set({ channel: v ?? "" })}
        />
      </Group>
      {list.isPending ? (
        <Loading rows={5} height={32} />
      ) : list.isError ? (
        <ErrorPanel error={list.error} onRetry={() => void list.refetch()} />
      ) : list.items.length === 0 ? (
        <EmptyState icon={<IconMailFast size={36} stroke={1.4} />} title={t("delivery.empty")}>
          {t("delivery.emptyHint")}
        </EmptyState>
      ) : (
        <>
          <Table.ScrollContainer minWidth={760} className="panel">
            <Table>
              <Table.Thead>
                <Table.Tr>
                  {["state", "incident", "kind", "channel", "tries", "updated", "error", "action"].map((c) => (
                    <Table.Th key={c}>{t(`delivery.${c}`)}</Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {list.items.map((d) => (
                  <Row
                    key={d.id}
                    delivery={d}
                    channel={names.get(d.channel) ?? (d.channel === "account" ? t("delivery.account") : d.channel)}
                  />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          {list.hasNextPage && (
            <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              {common("more")}
            </Button>
          )}
        </>
      )}
    </Stack>
  );
}

function Row({ delivery: d, channel }: { delivery: Delivery; channel: string }) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const client = useQueryClient();
  const can = useCan("operator");
  const retry = useMutation({
    mutationFn: () => api.post(`/deliveries/${d.id}/retry`),
    onSuccess: () => client.invalidateQueries({ queryKey: deliveriesKey }),
  });
  return (
    <Table.Tr>
      <Table.Td>
        <ToneBadge tone={tones[d.state]}>{t(`delivery.${d.state}`)}</ToneBadge>
      </Table.Td>
      <Table.Td>
        {d.incident === "" ? (
          "–"
        ) : (
          <Anchor size="sm" component={Link} {...({ to: `/incidents/${d.incident}` } as object)}>
            {d.incident}
          </Anchor>
        )}
      </Table.Td>
      <Table.Td>{t(`notice.${d.kind}`)}</Table.Td>
      <Table.Td>{channel}</Table.Td>
      <Table.Td className="num">{d.tries}</Table.Td>
      <Table.Td>
        <TimeStamp at={d.updated} ago />
        {d.next_try && (
          <Text size="xs" c="dimmed">
            {t("delivery.next")} <TimeStamp at={d.next_try} style="time" />
          </Text>
        )}
      </Table.Td>
      <Table.Td maw={280}>
        <Text size="xs" style={{ wordBreak: "break-word" }}>
          {retry.isError ? retry.error.message : d.error}
        </Text>
      </Table.Td>
      <Table.Td>
        {can && (d.state === "failed" || d.state === "pending") && (
          <Button size="compact-xs" variant="default" loading={retry.isPending} onClick={() => retry.mutate()}>
            {common("retry")}
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
