import { Button, Checkbox, Group, Modal, Stack, Table, Text, TextInput } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { tokensKey, usersKey } from "../../lib/keys";
import { useCan } from "../../lib/session";
import type { List, Token, User } from "../../lib/types";
import { ToneBadge } from "../../lib/ui/Badges";
import { CodeBlock } from "../../lib/ui/CodeBlock";
import { EmptyState } from "../../lib/ui/EmptyState";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { TimeStamp } from "../../lib/ui/TimeStamp";

const scopes = ["read", "write", "hooks", "metrics", "admin"];

function useTokens(path: string) {
  return useQuery({ queryKey: [...tokensKey, path], queryFn: ({ signal }) => api.get<List<Token>>(path, {}, signal) });
}

/** Everybody's tokens, for an admin. */
export function AllTokens() {
  const q = useTokens("/tokens");
  const users = useQuery({ queryKey: usersKey, queryFn: () => api.get<List<User>>("/users") });
  if (q.isPending) return <Loading rows={4} height={32} />;
  if (q.isError) return <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />;
  const names = new Map(users.data?.items.map((u) => [u.id, u.display || u.name]) ?? []);
  return <TokenTable tokens={q.data.items} owner={(id) => names.get(id) ?? id} />;
}

/** My own tokens: make, see the last use, revoke. */
export function MyTokens() {
  const { t } = useTranslation("admin");
  const q = useTokens("/me/tokens");
  const [opened, setOpened] = useState(false);
  if (q.isPending) return <Loading rows={4} height={32} />;
  if (q.isError) return <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />;
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setOpened(true)}>
      {t("tokens.add")}
    </Button>
  );
  return (
    <Stack>
      {q.data.items.length === 0 ? (
        <EmptyState icon={<IconKey size={36} stroke={1.4} />} title={t("tokens.empty")} action={add}>
          {t("tokens.emptyHint")}
        </EmptyState>
      ) : (
        <>
          <Group>{add}</Group>
          <TokenTable tokens={q.data.items} />
        </>
      )}
      {opened && <TokenDialog onClose={() => setOpened(false)} />}
    </Stack>
  );
}

function TokenTable({ tokens, owner }: { tokens: Token[]; owner?: (id: string) => string }) {
  const { t } = useTranslation("admin");
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) => api.delete(`/me/tokens/${id}`),
    onSuccess: () => client.invalidateQueries({ queryKey: tokensKey }),
  });
  return (
    <Stack>
      {revoke.isError && <ErrorPanel error={revoke.error} />}
      <Table.ScrollContainer minWidth={640} className="panel">
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("tokens.name")}</Table.Th>
              {owner && <Table.Th>{t("tokens.owner")}</Table.Th>}
              <Table.Th>{t("tokens.scopes")}</Table.Th>
              <Table.Th>{t("tokens.created")}</Table.Th>
              <Table.Th>{t("tokens.used")}</Table.Th>
              <Table.Th>{t("tokens.expires")}</Table.Th>
              <Table.Th>{t("users.actions")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {tokens.map((k) => (
              <Table.Tr key={k.id}>
                <Table.Td fw={600}>{k.name}</Table.Td>
                {owner && <Table.Td>{owner(k.user)}</Table.Td>}
                <Table.Td>
                  <Group gap={4}>
                    {k.scopes.map((s) => (
                      <ToneBadge key={s} tone={s === "admin" ? "warn" : "plain"}>
                        {s}
                      </ToneBadge>
                    ))}
                  </Group>
                </Table.Td>
                <Table.Td>
                  <TimeStamp at={k.created} style="date" />
                </Table.Td>
                <Table.Td>
                  <TimeStamp at={k.used} ago />
                </Table.Td>
                <Table.Td>
                  <TimeStamp at={k.expires} style="date" />
                </Table.Td>
                <Table.Td>
                  {!owner && (
                    <Button
                      size="compact-xs"
                      variant="default"
                      loading={revoke.isPending && revoke.variables === k.id}
                      onClick={() => revoke.mutate(k.id)}
                    >
                      {t("tokens.revoke")}
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

function TokenDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const admin = useCan("admin");
  const operator = useCan("operator");
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const [expires, setExpires] = useState("");
  const make = useMutation({
    mutationFn: () =>
      api.post<Token & { token: string }>("/me/tokens", {
        name,
        scopes: chosen,
        ...(expires ? { expires: new Date(`${expires}T23:59:59`).toISOString() } : {}),
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: tokensKey }),
  });
  const allowed = scopes.filter((s) => (s === "admin" ? admin : s === "write" || s === "hooks" ? operator : true));
  const submit = (e: FormEvent) => {
    e.preventDefault();
    make.mutate();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={false}
      title={t("tokens.add")}
      closeButtonProps={{ "aria-label": common("close") }}
    >
      {make.data ? (
        <Stack>
          <Text size="sm">{t("tokens.once")}</Text>
          <CodeBlock code={make.data.token} label={t("tokens.name")} />
          <Group justify="flex-end">
            <Button onClick={onClose}>{common("close")}</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={submit}>
          <Stack gap="sm">
            <TextInput
              label={t("tokens.name")}
              required
              data-autofocus
              placeholder="alertmanager"
              value={name}
              onChange={(e) => setName(e.currentTarget.value)}
            />
            <Checkbox.Group label={t("tokens.scopes")} value={chosen} onChange={setChosen}>
              <Stack gap={6} mt={6}>
                {allowed.map((s) => (
                  <Checkbox key={s} value={s} label={s} description={t(`tokens.scope.${s}`)} />
                ))}
              </Stack>
            </Checkbox.Group>
            <TextInput
              type="date"
              label={t("tokens.expires")}
              description={t("tokens.expiresHint")}
              value={expires}
              onChange={(e) => setExpires(e.currentTarget.value)}
            />
            {make.isError && <ErrorPanel error={make.error} />}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                {common("cancel")}
              </Button>
              <Button type="submit" loading={make.isPending} disabled={chosen.length === 0}>
                {t("tokens.make")}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
