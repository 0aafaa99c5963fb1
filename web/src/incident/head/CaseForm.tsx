import { Button, Checkbox, Group, Modal, Select, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { incidentKey } from "../../lib/keys";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { useShared } from "../context";
import { useFaults } from "./useFaults";

/** CaseForm makes an evaluation case of the incident: with what was diagnosed as the truth, unless it is corrected here. */
export function CaseForm({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation("incident");
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("case.title")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Form onDone={onClose} />
    </Modal>
  );
}

function Form({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation("incident");
  const { incident, d } = useShared();
  const client = useQueryClient();
  const faults = useFaults();
  const [healthy, setHealthy] = useState(d.verdict === "healthy");
  const [node, setNode] = useState<string | null>(d.causes[0]?.node ?? null);
  const [fault, setFault] = useState<string | null>(d.causes[0]?.fault ?? null);
  const send = useMutation({
    mutationFn: () =>
      api.post(`/incidents/${encodeURIComponent(incident.id)}/case`, healthy ? { healthy: true } : { node, fault }),
    onSuccess: () => {
      notifications.show({ message: t("case.done") });
      void client.invalidateQueries({ queryKey: incidentKey(incident.id) });
      onDone();
    },
  });
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        send.mutate();
      }}
    >
      <Stack gap="sm">
        <Text size="sm">{t("case.why")}</Text>
        <Checkbox label={t("case.healthy")} checked={healthy} onChange={(e) => setHealthy(e.currentTarget.checked)} />
        {!healthy && (
          <Select
            label={t("case.node")}
            data={d.graph.nodes.map((n) => n.id)}
            value={node}
            onChange={setNode}
            searchable
            required
          />
        )}
        {!healthy && (
          <Select label={t("case.fault")} data={faults} value={fault} onChange={setFault} searchable required />
        )}
        {send.error && <ErrorPanel error={send.error} safe={t("feedback.kept")} />}
        <Group justify="flex-end">
          <Button type="submit" loading={send.isPending} disabled={!healthy && (!node || !fault)}>
            {t("case.make")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
