import { Alert, Button, Code, Group, Stack, Table, Text } from "@mantine/core";
import { IconGitMerge } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Conflict } from "../edit";

interface Props {
  conflicts: Conflict[];
  /** The name of a field for people. */
  name: (field: string) => string;
  onKeep: () => void;
  onTake: () => void;
}

const show = (v: unknown) => (typeof v === "string" ? v : (JSON.stringify(v) ?? "–"));

/** What someone else changed meanwhile, beside what was typed here; nothing typed is lost. */
export function StalePanel({ conflicts, name, onKeep, onTake }: Props) {
  const { t } = useTranslation();
  return (
    <Alert
      role="alert"
      color="yellow"
      variant="light"
      icon={<IconGitMerge />}
      title={t("error.stale")}
      className="stale-panel"
    >
      <Stack gap="xs">
        <Text size="sm">{t("stale.detail")}</Text>
        {conflicts.length > 0 && (
          <Table.ScrollContainer minWidth={420}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("stale.field")}</Table.Th>
                  <Table.Th>{t("stale.before")}</Table.Th>
                  <Table.Th>{t("stale.theirs")}</Table.Th>
                  <Table.Th>{t("stale.mine")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {conflicts.map((c) => (
                  <Table.Tr key={c.field}>
                    <Table.Td>{name(c.field)}</Table.Td>
                    {[c.before, c.theirs, c.mine].map((v, i) => (
                      <Table.Td key={i}>
                        <Code style={{ wordBreak: "break-word" }}>{show(v)}</Code>
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
        <Group gap="xs">
          <Button size="xs" onClick={onKeep}>
            {t("stale.keep")}
          </Button>
          <Button size="xs" variant="default" onClick={onTake}>
            {t("stale.take")}
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}
