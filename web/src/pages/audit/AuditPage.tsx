import { Button, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconClipboardList, IconShieldCheck } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { useCursorList } from "../../lib/cursorlist";
import { formatNumber } from "../../lib/format";
import { auditKey } from "../../lib/keys";
import { usePreferences } from "../../lib/prefs";
import type { AuditEntry } from "../../lib/types";
import { ToneBadge } from "../../lib/ui/Badges";
import { EmptyState } from "../../lib/ui/EmptyState";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { PeriodField, toUTC } from "../../lib/ui/PeriodField";
import { useIsPhone } from "../../lib/ui/useIsPhone";
import { VirtualList } from "../../lib/ui/VirtualList";
import { useUrlState } from "../../lib/urlstate";
import { AuditRow } from "./AuditRow";

const initial = { actor: "", action: "", object: "", from: "", to: "" };

/** Who did what and when; the chain of hashes shows that nothing was changed afterwards. */
export default function AuditPage() {
  const { t } = useTranslation("admin");
  const [f, set] = useUrlState(initial);
  const list = useCursorList<AuditEntry>(auditKey, "/audit", { ...f, from: toUTC(f.from), to: toUTC(f.to) }, 200);
  const phone = useIsPhone();
  const row = useCallback((e: AuditEntry) => <AuditRow entry={e} phone={phone} />, [phone]);
  const compact = usePreferences().density === "compact";
  const { fetchNextPage, hasNextPage, isFetching } = list;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const field = (name: "actor" | "action" | "object") => (
    <TextInput
      size="xs"
      w={150}
      aria-label={t(`audit.${name}`)}
      placeholder={t(`audit.${name}`)}
      value={f[name]}
      onChange={(e) => set({ [name]: e.currentTarget.value })}
    />
  );
  return (
    <div className="full-page">
      <Group px="md" pt="sm" justify="space-between" align="flex-start">
        <Title order={1}>{t("audit.title")}</Title>
        <Verify />
      </Group>
      <Group px="md" py="xs" gap="xs">
        {field("actor")}
        {field("action")}
        {field("object")}
        <PeriodField from={f.from} to={f.to} onChange={set} />
      </Group>
      {list.isPending ? (
        <Stack p="md">
          <Loading rows={10} height={30} />
        </Stack>
      ) : list.isError && list.items.length === 0 ? (
        <Stack p="md">
          <ErrorPanel error={list.error} onRetry={() => void list.refetch()} />
        </Stack>
      ) : list.items.length === 0 ? (
        <EmptyState icon={<IconClipboardList size={36} stroke={1.4} />} title={t("audit.empty")} />
      ) : (
        <VirtualList
          items={list.items}
          id={(e) => String(e.n)}
          rowHeight={phone ? 84 : compact ? 34 : 42}
          label={t("audit.title")}
          row={row}
          onEnd={onEnd}
          loading={list.isFetchingNextPage}
        />
      )}
    </div>
  );
}

interface Verified {
  ok: boolean;
  entries: number;
  broken_at: number | null;
}

function Verify() {
  const { t, i18n } = useTranslation("admin");
  const verify = useMutation({ mutationFn: () => api.get<Verified>("/audit/verify") });
  const n = (v: number) => formatNumber(v, i18n.language);
  return (
    <Group gap="sm" aria-live="polite">
      {verify.isError && <ErrorPanel error={verify.error} onRetry={() => verify.mutate()} />}
      {verify.data && (
        <ToneBadge tone={verify.data.ok ? "good" : "bad"} icon={IconShieldCheck}>
          {verify.data.ok
            ? t("audit.whole", { n: n(verify.data.entries) })
            : t("audit.broken", { n: n(verify.data.broken_at ?? 0) })}
        </ToneBadge>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<IconShieldCheck size={15} />}
        loading={verify.isPending}
        onClick={() => verify.mutate()}
      >
        {t("audit.verify")}
      </Button>
      <Text className="visually-hidden">{t("audit.verifyHint")}</Text>
    </Group>
  );
}
