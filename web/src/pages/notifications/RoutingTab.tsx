import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlus } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { useEdit, type Loaded } from "../../lib/edit";
import { routingKey } from "../../lib/keys";
import { useCan } from "../../lib/session";
import type { Quiet, Route, Routing } from "../../lib/types";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { StalePanel } from "../../lib/ui/StalePanel";
import { readVersioned, useVersioned } from "../../lib/versioned";
import { useChannels } from "./Channels";
import { QuietCard } from "./QuietCard";
import { RouteCard } from "./RouteCard";

const path = "/settings/routing";

/** Which notice goes to which channel, and when it stays quiet. */
export function RoutingTab() {
  const q = useVersioned<Routing>(routingKey, path);
  if (q.isPending) return <Loading rows={4} height={70} />;
  if (q.isError) return <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />;
  return <RoutingForm loaded={q.data} />;
}

const newRoute: Route = {
  name: "",
  match: { severity_at_least: "", labels: {}, systems: [], kinds: [] },
  channels: [],
  continue: false,
};

const newQuiet = (): Quiet => ({
  name: "",
  from: "22:00",
  to: "07:00",
  days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
  zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  below: "critical",
});

function moved<T>(list: T[], i: number, by: number): T[] {
  const at = i + by;
  const item = list[i];
  if (item === undefined || at < 0 || at >= list.length) return list;
  const out = list.toSpliced(i, 1);
  out.splice(at, 0, item);
  return out;
}

function RoutingForm({ loaded }: { loaded: Loaded<Routing> }) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const client = useQueryClient();
  const admin = useCan("admin");
  const channels = useChannels();
  const edit = useEdit<Routing>({
    loaded,
    reload: () => readVersioned<Routing>(path),
    send: (d, version) => api.put(path, d, version),
    onSaved: () => {
      notifications.show({ message: common("saved"), color: "teal" });
      void client.invalidateQueries({ queryKey: routingKey });
    },
  });
  const { routes, quiet } = edit.draft;
  return (
    <Stack>
      <Title order={2} size="h4">
        {t("routing.routes")}
      </Title>
      <Text size="sm" c="dimmed">
        {t("routing.routesHint")}
      </Text>
      {routes.length === 0 && <Text size="sm">{t("routing.noRoutes")}</Text>}
      {routes.map((r, i) => (
        <RouteCard
          key={i}
          route={r}
          first={i === 0}
          last={i === routes.length - 1}
          locked={!admin}
          channels={channels.data?.items ?? []}
          onChange={(next) => edit.set({ routes: routes.with(i, next) })}
          onMove={(by) => edit.set({ routes: moved(routes, i, by) })}
          onRemove={() => edit.set({ routes: routes.toSpliced(i, 1) })}
        />
      ))}
      {admin && (
        <Group>
          <Button
            variant="default"
            leftSection={<IconPlus size={15} />}
            onClick={() => edit.set({ routes: [...routes, newRoute] })}
          >
            {t("routing.addRoute")}
          </Button>
        </Group>
      )}
      <Title order={2} size="h4" mt="md">
        {t("routing.quiet")}
      </Title>
      <Text size="sm" c="dimmed">
        {t("routing.quietHint")}
      </Text>
      {quiet.map((v, i) => (
        <QuietCard
          key={i}
          quiet={v}
          locked={!admin}
          onChange={(next) => edit.set({ quiet: quiet.with(i, next) })}
          onRemove={() => edit.set({ quiet: quiet.toSpliced(i, 1) })}
        />
      ))}
      {admin && (
        <Group>
          <Button
            variant="default"
            leftSection={<IconPlus size={15} />}
            onClick={() => edit.set({ quiet: [...quiet, newQuiet()] })}
          >
            {t("routing.addQuiet")}
          </Button>
        </Group>
      )}
      {edit.stale && (
        <StalePanel
          conflicts={edit.conflicts}
          name={(f) => t(`routing.${f}`)}
          onKeep={edit.keepMine}
          onTake={edit.takeTheirs}
        />
      )}
      {edit.error !== null && <ErrorPanel error={edit.error} onRetry={edit.save} />}
      {admin && (
        <Group>
          <Button onClick={edit.save} loading={edit.saving} disabled={!edit.dirty}>
            {common("save")}
          </Button>
          {edit.dirty && (
            <Button variant="subtle" onClick={edit.reset}>
              {common("cancel")}
            </Button>
          )}
        </Group>
      )}
    </Stack>
  );
}
