import { Button, Group, MultiSelect, Select, Stack, Switch, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import type { Vocabulary } from "../../lib/types";
import { splitList } from "../../lib/urlstate";
import { emptyFilters, type Filters } from "./filters";

const severities = ["critical", "major", "warning", "info"];
const verdicts = ["confirmed", "likely", "inconclusive", "healthy"];
const progresses = ["waiting", "queued", "running", "done", "failed"];
const sources = ["upload", "alertmanager", "generic", "slack", "api", "demo"];

interface Props {
  filters: Filters;
  onChange: (patch: Partial<Filters>) => void;
  onDone: () => void;
}

/** All filters of the list; each acts at once. */
export function FilterForm({ filters, onChange, onDone }: Props) {
  const { t, i18n } = useTranslation("shell");
  const { t: common } = useTranslation();
  const vocabulary = useQuery({
    queryKey: ["vocabulary", i18n.language],
    queryFn: () => api.get<Vocabulary>("/vocabulary", { lang: i18n.language }),
    staleTime: Infinity,
  });
  const many = (name: "severity" | "verdict" | "progress", values: string[]) => (
    <MultiSelect
      size="xs"
      label={t(`filter.${name}`)}
      data={values.map((v) => ({ value: v, label: common(`${name}.${v}`) }))}
      value={splitList(filters[name])}
      onChange={(v) => onChange({ [name]: v.join(",") })}
      comboboxProps={{ withinPortal: false }}
    />
  );
  const text = (name: "node" | "system") => (
    <TextInput
      size="xs"
      label={t(`filter.${name}`)}
      value={filters[name]}
      onChange={(e) => onChange({ [name]: e.currentTarget.value })}
    />
  );
  const time = (name: "from" | "to") => (
    <TextInput
      size="xs"
      type="datetime-local"
      label={t(`filter.${name}`)}
      value={filters[name]}
      onChange={(e) => onChange({ [name]: e.currentTarget.value })}
    />
  );
  return (
    <Stack gap="xs">
      {many("severity", severities)}
      {many("verdict", verdicts)}
      {many("progress", progresses)}
      <Select
        size="xs"
        label={t("filter.fault")}
        searchable
        clearable
        data={(vocabulary.data?.faults ?? []).map((f) => ({ value: f.id, label: f.name }))}
        value={filters.fault || null}
        onChange={(v) => onChange({ fault: v ?? "" })}
        comboboxProps={{ withinPortal: false }}
      />
      <Group grow>
        {text("node")}
        {text("system")}
      </Group>
      <Select
        size="xs"
        label={t("filter.source")}
        clearable
        data={sources.map((s) => ({ value: s, label: t(`source.${s}`) }))}
        value={filters.source || null}
        onChange={(v) => onChange({ source: v ?? "" })}
        comboboxProps={{ withinPortal: false }}
      />
      <Group grow>
        {time("from")}
        {time("to")}
      </Group>
      <Switch
        size="xs"
        label={t("filter.case")}
        checked={filters.case === "true"}
        onChange={(e) => onChange({ case: e.currentTarget.checked ? "true" : "" })}
      />
      <Group justify="space-between">
        <Button size="xs" variant="subtle" onClick={() => onChange(emptyFilters)}>
          {t("incidents.clear")}
        </Button>
        <Button size="xs" onClick={onDone}>
          {common("close")}
        </Button>
      </Group>
    </Stack>
  );
}
