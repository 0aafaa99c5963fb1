import { Button, Group, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { useEdit } from "../../lib/edit";
import { usersKey } from "../../lib/keys";
import type { List, Role, User } from "../../lib/types";
import { Confirm } from "../../lib/ui/confirm";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { StalePanel } from "../../lib/ui/StalePanel";

const roles: Role[] = ["viewer", "operator", "approver", "admin"];

interface Draft {
  name: string;
  display: string;
  email: string;
  role: Role;
}

const draftOf = (u: User): Draft => ({ name: u.name, display: u.display, email: u.email, role: u.role });

interface Props {
  user: User | null;
  onClose: () => void;
  onLink: (url: string) => void;
}

/** Invites a user, or changes one. */
export function UserDialog({ user, onClose, onLink }: Props) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const done = () => {
    void client.invalidateQueries({ queryKey: usersKey });
    onClose();
  };
  const edit = useEdit<Draft>({
    loaded: user
      ? { data: draftOf(user), version: user.version }
      : { data: { name: "", display: "", email: "", role: "viewer" }, version: 0 },
    reload: async () => {
      const list = await api.get<List<User>>("/users");
      const now = list.items.find((u) => u.id === user?.id) ?? user;
      if (!now) throw new Error("a new user cannot be stale");
      return { data: draftOf(now), version: now.version };
    },
    send: async (d, version) => {
      if (user) return api.patch(`/users/${user.id}`, { display: d.display, email: d.email, role: d.role }, version);
      const made = await api.post<User & { invite_url: string }>("/users", d);
      onLink(made.invite_url);
      return made;
    },
    onSaved: done,
  });
  const remove = useMutation({ mutationFn: () => api.delete(`/users/${user?.id}`, user?.version), onSuccess: done });
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
      title={user ? t("users.change", { name: user.display || user.name }) : t("users.invite")}
      closeButtonProps={{ "aria-label": common("close") }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label={t("users.login")}
            required
            disabled={user !== null}
            value={d.name}
            onChange={(e) => edit.set({ name: e.currentTarget.value })}
          />
          <TextInput
            label={t("users.display")}
            value={d.display}
            onChange={(e) => edit.set({ display: e.currentTarget.value })}
          />
          <TextInput
            label={t("users.email")}
            type="email"
            value={d.email}
            onChange={(e) => edit.set({ email: e.currentTarget.value })}
          />
          <Select
            label={t("users.role")}
            description={t(`users.roleHint.${d.role}`)}
            allowDeselect={false}
            data={roles.map((r) => ({ value: r, label: common(`role.${r}`) }))}
            value={d.role}
            onChange={(r) => r && edit.set({ role: r as Role })}
          />
          {edit.stale && (
            <StalePanel
              conflicts={edit.conflicts}
              name={(f) => t(`users.${f}`)}
              onKeep={edit.keepMine}
              onTake={edit.takeTheirs}
            />
          )}
          {edit.error !== null && <ErrorPanel error={edit.error} />}
          <Group justify="space-between">
            {user ? (
              <Button variant="default" onClick={() => setAsking(true)}>
                {common("delete")}
              </Button>
            ) : (
              <span />
            )}
            <Group gap="xs">
              <Button variant="default" onClick={onClose}>
                {common("cancel")}
              </Button>
              <Button type="submit" loading={edit.saving}>
                {user ? common("save") : t("users.invite")}
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
      <Confirm
        opened={asking}
        title={t("users.delete")}
        text={t("users.deleteText")}
        action={common("delete")}
        pending={remove.isPending}
        error={remove.error}
        onYes={() => remove.mutate()}
        onClose={() => setAsking(false)}
      />
    </Modal>
  );
}
