import { Button, Group, SegmentedControl, Stack, TextInput, Title } from "@mantine/core";
import { IconBellOff, IconFilterOff } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useCursorList } from "../../lib/cursorlist";
import { alertsKey } from "../../lib/keys";
import { usePreferences } from "../../lib/prefs";
import type { Alert } from "../../lib/types";
import { EmptyState } from "../../lib/ui/EmptyState";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { PeriodField, toUTC } from "../../lib/ui/PeriodField";
import { useIsPhone } from "../../lib/ui/useIsPhone";
import { VirtualList } from "../../lib/ui/VirtualList";
import { useUrlState } from "../../lib/urlstate";
import { ConnectAlertmanager } from "../incidents/ConnectAlertmanager";
import { AlertRow } from "./AlertRow";

const initial = { q: "", firing: "", node: "", source: "", from: "", to: "" };

/** All alerts that were taken in, latest first, whatever incident they belong to. */
export default function AlertsPage() {
  const { t } = useTranslation("insight");
  const [f, set] = useUrlState(initial);
  const list = useCursorList<Alert>(alertsKey, "/alerts", { ...f, from: toUTC(f.from), to: toUTC(f.to) }, 200);
  const navigate = useNavigate();
  const phone = useIsPhone();
  const row = useCallback((a: Alert) => <AlertRow alert={a} phone={phone} />, [phone]);
  const compact = usePreferences().density === "compact";
  const { fetchNextPage, hasNextPage, isFetching } = list;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const filtered = Object.values(f).some((v) => v !== "");
  return (
    <div className="full-page">
      <Title order={1} px="md" pt="sm">
        {t("alerts.title")}
      </Title>
      <AlertFilters f={f} set={set} />
      {list.isPending ? (
        <Stack p="md">
          <Loading what={t("alerts.reading")} rows={10} height={36} />
        </Stack>
      ) : list.isError && list.items.length === 0 ? (
        <Stack p="md">
          <ErrorPanel error={list.error} onRetry={() => void list.refetch()} />
        </Stack>
      ) : list.items.length === 0 ? (
        <NoAlerts filtered={filtered} onClear={() => set(initial)} />
      ) : (
        <VirtualList
          items={list.items}
          id={(a) => String(a.id)}
          rowHeight={phone ? 88 : compact ? 42 : 54}
          label={t("alerts.title")}
          row={row}
          onEnd={onEnd}
          onEnter={(a) => void navigate({ to: `/incidents/${a.incident}` })}
          loading={list.isFetchingNextPage}
        />
      )}
    </div>
  );
}

function AlertFilters({ f, set }: { f: typeof initial; set: (p: Partial<typeof initial>) => void }) {
  const { t } = useTranslation("insight");
  const { t: common } = useTranslation();
  return (
    <Group px="md" py="xs" gap="xs">
      <SegmentedControl
        size="xs"
        aria-label={t("alerts.state")}
        value={f.firing}
        onChange={(firing) => set({ firing })}
        data={[
          { value: "", label: common("all") },
          { value: "true", label: t("alerts.firing") },
          { value: "false", label: t("alerts.ended") },
        ]}
      />
      <TextInput
        size="xs"
        w={150}
        aria-label={t("alerts.node")}
        placeholder={t("alerts.node")}
        value={f.node}
        onChange={(e) => set({ node: e.currentTarget.value })}
      />
      <PeriodField from={f.from} to={f.to} onChange={set} />
    </Group>
  );
}

function NoAlerts({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  const { t } = useTranslation("insight");
  if (filtered) {
    return (
      <EmptyState
        icon={<IconFilterOff size={36} stroke={1.4} />}
        title={t("alerts.noMatch")}
        action={
          <Button variant="default" onClick={onClear}>
            {t("alerts.clear")}
          </Button>
        }
      />
    );
  }
  return (
    <EmptyState icon={<IconBellOff size={36} stroke={1.4} />} title={t("alerts.empty")}>
      <ConnectAlertmanager />
    </EmptyState>
  );
}
