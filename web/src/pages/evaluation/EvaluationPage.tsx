import { Button, Checkbox, FileButton, Group, Progress, Stack, Table, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconFileImport, IconGitCompare, IconPlayerPlay, IconTargetArrow } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { formatShare } from "../../lib/format";
import { evaluationsKey } from "../../lib/keys";
import { useCan } from "../../lib/session";
import { ToneBadge } from "../../lib/ui/Badges";
import { EmptyState } from "../../lib/ui/EmptyState";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { PageFrame } from "../../lib/ui/PageFrame";
import { TimeStamp } from "../../lib/ui/TimeStamp";
import { mainScores, type Evaluation } from "./types";

/** Reads the evaluations; again every two seconds while one runs. */
function useEvaluations() {
  return useQuery({
    queryKey: evaluationsKey,
    queryFn: ({ signal }) => api.get<{ items: Evaluation[] }>("/evaluations", {}, signal),
    refetchInterval: (q) => (q.state.data?.items.some((e) => e.state === "running") ? 2000 : false),
  });
}

/** The evaluations: run one, look at one, compare two. */
export default function EvaluationPage() {
  const { t } = useTranslation("insight");
  const q = useEvaluations();
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string[]>([]);
  const list = q.data?.items ?? [];
  // The older of the two is what was before.
  const pair = list.filter((e) => chosen.includes(e.id)).toSorted((a, b) => (a.at ?? "").localeCompare(b.at ?? ""));
  const [before, after] = pair;
  const compare = () => {
    if (before && after) void navigate({ to: `/evaluation/${before.id}/compare/${after.id}` });
  };
  const toggle = (id: string) => setChosen((c) => (c.includes(id) ? c.filter((x) => x !== id) : [...c, id].slice(-2)));
  return (
    <PageFrame title={t("evaluation.title")} hint={t("evaluation.hint")}>
      <Actions />
      {q.isPending ? (
        <Loading rows={5} height={36} />
      ) : q.isError ? (
        <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />
      ) : list.length === 0 ? (
        <EmptyState icon={<IconTargetArrow size={36} stroke={1.4} />} title={t("evaluation.empty")}>
          {t("evaluation.emptyHint")}
        </EmptyState>
      ) : (
        <>
          <EvaluationTable list={list} chosen={chosen} onToggle={toggle} />
          <Group>
            <Button
              variant="default"
              leftSection={<IconGitCompare size={16} />}
              disabled={pair.length !== 2}
              onClick={compare}
            >
              {pair.length === 2 ? t("evaluation.compare") : t("evaluation.chooseTwo")}
            </Button>
          </Group>
        </>
      )}
    </PageFrame>
  );
}

function Actions() {
  const { t } = useTranslation("insight");
  const client = useQueryClient();
  const can = useCan("operator");
  const run = useMutation({
    mutationFn: (body: object) => api.post("/evaluations", body),
    onSuccess: () => {
      notifications.show({ message: t("evaluation.started") });
      void client.invalidateQueries({ queryKey: evaluationsKey });
    },
  });
  const load = async (file: File | null) => {
    if (!file) return;
    run.mutate(new Blob([await file.arrayBuffer()], { type: "application/json" }));
  };
  if (!can) return null;
  return (
    <Stack gap="xs">
      <Group gap="xs">
        <Button
          leftSection={<IconPlayerPlay size={16} />}
          loading={run.isPending}
          onClick={() => run.mutate({ set: "demo" })}
        >
          {t("evaluation.runDemo")}
        </Button>
        <Button variant="default" disabled={run.isPending} onClick={() => run.mutate({ set: "cases" })}>
          {t("evaluation.runCases")}
        </Button>
        <FileButton accept=".json,application/json" onChange={(f) => void load(f)}>
          {(props) => (
            <Button
              {...props}
              variant="default"
              disabled={run.isPending}
              leftSection={<IconFileImport size={16} />}
              title={t("evaluation.importHint")}
            >
              {t("evaluation.import")}
            </Button>
          )}
        </FileButton>
      </Group>
      {run.isError && <ErrorPanel error={run.error} />}
    </Stack>
  );
}

interface TableProps {
  list: Evaluation[];
  chosen: string[];
  onToggle: (id: string) => void;
}

function EvaluationTable({ list, chosen, onToggle }: TableProps) {
  const { t, i18n } = useTranslation("insight");
  const scores = mainScores.filter((k) => list.some((e) => e.scores[k] !== undefined));
  return (
    <Table.ScrollContainer minWidth={860} className="panel">
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={36}>
              <span className="visually-hidden">{t("evaluation.chooseTwo")}</span>
            </Table.Th>
            <Table.Th>{t("evaluation.name")}</Table.Th>
            <Table.Th>{t("evaluation.at")}</Table.Th>
            <Table.Th>{t("evaluation.engine")}</Table.Th>
            <Table.Th className="num">{t("evaluation.cases")}</Table.Th>
            {scores.map((k) => (
              <Table.Th key={k} className="num">
                {t(`score.${k}`)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {list.map((e) => (
            <Table.Tr key={e.id}>
              <Table.Td>
                <Checkbox
                  aria-label={t("evaluation.choose", { name: e.name })}
                  disabled={e.state !== "done"}
                  checked={chosen.includes(e.id)}
                  onChange={() => onToggle(e.id)}
                />
              </Table.Td>
              <Table.Td>
                {e.state === "done" ? (
                  <Link to="/evaluation/$id" params={{ id: e.id }} className="plain-link">
                    {e.name}
                  </Link>
                ) : (
                  <Text size="sm">{e.name}</Text>
                )}
                <State evaluation={e} />
              </Table.Td>
              <Table.Td>
                <TimeStamp at={e.at} style="short" />
              </Table.Td>
              <Table.Td>{e.engine}</Table.Td>
              <Table.Td className="num">{e.state === "done" ? e.cases : ""}</Table.Td>
              {scores.map((k) => (
                <Table.Td key={k} className="num">
                  {e.scores[k] === undefined ? "–" : formatShare(e.scores[k], i18n.language, 1)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function State({ evaluation: e }: { evaluation: Evaluation }) {
  const { t } = useTranslation("insight");
  if (e.state === "failed") {
    return (
      <Stack gap={2} align="flex-start">
        <ToneBadge tone="bad">{t("evaluation.failed")}</ToneBadge>
        <Text size="xs">{e.error}</Text>
      </Stack>
    );
  }
  if (e.state !== "running") return null;
  return (
    <Group gap="xs" wrap="nowrap" aria-live="polite">
      <Progress w={120} value={e.total > 0 ? (e.done / e.total) * 100 : 0} aria-label={e.name} animated />
      <Text size="xs" c="dimmed">
        {e.total > 0 ? t("evaluation.progress", { done: e.done, total: e.total }) : t("evaluation.running")}
      </Text>
    </Group>
  );
}
