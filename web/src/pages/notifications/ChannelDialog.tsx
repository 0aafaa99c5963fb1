import { Button, Group, Modal, PasswordInput, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { useEdit } from "../../lib/edit";
import { channelsKey } from "../../lib/keys";
import type { Channel, ChannelKind, List } from "../../lib/types";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { StalePanel } from "../../lib/ui/StalePanel";
import { fromText, kindNames, kinds, toText, type Field } from "./kinds";

interface Draft {
  name: string;
  kind: ChannelKind;
  config: Record<string, unknown>;
}

const draftOf = (c: Channel): Draft => ({ name: c.name, kind: c.kind, config: c.config });

/** Adds a channel or changes one. */
export function ChannelDialog({ channel, onClose }: { channel: Channel | null; onClose: () => void }) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const client = useQueryClient();
  const edit = useEdit<Draft>({
    loaded: channel
      ? { data: draftOf(channel), version: channel.version }
      : { data: { name: "", kind: "email", config: {} }, version: 0 },
    reload: async () => {
      const list = await api.get<List<Channel>>("/channels");
      const now = list.items.find((c) => c.id === channel?.id) ?? channel;
      if (!now) throw new Error("a new channel cannot be stale");
      return { data: draftOf(now), version: now.version };
    },
    send: (d, version) =>
      channel
        ? api.put(`/channels/${channel.id}`, { ...d, enabled: channel.enabled }, version)
        : api.post("/channels", { ...d, enabled: true }),
    onSaved: () => {
      void client.invalidateQueries({ queryKey: channelsKey });
      onClose();
    },
  });
  const d = edit.draft;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    edit.save();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={!edit.dirty}
      title={channel ? t("channel.change", { name: channel.name }) : t("channel.add")}
      closeButtonProps={{ "aria-label": common("close") }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label={t("channel.name")}
            required
            data-autofocus
            value={d.name}
            onChange={(e) => edit.set({ name: e.currentTarget.value })}
          />
          <Select
            label={t("channel.kind")}
            allowDeselect={false}
            disabled={channel !== null}
            data={kindNames.map((k) => ({ value: k, label: t(`kind.${k}`) }))}
            value={d.kind}
            onChange={(k) => k && edit.set({ kind: k as ChannelKind, config: {} })}
          />
          {kinds[d.kind].map((f) => (
            <ConfigField
              key={`${d.kind}/${f.name}`}
              field={f}
              config={d.config}
              onChange={(config) => edit.set({ config })}
            />
          ))}
          {edit.stale && (
            <StalePanel
              conflicts={edit.conflicts}
              name={(f) => t(`channel.${f}`)}
              onKeep={edit.keepMine}
              onTake={edit.takeTheirs}
            />
          )}
          {edit.error !== null && <ErrorPanel error={edit.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {common("cancel")}
            </Button>
            <Button type="submit" loading={edit.saving}>
              {common("save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface FieldProps {
  field: Field;
  config: Record<string, unknown>;
  onChange: (c: Record<string, unknown>) => void;
}

function ConfigField({ field, config, onChange }: FieldProps) {
  const { t } = useTranslation("admin");
  const { t: shell } = useTranslation("shell");
  const label = t(`config.${field.name}`);
  const put = (v: unknown) => onChange({ ...config, [field.name]: v });
  const shared = { label, required: field.required ?? false, placeholder: field.placeholder ?? "" };
  if (field.type === "list" || field.type === "map") {
    return (
      <Textarea
        {...shared}
        autosize
        minRows={2}
        description={t(`config.${field.type}Hint`)}
        defaultValue={toText(field, config)}
        onChange={(e) => put(fromText(field, e.currentTarget.value))}
      />
    );
  }
  const value = toText(field, config);
  if (field.type === "secret") {
    return (
      <PasswordInput
        {...shared}
        autoComplete="off"
        description={value === "***" ? t("config.secretKept") : undefined}
        value={value}
        onFocus={(e) => e.currentTarget.select()}
        onChange={(e) => put(e.currentTarget.value || undefined)}
        visibilityToggleButtonProps={{ "aria-label": shell("login.show") }}
      />
    );
  }
  return <TextInput {...shared} value={value} onChange={(e) => put(e.currentTarget.value || undefined)} />;
}
