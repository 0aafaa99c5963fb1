import { Anchor, Group, Select, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { IconChartDots3 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { topologyKey } from "../../lib/keys";
import type { Topology } from "../../lib/types";
import { SeverityBadge } from "../../lib/ui/Badges";
import { EmptyState } from "../../lib/ui/EmptyState";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { useRoleWord } from "../../lib/vocabulary";
import { Loading } from "../../lib/ui/Loading";
import { MiddleCut } from "../../lib/ui/MiddleCut";
import { TimeStamp } from "../../lib/ui/TimeStamp";
import { useIsPhone } from "../../lib/ui/useIsPhone";
import { useUrlState } from "../../lib/urlstate";
import { Graph } from "./Graph";
import { draw, maxNodes, type Box } from "./layout";

/** What is known of the systems: nodes, who calls whom, and where incidents are open. */
export default function TopologyPage() {
  const { t } = useTranslation("insight");
  const [s, set] = useUrlState({ system: "", by: "", node: "" });
  const q = useQuery({
    queryKey: [...topologyKey, s.system],
    queryFn: ({ signal }) => api.get<Topology>("/topology", { system: s.system }, signal),
    refetchInterval: 30_000,
  });
  const phone = useIsPhone();
  const drawing = useMemo(
    () => q.data && draw(q.data.nodes, q.data.edges, s.by === "service", phone),
    [q.data, s.by, phone],
  );
  const chosen = drawing?.boxes.find((b) => b.id === s.node);
  const forced = (q.data?.nodes.length ?? 0) > maxNodes;
  return (
    <div className="full-page">
      <Group px="md" py="sm" gap="sm">
        <Title order={1}>{t("topology.title")}</Title>
        <Select
          size="xs"
          w={180}
          aria-label={t("topology.system")}
          placeholder={t("topology.allSystems")}
          clearable
          data={q.data?.systems ?? []}
          value={s.system || null}
          onChange={(v) => set({ system: v ?? "", node: "" })}
        />
        <Switch
          size="sm"
          label={t("topology.byService")}
          checked={s.by === "service" || forced}
          disabled={forced}
          onChange={(e) => set({ by: e.currentTarget.checked ? "service" : "", node: "" })}
        />
        {forced && (
          <Text size="xs" c="dimmed">
            {t("topology.forced", { n: q.data?.nodes.length ?? 0, max: maxNodes })}
          </Text>
        )}
      </Group>
      {q.isPending ? (
        <Stack p="md">
          <Loading what={t("topology.reading")} rows={4} height={80} />
        </Stack>
      ) : q.isError && !q.data ? (
        <Stack p="md">
          <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />
        </Stack>
      ) : !drawing || drawing.boxes.length === 0 ? (
        <EmptyState icon={<IconChartDots3 size={36} stroke={1.4} />} title={t("topology.empty")}>
          {t("topology.emptyHint")}
        </EmptyState>
      ) : (
        <>
          <Graph drawing={drawing} downwards={phone} chosen={s.node} onChoose={(node) => set({ node })} />
          {chosen && <Detail box={chosen} topology={q.data} grouped={drawing.grouped} />}
          <NodeTable topology={q.data} />
        </>
      )}
    </div>
  );
}

function Detail({ box, topology, grouped }: { box: Box; topology: Topology | undefined; grouped: boolean }) {
  const { t } = useTranslation("insight");
  const roleWord = useRoleWord();
  const members = topology?.nodes.filter((n) => (grouped ? (n.service || n.id) === box.id : n.id === box.id)) ?? [];
  return (
    <Group className="panel" mx="md" mb="sm" p="sm" gap="lg" align="flex-start" aria-live="polite">
      <Stack gap={2}>
        <Text fw={700}>{box.id}</Text>
        <Text size="xs" c="dimmed">
          {grouped
            ? t("topology.members", { count: members.length })
            : [box.service, roleWord(box.role)].filter(Boolean).join(" · ")}
        </Text>
      </Stack>
      <Stack gap={2}>
        <Text size="xs" c="dimmed">
          {t("topology.open")}
        </Text>
        {box.open.length === 0 && <Text size="sm">{t("topology.noneOpen")}</Text>}
        {box.open.slice(0, 5).map((id) => (
          <Anchor key={id} size="sm" component={Link} {...({ to: `/incidents/${id}` } as object)}>
            {id}
          </Anchor>
        ))}
      </Stack>
      <Anchor size="sm" component={Link} {...({ to: "/", search: { node: members[0]?.id ?? box.id } } as object)}>
        {t("topology.history")}
      </Anchor>
      {members[0]?.seen && (
        <Text size="xs" c="dimmed">
          {t("topology.seen")} <TimeStamp at={members[0].seen} ago />
        </Text>
      )}
    </Group>
  );
}

/** The same as a table, for screen readers. */
function NodeTable({ topology }: { topology: Topology | undefined }) {
  const { t } = useTranslation("insight");
  const roleWord = useRoleWord();
  const rows = (topology?.nodes ?? []).slice(0, maxNodes);
  return (
    <div className="visually-hidden">
      <Table>
        <caption>{t("topology.title")}</caption>
        <thead>
          <tr>
            <th>{t("topology.node")}</th>
            <th>{t("topology.service")}</th>
            <th>{t("topology.role")}</th>
            <th>{t("topology.open")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((n) => (
            <tr key={`${n.system}/${n.id}`}>
              <td>
                <MiddleCut text={n.id} max={60} />
              </td>
              <td>{n.service}</td>
              <td>{roleWord(n.role)}</td>
              <td>
                {n.open.join(", ")} {n.severity && <SeverityBadge severity={n.severity} />}
              </td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}
