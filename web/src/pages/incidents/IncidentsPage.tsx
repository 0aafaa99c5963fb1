import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconFilterOff, IconFlame, IconUpload } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { formatNumber } from "../../lib/format";
import { usePreferences } from "../../lib/prefs";
import { useCan } from "../../lib/session";
import type { Incident } from "../../lib/types";
import { EmptyState } from "../../lib/ui/EmptyState";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { useIsPhone } from "../../lib/ui/useIsPhone";
import { VirtualList } from "../../lib/ui/VirtualList";
import { useUrlState } from "../../lib/urlstate";
import { useUploads } from "../upload/UploadProvider";
import { ConnectAlertmanager } from "./ConnectAlertmanager";
import { FilterBar } from "./FilterBar";
import { emptyFilters, narrowed } from "./filters";
import { IncidentRow } from "./IncidentRow";
import { StormBanner } from "./StormBanner";
import { useIncidents } from "./useIncidents";

/** The list of incidents, newest first, live. */
export default function IncidentsPage() {
  const { t, i18n } = useTranslation("shell");
  const [filters, setFilters] = useUrlState(emptyFilters);
  const list = useIncidents(filters);
  const navigate = useNavigate();
  const phone = useIsPhone();
  const quiet = list.items.every((i) => i.alerts === 0);
  const row = useCallback(
    (i: Incident) => <IncidentRow incident={i} phone={phone} sort={filters.sort} quiet={quiet} />,
    [phone, filters.sort, quiet],
  );
  const compact = usePreferences().density === "compact";
  const { fetchNextPage, hasNextPage, isFetching } = list;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  const open = (i: Incident) => void navigate({ to: `/incidents/${i.id}` });
  return (
    <div className="full-page">
      <Group px="md" pt="sm" gap="sm" align="baseline">
        <Title order={1}>{t("incidents.title")}</Title>
        <Text size="sm" c="dimmed" aria-live="polite">
          {list.total !== undefined && list.total >= 0 && !list.isPending
            ? t("incidents.count", {
                count: list.total,
                n: formatNumber(list.total, i18n.language) + (list.more ? "+" : ""),
              })
            : ""}
        </Text>
      </Group>
      <FilterBar filters={filters} onChange={setFilters} />
      <StormBanner />
      {list.isPending ? (
        <Stack p="md">
          <Loading what={t("incidents.reading")} rows={10} height={44} />
        </Stack>
      ) : list.isError && list.items.length === 0 ? (
        <Stack p="md">
          <ErrorPanel error={list.error} onRetry={() => void list.refetch()} />
        </Stack>
      ) : list.items.length === 0 ? (
        <Nothing filtered={narrowed(filters)} onClear={() => setFilters(emptyFilters)} />
      ) : (
        <VirtualList
          items={list.items}
          id={(i) => i.id}
          rowHeight={phone ? 112 : compact ? 46 : 62}
          label={t("incidents.title")}
          row={row}
          onEnd={onEnd}
          onEnter={open}
          loading={list.isFetchingNextPage}
          total={list.more ? undefined : list.total}
        />
      )}
    </div>
  );
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  const { t } = useTranslation("shell");
  const { open } = useUploads();
  const can = useCan("operator");
  if (filtered) {
    return (
      <EmptyState
        icon={<IconFilterOff size={36} stroke={1.4} />}
        title={t("incidents.noMatch")}
        action={
          <Button variant="default" onClick={onClear}>
            {t("incidents.clear")}
          </Button>
        }
      />
    );
  }
  return (
    <EmptyState icon={<IconFlame size={36} stroke={1.4} />} title={t("incidents.empty")}>
      <Stack gap="lg" mt="xs" ta="left">
        {can && (
          <Stack gap={6} align="flex-start">
            <Text size="sm">{t("incidents.emptyUpload")}</Text>
            <Button leftSection={<IconUpload size={16} />} onClick={open}>
              {t("upload.button")}
            </Button>
          </Stack>
        )}
        <ConnectAlertmanager />
      </Stack>
    </EmptyState>
  );
}
