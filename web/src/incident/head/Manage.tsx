import { Button, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import {
  IconCheck,
  IconChevronDown,
  IconFlask,
  IconFlaskOff,
  IconRefresh,
  IconRotate,
  IconUser,
} from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { incidentKey } from "../../lib/keys";
import { useCan, useSession } from "../../lib/session";
import type { Incident } from "../../lib/types";
import { errorText } from "../../lib/ui/ErrorPanel";
import { useShared } from "../context";
import { busy } from "../useIncident";
import { CaseForm } from "./CaseForm";
import { called, usePeople } from "./usePeople";

/** useChange sends changes of the incident and says how they went. */
export function useChange() {
  const { t } = useTranslation("incident");
  const { incident } = useShared();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (run: () => Promise<unknown>) => run(),
    onError: (e) => notifications.show({ color: "red", message: errorText(e, t as never), autoClose: 10_000 }),
    onSettled: () => void client.invalidateQueries({ queryKey: incidentKey(incident.id) }),
  });
}

/** Manage holds what an operator does with an incident beside reading it. */
export function Manage() {
  const { t } = useTranslation("incident");
  const { incident } = useShared();
  const may = useCan("operator");
  const change = useChange();
  const [asCase, setAsCase] = useState(false);
  if (!may) return null;
  const path = `/incidents/${encodeURIComponent(incident.id)}`;
  const patch = (p: Partial<Incident>) => change.mutate(() => api.patch(path, p, incident.version));
  const open = incident.status === "open";
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            size="compact-sm"
            variant="default"
            loading={change.isPending}
            rightSection={<IconChevronDown size={14} />}
          >
            {t("manage.title")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconRefresh size={16} />}
            disabled={busy(incident)}
            onClick={() => change.mutate(() => api.post(`${path}/diagnose`))}
          >
            {t("manage.again")}
          </Menu.Item>
          <Menu.Item
            leftSection={open ? <IconCheck size={16} /> : <IconRotate size={16} />}
            onClick={() => patch({ status: open ? "resolved" : "open" })}
          >
            {t(open ? "manage.resolve" : "manage.reopen")}
          </Menu.Item>
          {incident.case ? (
            <Menu.Item
              leftSection={<IconFlaskOff size={16} />}
              onClick={() => change.mutate(() => api.delete(`${path}/case`))}
            >
              {t("manage.no_case")}
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<IconFlask size={16} />} onClick={() => setAsCase(true)}>
              {t("manage.case")}
            </Menu.Item>
          )}
          <Menu.Divider />
          <Assign onAssign={(assignee) => patch({ assignee })} />
        </Menu.Dropdown>
      </Menu>
      <CaseForm opened={asCase} onClose={() => setAsCase(false)} />
    </>
  );
}

function Assign({ onAssign }: { onAssign: (id: string) => void }) {
  const { t } = useTranslation("incident");
  const { incident } = useShared();
  const me = useSession().data?.user;
  const people = usePeople();
  return (
    <>
      <Menu.Label>{t("manage.assign")}</Menu.Label>
      {me && incident.assignee !== me.id && (
        <Menu.Item leftSection={<IconUser size={16} />} onClick={() => onAssign(me.id)}>
          {t("manage.me")}
        </Menu.Item>
      )}
      {people
        .slice(0, 12)
        .filter((p) => p.id !== me?.id && p.id !== incident.assignee)
        .map((p) => (
          <Menu.Item key={p.id} leftSection={<IconUser size={16} />} onClick={() => onAssign(p.id)}>
            {called(p)}
          </Menu.Item>
        ))}
      {incident.assignee !== "" && <Menu.Item onClick={() => onAssign("")}>{t("manage.nobody")}</Menu.Item>}
    </>
  );
}
