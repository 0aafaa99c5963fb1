import { Button, Group, JsonInput, NumberInput, Stack, Switch, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { useEdit, type Loaded } from "../../lib/edit";
import { serviceKey } from "../../lib/keys";
import { useCan } from "../../lib/session";
import { ErrorPanel } from "../../lib/ui/ErrorPanel";
import { Loading } from "../../lib/ui/Loading";
import { StalePanel } from "../../lib/ui/StalePanel";
import { readVersioned, useVersioned } from "../../lib/versioned";

type Service = Record<string, unknown>;

/** Settings in their order; the service leaves out those that are empty. */
const empty: Service = {
  public_url: "",
  group_window_s: 0,
  settle_s: 0,
  grafana_url: "",
  kibana_url: "",
  retention_days: 0,
};

const whole = (l: Loaded<Service>): Loaded<Service> => ({ ...l, data: { ...empty, ...l.data } });

const path = "/settings/service";

/** What an admin sets for the whole service. */
export function ServiceSettings() {
  const q = useVersioned<Service>(serviceKey, path);
  if (q.isPending) return <Loading rows={6} height={36} />;
  if (q.isError) return <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />;
  return <ServiceForm loaded={whole(q.data)} />;
}

function ServiceForm({ loaded }: { loaded: Loaded<Service> }) {
  const { t, i18n } = useTranslation("admin");
  const { t: common } = useTranslation();
  const client = useQueryClient();
  const admin = useCan("admin");
  const edit = useEdit<Service>({
    loaded,
    reload: async () => whole(await readVersioned<Service>(path)),
    send: (d, version) => api.put(path, d, version),
    onSaved: () => {
      notifications.show({ message: common("saved"), color: "teal" });
      void client.invalidateQueries({ queryKey: serviceKey });
    },
  });
  // A setting that this page has no words for yet is still shown, by its name.
  const name = (f: string) => (i18n.exists(`admin:service.${f}`) ? t(`service.${f}`) : f);
  const hint = (f: string) => (i18n.exists(`admin:serviceHint.${f}`) ? t(`serviceHint.${f}`) : undefined);
  return (
    <Stack maw={620} className="panel" p="md">
      {!admin && (
        <Text size="sm" c="dimmed">
          {t("settings.onlyAdmin")}
        </Text>
      )}
      {Object.entries(edit.draft).map(([f, v]) => (
        <SettingField
          key={f}
          label={name(f)}
          hint={hint(f)}
          value={v}
          locked={!admin}
          onChange={(x) => edit.set({ [f]: x })}
        />
      ))}
      {edit.stale && (
        <StalePanel conflicts={edit.conflicts} name={name} onKeep={edit.keepMine} onTake={edit.takeTheirs} />
      )}
      {edit.error !== null && <ErrorPanel error={edit.error} onRetry={edit.save} />}
      {admin && (
        <Group>
          <Button onClick={edit.save} loading={edit.saving} disabled={!edit.dirty}>
            {common("save")}
          </Button>
          {edit.dirty && (
            <Button variant="subtle" onClick={edit.reset}>
              {common("cancel")}
            </Button>
          )}
        </Group>
      )}
    </Stack>
  );
}

interface FieldProps {
  label: string;
  hint: string | undefined;
  value: unknown;
  locked: boolean;
  onChange: (v: unknown) => void;
}

/** A field that suits the type of its value. */
function SettingField({ label, hint, value, locked, onChange }: FieldProps) {
  const shared = { label, description: hint, disabled: locked };
  if (typeof value === "boolean") {
    return <Switch {...shared} checked={value} onChange={(e) => onChange(e.currentTarget.checked)} />;
  }
  if (typeof value === "number") {
    return <NumberInput {...shared} min={0} value={value} onChange={(v) => typeof v === "number" && onChange(v)} />;
  }
  if (typeof value === "string" || value === null) {
    return <TextInput {...shared} value={value ?? ""} onChange={(e) => onChange(e.currentTarget.value)} />;
  }
  return (
    <JsonInput
      {...shared}
      autosize
      formatOnBlur
      defaultValue={JSON.stringify(value, null, 2)}
      onChange={(text) => {
        try {
          onChange(JSON.parse(text));
        } catch {
          // Half-typed JSON is not a value yet.
        }
      }}
    />
  );
}
