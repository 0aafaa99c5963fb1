import { Stack, Table, Text, Title } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconEqual } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { evaluationsKey } from "../../lib/keys";
import { ToneBadge } from "../../lib/ui/Badges";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { PageFrame } from "../../lib/ui/PageFrame";
import { useFigure } from "./figure";
import { lessIsBetter, type Comparison, type Delta } from "./types";

/** Two evaluations side by side: every figure before and after, and the cases that changed. */
export default function ComparePage() {
  const { t } = useTranslation("insight");
  const { a = "", b = "" } = useParams({ strict: false });
  const q = useQuery({
    queryKey: [...evaluationsKey, a, "compare", b],
    queryFn: () => api.get<Comparison>(`/evaluations/${a}/compare/${b}`),
  });
  if (q.isPending || q.isError) {
    return (
      <Stack p="md">
        {q.isError ? <ErrorPanel error={q.error} onRetry={() => void q.refetch()} /> : <Loading rows={8} height={32} />}
      </Stack>
    );
  }
  const c = q.data;
  return (
    <PageFrame
      title={t("evaluation.compareTitle", { before: c.before, after: c.after })}
      hint={t("evaluation.bothHold", { n: c.cases, better: c.better, worse: c.worse })}
    >
      <Link to="/evaluation" className="plain-link">
        ‹ {t("evaluation.back")}
      </Link>
      <Table.ScrollContainer minWidth={560} className="panel">
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("evaluation.score")}</Table.Th>
              <Table.Th>{t("evaluation.group")}</Table.Th>
              <Table.Th className="num">{t("evaluation.before")}</Table.Th>
              <Table.Th className="num">{t("evaluation.after")}</Table.Th>
              <Table.Th>{t("evaluation.delta")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {c.scores.map((d) => (
              <DeltaRow key={`${d.set}/${d.key}`} delta={d} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Changes comparison={c} />
    </PageFrame>
  );
}

function DeltaRow({ delta: d }: { delta: Delta }) {
  const { t } = useTranslation("insight");
  const figure = useFigure();
  const by = d.before === null || d.after === null ? 0 : d.after - d.before;
  const better = lessIsBetter.has(d.key) ? by < 0 : by > 0;
  const small = Math.abs(by) < 1e-9;
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        {figure.name(d)}
      </Table.Th>
      <Table.Td>{d.set}</Table.Td>
      <Table.Td className="num">{figure.value(d.before, d.unit)}</Table.Td>
      <Table.Td className="num">{figure.value(d.after, d.unit)}</Table.Td>
      <Table.Td>
        <ToneBadge
          tone={small ? "plain" : better ? "good" : "bad"}
          icon={small ? IconEqual : by > 0 ? IconArrowUp : IconArrowDown}
        >
          {small ? t("evaluation.noChange") : figure.value(Math.abs(by), d.unit)}
        </ToneBadge>
      </Table.Td>
    </Table.Tr>
  );
}

function Changes({ comparison: c }: { comparison: Comparison }) {
  const { t } = useTranslation("insight");
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        {t("evaluation.changes")}
      </Title>
      {c.changes.length === 0 ? (
        <Text size="sm">{t("evaluation.same")}</Text>
      ) : (
        <Table.ScrollContainer minWidth={640} className="panel">
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("evaluation.case")}</Table.Th>
                <Table.Th>{t("evaluation.truth")}</Table.Th>
                <Table.Th>{t("evaluation.before")}</Table.Th>
                <Table.Th>{t("evaluation.after")}</Table.Th>
                <Table.Th>{t("evaluation.outcome")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {c.changes.map((x) => (
                <Table.Tr key={`${x.set}/${x.case}`}>
                  <Table.Td>{x.case}</Table.Td>
                  <Table.Td>{x.truth || t("evaluation.healthy")}</Table.Td>
                  <Table.Td>{x.before || t("evaluation.noAnswer")}</Table.Td>
                  <Table.Td>{x.after || t("evaluation.noAnswer")}</Table.Td>
                  <Table.Td>
                    <ToneBadge tone={x.better ? "good" : "bad"}>
                      {x.better ? t("evaluation.better") : t("evaluation.worse")}
                    </ToneBadge>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </section>
  );
}
