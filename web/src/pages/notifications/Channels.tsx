import { Badge, Button, Group, Stack, Switch, Text } from "@mantine/core";
import { IconBellPlus, IconPlus, IconSend, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { channelsKey } from "../../lib/keys";
import { useCan } from "../../lib/session";
import type { Channel, List } from "../../lib/types";
import { ToneBadge } from "../../lib/ui/Badges";
import { Confirm } from "../../lib/ui/confirm";
import { EmptyState } from "../../lib/ui/EmptyState";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { ChannelDialog } from "./ChannelDialog";

/** Reads the channels. */
export function useChannels() {
  return useQuery({ queryKey: channelsKey, queryFn: ({ signal }) => api.get<List<Channel>>("/channels", {}, signal) });
}

/** The ways out, each with a test button. */
export function Channels() {
  const { t } = useTranslation("admin");
  const q = useChannels();
  const admin = useCan("admin");
  const [editing, setEditing] = useState<Channel | "new" | null>(null);
  if (q.isPending) return <Loading rows={4} height={56} />;
  if (q.isError) return <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />;
  const add = admin && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setEditing("new")}>
      {t("channel.add")}
    </Button>
  );
  return (
    <Stack align="stretch">
      {q.data.items.length === 0 ? (
        <EmptyState icon={<IconBellPlus size={36} stroke={1.4} />} title={t("channel.empty")} action={add}>
          {t("channel.emptyHint")}
        </EmptyState>
      ) : (
        <>
          <Group>{add}</Group>
          {q.data.items.map((c) => (
            <ChannelCard key={c.id} channel={c} admin={admin} onEdit={() => setEditing(c)} />
          ))}
        </>
      )}
      {editing && <ChannelDialog channel={editing === "new" ? null : editing} onClose={() => setEditing(null)} />}
    </Stack>
  );
}

interface Test {
  ok: boolean;
  detail: string;
}

function ChannelCard({ channel: c, admin, onEdit }: { channel: Channel; admin: boolean; onEdit: () => void }) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const done = () => client.invalidateQueries({ queryKey: channelsKey });
  const test = useMutation({ mutationFn: () => api.post<Test>(`/channels/${c.id}/test`) });
  const remove = useMutation({ mutationFn: () => api.delete(`/channels/${c.id}`, c.version), onSuccess: done });
  const toggle = useMutation({
    mutationFn: (enabled: boolean) =>
      api.put(`/channels/${c.id}`, { name: c.name, kind: c.kind, enabled, config: c.config }, c.version),
    onSettled: done,
  });
  return (
    <Stack className="panel" p="sm" gap="xs">
      <Group justify="space-between">
        <Group gap="sm">
          <Switch
            checked={c.enabled}
            disabled={!admin || toggle.isPending}
            onChange={(e) => toggle.mutate(e.currentTarget.checked)}
            aria-label={t("channel.enabled", { name: c.name })}
          />
          <Text fw={600}>{c.name}</Text>
          <Badge variant="default">{t(`kind.${c.kind}`)}</Badge>
        </Group>
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconSend size={14} />}
            loading={test.isPending}
            onClick={() => test.mutate()}
          >
            {t("channel.test")}
          </Button>
          {admin && (
            <>
              <Button size="xs" variant="default" onClick={onEdit}>
                {common("edit")}
              </Button>
              <Button
                size="xs"
                variant="default"
                aria-label={t("channel.delete", { name: c.name })}
                onClick={() => setAsking(true)}
              >
                <IconTrash size={15} />
              </Button>
            </>
          )}
        </Group>
      </Group>
      <div aria-live="polite">
        {test.data && (
          <Group gap="xs">
            <ToneBadge tone={test.data.ok ? "good" : "bad"}>
              {test.data.ok ? t("channel.sent") : t("channel.notSent")}
            </ToneBadge>
            <Text size="sm">{test.data.detail}</Text>
          </Group>
        )}
        {test.isError && <ErrorPanel error={test.error} onRetry={() => test.mutate()} />}
        {toggle.isError && <ErrorPanel error={toggle.error} />}
      </div>
      <Confirm
        opened={asking}
        title={t("channel.delete", { name: c.name })}
        text={t("channel.deleteText")}
        action={common("delete")}
        pending={remove.isPending}
        error={remove.error}
        onYes={() => remove.mutate()}
        onClose={() => setAsking(false)}
      />
    </Stack>
  );
}
