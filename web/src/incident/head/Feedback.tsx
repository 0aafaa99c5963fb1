import { Button, Group, Modal, Select, Stack, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconThumbDown, IconThumbUp } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { incidentKey } from "../../lib/keys";
import { useCan } from "../../lib/session";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { useShared } from "../context";
import { useFaults } from "./useFaults";

interface Given {
  verdict: "right" | "wrong";
  node?: string;
  fault?: string;
  note?: string;
}

/** Feedback asks whether the diagnosis is right, and for the true cause where it is not. */
export function Feedback() {
  const { t } = useTranslation("incident");
  const { incident } = useShared();
  const [asking, setAsking] = useState(false);
  const may = useCan("operator");
  const client = useQueryClient();
  const key = [...incidentKey(incident.id), "feedback"];
  const path = `/incidents/${encodeURIComponent(incident.id)}/feedback`;
  const given =
    useQuery({ queryKey: key, queryFn: () => api.get<{ items: Given[] }>(path), retry: false }).data?.items ?? [];
  const last = given[given.length - 1]?.verdict;
  const send = useMutation({
    mutationFn: (g: Given) => api.post(path, g),
    onSuccess: () => {
      setAsking(false);
      notifications.show({ message: t("feedback.thanks") });
      void client.invalidateQueries({ queryKey: key });
    },
  });
  if (!may) return null;
  return (
    <Group gap={4} role="group" aria-label={t("feedback.ask")}>
      <span aria-hidden>{t("feedback.ask")}</span>
      <Button
        size="compact-sm"
        variant={last === "right" ? "filled" : "default"}
        aria-pressed={last === "right"}
        loading={send.isPending && !asking}
        leftSection={<IconThumbUp size={14} />}
        onClick={() => send.mutate({ verdict: "right" })}
      >
        {t("common:yes")}
      </Button>
      <Button
        size="compact-sm"
        variant={last === "wrong" ? "filled" : "default"}
        aria-pressed={last === "wrong"}
        leftSection={<IconThumbDown size={14} />}
        onClick={() => setAsking(true)}
      >
        {t("common:no")}
      </Button>
      <Modal
        opened={asking}
        onClose={() => setAsking(false)}
        title={t("feedback.title")}
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <Truth error={send.error} pending={send.isPending} onSend={(g) => send.mutate({ verdict: "wrong", ...g })} />
      </Modal>
      {send.error && !asking && <ErrorPanel error={send.error} />}
    </Group>
  );
}

interface TruthProps {
  error: unknown;
  pending: boolean;
  onSend: (g: { node?: string; fault?: string; note?: string }) => void;
}

function Truth({ error, pending, onSend }: TruthProps) {
  const { t } = useTranslation("incident");
  const { d } = useShared();
  const faults = useFaults();
  const [node, setNode] = useState<string | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [note, setNote] = useState("");
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        onSend({
          ...(node ? { node } : {}),
          ...(fault ? { fault } : {}),
          ...(note.trim() ? { note: note.trim() } : {}),
        });
      }}
    >
      <Stack gap="sm">
        <Select
          label={t("feedback.node")}
          data={d.graph.nodes.map((n) => n.id)}
          value={node}
          onChange={setNode}
          searchable
          clearable
        />
        <Select label={t("feedback.fault")} data={faults} value={fault} onChange={setFault} searchable clearable />
        <Textarea
          label={t("feedback.note")}
          value={note}
          onChange={(e) => setNote(e.currentTarget.value)}
          autosize
          minRows={2}
          maxLength={4000}
        />
        {error !== null && <ErrorPanel error={error} safe={t("feedback.kept")} />}
        <Group justify="flex-end">
          <Button type="submit" loading={pending}>
            {t("feedback.send")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
