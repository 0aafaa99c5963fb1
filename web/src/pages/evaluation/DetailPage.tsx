import { Button, Group, Stack, Switch, Table, Text, Title } from "@mantine/core";
import { IconCheck, IconTrash, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ConfusionMatrix, Scatter } from "../../charts";
import { api } from "../../lib/api";
import { formatDuration, formatProbability, formatShare } from "../../lib/format";
import { evaluationsKey } from "../../lib/keys";
import { useCan } from "../../lib/session";
import { ToneBadge } from "../../lib/ui/Badges";
import { Confirm } from "../../lib/ui/confirm";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { PageFrame } from "../../lib/ui/PageFrame";
import { useIsPhone } from "../../lib/ui/useIsPhone";
import { useUrlState } from "../../lib/urlstate";
import { ScoreTable } from "./ScoreTable";
import type { EvalCase, EvaluationDetail } from "./types";

/** One evaluation: figures by set, what was taken for what, calibration, every case. */
export default function DetailPage() {
  const { t } = useTranslation("insight");
  const { id = "" } = useParams({ strict: false });
  const q = useQuery({
    queryKey: [...evaluationsKey, id],
    queryFn: () => api.get<EvaluationDetail>(`/evaluations/${id}`),
  });
  if (q.isPending) {
    return (
      <Stack p="md">
        <Loading rows={8} height={32} />
      </Stack>
    );
  }
  if (q.isError) {
    return (
      <Stack p="md">
        <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />
      </Stack>
    );
  }
  const e = q.data;
  return (
    <PageFrame
      title={e.name}
      hint={[e.engine, e.sets.join(", ")].filter(Boolean).join(" · ")}
      actions={<Remove id={id} />}
    >
      <Group>
        <Link to="/evaluation" className="plain-link">
          ‹ {t("evaluation.back")}
        </Link>
      </Group>
      <section>
        <Title order={2} size="h4" mb={4}>
          {t("evaluation.scores")}
        </Title>
        <Text size="sm" c="dimmed" mb="xs">
          {t("evaluation.scoresHint")}
        </Text>
        <ScoreTable groups={e.groups} />
      </section>
      {e.confusion.labels.length > 0 && (
        <section className="panel section">
          <Title order={2} size="h4">
            {t("evaluation.confusion")}
          </Title>
          <Text size="sm" c="dimmed">
            {t("evaluation.confusionHint")}
          </Text>
          <ConfusionMatrix label={t("evaluation.confusion")} labels={e.confusion.labels} rows={e.confusion.rows} />
        </section>
      )}
      <Calibration detail={e} />
      <Cases cases={e.cases} />
    </PageFrame>
  );
}

function Remove({ id }: { id: string }) {
  const { t } = useTranslation("insight");
  const can = useCan("operator");
  const client = useQueryClient();
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => api.delete(`/evaluations/${id}`),
    onSuccess: async () => {
      await navigate({ to: "/evaluation" });
      await client.invalidateQueries({ queryKey: evaluationsKey });
    },
  });
  if (!can) return null;
  return (
    <>
      <Button size="xs" variant="default" leftSection={<IconTrash size={15} />} onClick={() => setAsking(true)}>
        {t("evaluation.delete")}
      </Button>
      <Confirm
        opened={asking}
        title={t("evaluation.delete")}
        text={t("evaluation.deleteText")}
        action={t("evaluation.delete")}
        pending={remove.isPending}
        error={remove.error}
        onYes={() => remove.mutate()}
        onClose={() => setAsking(false)}
      />
    </>
  );
}

function Calibration({ detail }: { detail: EvaluationDetail }) {
  const { t, i18n } = useTranslation("insight");
  const bins = detail.calibration.filter((b) => b.n > 0);
  if (bins.length === 0) return null;
  const share = (v: number) => formatShare(v, i18n.language);
  const dots = bins.map((b) => ({
    x: b.mean_confidence,
    y: b.accuracy,
    name: `${share(b.from)} – ${share(b.to)}, ${t("evaluation.n")} ${b.n}`,
  }));
  return (
    <section className="panel section">
      <Title order={2} size="h4">
        {t("evaluation.calibration")}
      </Title>
      <Text size="sm" c="dimmed">
        {t("evaluation.calibrationHint")}
      </Text>
      <Scatter
        label={t("evaluation.calibration")}
        diagonal
        x={{ name: t("evaluation.confidence"), unit: "ratio", min: 0, max: 1 }}
        y={{ name: t("evaluation.right"), unit: "ratio", min: 0, max: 1 }}
        series={[{ name: t("evaluation.right"), dots }]}
      />
    </section>
  );
}

/** How many cases are shown at once. */
const page = 200;

function Cases({ cases }: { cases: EvalCase[] }) {
  const { t, i18n } = useTranslation("insight");
  const { t: common } = useTranslation();
  const phone = useIsPhone();
  const [{ wrong }, set] = useUrlState({ wrong: "" });
  const [shown, setShown] = useState(page);
  const list = wrong ? cases.filter((c) => !c.right) : cases;
  return (
    <section>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          {t("evaluation.allCases")} ({list.length})
        </Title>
        <Switch
          label={t("evaluation.onlyWrong")}
          checked={wrong !== ""}
          onChange={(e) => set({ wrong: e.currentTarget.checked ? "1" : "" })}
        />
      </Group>
      <Table.ScrollContainer minWidth={phone ? 0 : 760} className="panel">
        <Table className="cards-on-phone">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("evaluation.case")}</Table.Th>
              <Table.Th>{t("evaluation.truth")}</Table.Th>
              <Table.Th>{t("evaluation.answer")}</Table.Th>
              <Table.Th className="num">{t("evaluation.confidence")}</Table.Th>
              <Table.Th>{t("evaluation.outcome")}</Table.Th>
              <Table.Th className="num">{t("evaluation.duration")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.slice(0, shown).map((c, i) => (
              <Table.Tr key={`${c.set}/${c.case}/${i}`}>
                <Table.Td>
                  {c.case}
                  <Text size="xs" c="dimmed">
                    {c.set}
                  </Text>
                </Table.Td>
                <Table.Td data-label={t("evaluation.truth")}>{c.truth || t("evaluation.healthy")}</Table.Td>
                <Table.Td data-label={t("evaluation.answer")}>
                  {c.error || c.answer || t("evaluation.noAnswer")}
                  {c.verdict && (
                    <Text size="xs" c="dimmed">
                      {common(`verdict.${c.verdict}`)}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td className="num" data-label={t("evaluation.confidence")}>
                  {formatProbability(c.confidence, i18n.language)}
                </Table.Td>
                <Table.Td>
                  <ToneBadge tone={c.right ? "good" : "bad"} icon={c.right ? IconCheck : IconX}>
                    {c.right ? t("evaluation.right") : t("evaluation.wrong")}
                  </ToneBadge>
                </Table.Td>
                <Table.Td className="num" data-label={t("evaluation.duration")}>
                  {formatDuration(c.wall_ms, i18n.language)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {list.length > shown && (
        <Button mt="sm" variant="default" onClick={() => setShown((n) => n + page)}>
          {common("more")}
        </Button>
      )}
    </section>
  );
}
