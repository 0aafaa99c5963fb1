import { Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { CodeBlock } from "../../lib/ui/CodeBlock";

/** Shows a one-time link to hand over; empty: closed. */
export function LinkModal({ link, onClose }: { link: string; onClose: () => void }) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  return (
    <Modal
      opened={link !== ""}
      onClose={onClose}
      title={t("users.linkTitle")}
      closeButtonProps={{ "aria-label": common("close") }}
    >
      <Stack>
        <Text size="sm">{t("users.linkText")}</Text>
        <CodeBlock code={link} label={t("users.linkTitle")} />
      </Stack>
    </Modal>
  );
}
