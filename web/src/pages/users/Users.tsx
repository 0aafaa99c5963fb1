import { Button, Group, Stack, Table, Text } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { usersKey } from "../../lib/keys";
import type { List, User } from "../../lib/types";
import { ToneBadge } from "../../lib/ui/Badges";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { TimeStamp, useNow } from "../../lib/ui/TimeStamp";
import { useIsPhone } from "../../lib/ui/useIsPhone";
import { LinkModal } from "./LinkModal";
import { UserDialog } from "./UserDialog";

/** All accounts, with what an admin may do to each. */
export function Users() {
  const { t } = useTranslation("admin");
  const q = useQuery({ queryKey: usersKey, queryFn: ({ signal }) => api.get<List<User>>("/users", {}, signal) });
  const [editing, setEditing] = useState<User | "new" | null>(null);
  const [link, setLink] = useState("");
  const phone = useIsPhone();
  if (q.isPending) return <Loading rows={5} height={36} />;
  if (q.isError) return <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />;
  return (
    <Stack>
      <Group>
        <Button leftSection={<IconUserPlus size={16} />} onClick={() => setEditing("new")}>
          {t("users.invite")}
        </Button>
      </Group>
      <Table.ScrollContainer minWidth={phone ? 0 : 760} className="panel">
        <Table className="cards-on-phone">
          <Table.Thead>
            <Table.Tr>
              {["name", "role", "state", "last", "actions"].map((c) => (
                <Table.Th key={c}>{t(`users.${c}`)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {q.data.items.map((u) => (
              <UserRow key={u.id} user={u} onEdit={() => setEditing(u)} onLink={setLink} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {editing && (
        <UserDialog user={editing === "new" ? null : editing} onClose={() => setEditing(null)} onLink={setLink} />
      )}
      <LinkModal link={link} onClose={() => setLink("")} />
    </Stack>
  );
}

function UserRow({ user: u, onEdit, onLink }: { user: User; onEdit: () => void; onLink: (url: string) => void }) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const client = useQueryClient();
  const now = useNow(30_000);
  const phone = useIsPhone();
  const done = () => client.invalidateQueries({ queryKey: usersKey });
  const unlock = useMutation({ mutationFn: () => api.post(`/users/${u.id}/unlock`), onSuccess: done });
  const reset = useMutation({
    mutationFn: () => api.post<{ invite_url: string }>(`/users/${u.id}/reset`),
    onSuccess: (r) => onLink(r.invite_url),
  });
  const able = useMutation({
    mutationFn: () => api.patch(`/users/${u.id}`, { disabled: !u.disabled }, u.version),
    onSettled: done,
  });
  const locked = u.locked_until !== null && new Date(u.locked_until).getTime() > now;
  const error = unlock.error ?? reset.error ?? able.error;
  return (
    <>
      <Table.Tr>
        <Table.Td>
          <Text size="sm" fw={600}>
            {u.display || u.name}
          </Text>
          <Text size="xs" c="dimmed">
            {[u.name, u.email].filter(Boolean).join(" · ")}
          </Text>
        </Table.Td>
        <Table.Td data-label={t("users.role")}>{common(`role.${u.role}`)}</Table.Td>
        <Table.Td>
          <Group gap={4}>
            {u.disabled && <ToneBadge tone="plain">{t("users.disabled")}</ToneBadge>}
            {locked && <ToneBadge tone="warn">{t("users.locked")}</ToneBadge>}
            {!u.disabled && !locked && (u.has_password || u.oidc) && (
              <ToneBadge tone="good">{t("users.active")}</ToneBadge>
            )}
            {!u.has_password && !u.oidc && !u.last_login && <ToneBadge tone="note">{t("users.invited")}</ToneBadge>}
            {u.oidc && <ToneBadge tone="plain">OIDC</ToneBadge>}
          </Group>
        </Table.Td>
        <Table.Td data-label={t("users.last")}>
          <TimeStamp at={u.last_login} ago />
        </Table.Td>
        <Table.Td>
          <Group gap={6} wrap={phone ? "wrap" : "nowrap"}>
            <Button size="compact-xs" variant="default" onClick={onEdit}>
              {common("edit")}
            </Button>
            {locked && (
              <Button size="compact-xs" variant="default" loading={unlock.isPending} onClick={() => unlock.mutate()}>
                {t("users.unlock")}
              </Button>
            )}
            {!u.oidc && (
              <Button size="compact-xs" variant="default" loading={reset.isPending} onClick={() => reset.mutate()}>
                {t("users.reset")}
              </Button>
            )}
            <Button size="compact-xs" variant="default" loading={able.isPending} onClick={() => able.mutate()}>
              {u.disabled ? t("users.enable") : t("users.disable")}
            </Button>
          </Group>
        </Table.Td>
      </Table.Tr>
      {error && (
        <Table.Tr>
          <Table.Td colSpan={5}>
            <ErrorPanel error={error} />
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}
