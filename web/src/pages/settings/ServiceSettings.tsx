import { Button, Group, JsonInput, NumberInput, Stack, Switch, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { useEdit, type Loaded } from "../../lib/edit";
import { formatDuration } from "../../lib/format";
import { serviceKey } from "../../lib/keys";
import { useCan } from "../../lib/session";
import type { Started } from "../../lib/types";
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
  const started = useQuery({
    queryKey: [...serviceKey, "started"],
    queryFn: ({ signal }) => api.get<Started>(`${path}/started`, {}, signal),
  });
  if (q.isPending || started.isPending) return <Loading rows={6} height={36} />;
  if (q.isError) return <ErrorPanel error={q.error} onRetry={() => void q.refetch()} />;
  if (started.isError) return <ErrorPanel error={started.error} onRetry={() => void started.refetch()} />;
  return <ServiceForm loaded={whole(q.data)} started={started.data} />;
}

function ServiceForm({ loaded, started }: { loaded: Loaded<Service>; started: Started }) {
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
          force={f in empty ? inForce(f, loaded.data[f], started, t, i18n.language) : undefined}
          value={v}
          start={startOf(f, started)}
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

/** What holds for a setting where the page sets nothing; empty: nothing does. */
function startOf(f: string, s: Started): string {
  if (f === "group_window_s") return String(s.group_window_s);
  if (f === "settle_s") return String(s.settle_s);
  return f === "public_url" ? s.public_url : "";
}

type T = (key: string, o?: Record<string, unknown>) => string;

/** Says which value of a setting is in force, and who said so. */
function inForce(f: string, saved: unknown, s: Started, t: T, lang: string): string {
  const set = saved !== "" && saved !== 0 && saved !== undefined;
  const seconds = (v: unknown) => formatDuration(Number(v) * 1000, lang);
  if (f === "group_window_s" || f === "settle_s") {
    const from = t(`inForce.from.${f === "settle_s" ? s.settle_from : s.group_window_from}`);
    const start = seconds(startOf(f, s));
    return set
      ? t("inForce.pageOver", { value: seconds(saved), start, from })
      : t("inForce.start", { value: start, from });
  }
  if (set) return t("inForce.page", { value: String(saved) });
  if (f === "public_url") return t("inForce.start", { value: s.public_url, from: t("inForce.from.started") });
  return t(f === "retention_days" ? "inForce.forever" : "inForce.off");
}

interface FieldProps {
  label: string;
  hint: string | undefined;
  /** The value in force and its origin. */
  force: string | undefined;
  /** What holds where the field is empty; empty: nothing. */
  start: string;
  value: unknown;
  locked: boolean;
  onChange: (v: unknown) => void;
}

/** A field that suits the type of its value. */
function SettingField({ label, hint, force, start, value, locked, onChange }: FieldProps) {
  const description =
    force === undefined ? (
      hint
    ) : (
      <>
        {hint}{" "}
        <Text span inherit c="var(--mantine-color-text)" display="block" style={{ overflowWrap: "anywhere" }}>
          {force}
        </Text>
      </>
    );
  const shared = { label, description, disabled: locked };
  if (typeof value === "boolean") {
    return <Switch {...shared} checked={value} onChange={(e) => onChange(e.currentTarget.checked)} />;
  }
  if (typeof value === "number") {
    return (
      <NumberInput
        {...shared}
        min={0}
        placeholder={start}
        value={value === 0 && start !== "" ? "" : value}
        onChange={(v) => onChange(typeof v === "number" ? v : 0)}
      />
    );
  }
  if (typeof value === "string" || value === null) {
    return (
      <TextInput
        {...shared}
        placeholder={start}
        value={value ?? ""}
        onChange={(e) => onChange(e.currentTarget.value)}
      />
    );
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
