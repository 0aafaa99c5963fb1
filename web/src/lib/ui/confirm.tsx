import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { ErrorPanel } from "./ErrorPanel";

interface Props {
  opened: boolean;
  title: string;
  text: string;
  /** The word on the button that does it. */
  action: string;
  pending: boolean;
  error?: unknown;
  onYes: () => void;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ opened, title, text, action, pending, error, onYes, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="sm" closeButtonProps={{ "aria-label": t("close") }}>
      <Stack>
        <Text size="sm">{text}</Text>
        {error ? <ErrorPanel error={error} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t("cancel")}
          </Button>
          <Button color="red.8" loading={pending} onClick={onYes}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
