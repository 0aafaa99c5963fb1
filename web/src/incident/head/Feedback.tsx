import { Button, Checkbox, Group, Modal, Select, Stack, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconThumbDown, IconThumbUp } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { useCan, useSession } from "../../lib/session";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { useShared } from "../context";
import { feedbackKey, feedbackPath, NOTHING, useFeedback, type Opinion } from "./useFeedback";
import { useFaults } from "./useFaults";

/** Feedback asks whether the diagnosis is right, and for the true cause where it is not. */
export function Feedback() {
  const { t } = useTranslation("incident");
  const { incident } = useShared();
  const [asking, setAsking] = useState(false);
  const may = useCan("operator");
  const client = useQueryClient();
  const me = useSession().data?.user?.id;
  // What others say is below; pressed is only one's own answer to this diagnosis.
  const last = useFeedback(incident).find((g) => g.user === me && g.attempt === incident.attempt)?.verdict;
  const send = useMutation({
    mutationFn: (g: Opinion) => api.post(feedbackPath(incident.id), g),
    onSuccess: () => {
      setAsking(false);
      notifications.show({ message: t("feedback.thanks") });
      void client.invalidateQueries({ queryKey: feedbackKey(incident.id) });
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
  const [nothing, setNothing] = useState(false);
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        onSend({
          ...(node && !nothing ? { node } : {}),
          ...(nothing ? { fault: NOTHING } : fault ? { fault } : {}),
          ...(note.trim() ? { note: note.trim() } : {}),
        });
      }}
    >
      <Stack gap="sm">
        {d.verdict !== "healthy" && (
          <Checkbox label={t("case.healthy")} checked={nothing} onChange={(e) => setNothing(e.currentTarget.checked)} />
        )}
        <Select
          disabled={nothing}
          label={t("feedback.node")}
          data={d.graph.nodes.map((n) => n.id)}
          value={node}
          onChange={setNode}
          searchable
          clearable
        />
        <Select
          disabled={nothing}
          label={t("feedback.fault")}
          data={faults}
          value={fault}
          onChange={setFault}
          searchable
          clearable
        />
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
