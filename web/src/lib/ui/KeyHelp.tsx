import { Kbd, Modal, Table, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** Groups of keys with what they do; the texts are keys of namespace common under "keys". */
const groups: { title: string; keys: [string[], string][] }[] = [
  {
    title: "everywhere",
    keys: [
      [["/"], "search"],
      [["?"], "help"],
      [["g", "i"], "goIncidents"],
      [["g", "t"], "goTopology"],
      [["u"], "upload"],
      [["Esc"], "close"],
    ],
  },
  {
    title: "list",
    keys: [
      [["j"], "next"],
      [["k"], "previous"],
      [["Enter"], "open"],
    ],
  },
  {
    title: "incident",
    keys: [
      [["e"], "evidence"],
      [["["], "back"],
    ],
  },
];

/** The overlay that `?` opens. */
export function KeyHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("keys.title")}
      size="md"
      closeButtonProps={{ "aria-label": t("close") }}
    >
      {groups.map((g) => (
        <section key={g.title}>
          <Title order={3} size="h5" mt="sm">
            {t(`keys.${g.title}`)}
          </Title>
          <Table withRowBorders={false} verticalSpacing={4}>
            <Table.Tbody>
              {g.keys.map(([keys, what]) => (
                <Table.Tr key={what}>
                  <Table.Td w={110}>
                    {keys.map((k) => (
                      <Kbd key={k} mr={4}>
                        {k}
                      </Kbd>
                    ))}
                  </Table.Td>
                  <Table.Td>{t(`keys.${what}`)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </section>
      ))}
    </Modal>
  );
}
