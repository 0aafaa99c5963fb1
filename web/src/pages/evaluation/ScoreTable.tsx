import { Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useIsPhone } from "../../lib/ui/useIsPhone";
import { useFigure } from "./figure";
import type { Group } from "./types";

/** The figures of every set side by side, each with its interval and the cases it rests on. */
export function ScoreTable({ groups }: { groups: Group[] }) {
  const { t } = useTranslation("insight");
  const figure = useFigure();
  const phone = useIsPhone();
  const keys = [...new Map(groups.flatMap((g) => g.figures.map((f) => [f.key, f]))).values()];
  return (
    <Table.ScrollContainer minWidth={phone ? 130 + groups.length * 130 : 260 + groups.length * 170} className="panel">
      <Table stickyHeader>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("evaluation.score")}</Table.Th>
            {groups.map((g) => (
              <Table.Th key={g.name} className="num">
                {g.name}
                <Text size="xs" c="dimmed">
                  {g.cases} {t("evaluation.cases")}
                </Text>
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {keys.map((k) => (
            <Table.Tr key={k.key}>
              <Table.Th scope="row" fw={400}>
                {figure.name(k)}
              </Table.Th>
              {groups.map((g) => {
                const f = g.figures.find((x) => x.key === k.key);
                return (
                  <Table.Td key={g.name} className="num">
                    {f ? figure.value(f.value, f.unit) : "–"}
                    {f && f.low !== null && f.high !== null && (
                      <Text size="xs" c="dimmed">
                        [{figure.value(f.low, f.unit)}, {figure.value(f.high, f.unit)}]
                      </Text>
                    )}
                  </Table.Td>
                );
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
