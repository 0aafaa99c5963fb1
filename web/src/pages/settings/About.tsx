import { Anchor, Stack, Table } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { base } from "../../lib/api";
import { useSession } from "../../lib/session";

/** What runs here, and where its description for programs is. */
export function About() {
  const { t } = useTranslation("admin");
  const session = useSession().data;
  return (
    <Stack maw={620} className="panel" p="md">
      <Table variant="vertical" layout="fixed" withRowBorders={false}>
        <Table.Tbody>
          <Table.Tr>
            <Table.Th w={180}>{t("about.version")}</Table.Th>
            <Table.Td>{session?.version}</Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Th>{t("about.api")}</Table.Th>
            <Table.Td>
              <Anchor href={`${base}/openapi.json`} size="sm">
                OpenAPI 3.1
              </Anchor>
            </Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Th>{t("about.license")}</Table.Th>
            <Table.Td>Apache-2.0</Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </Stack>
  );
}
