import { ActionIcon, Group, MultiSelect, Select, Stack, Switch, TagsInput, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Channel, Route, Severity } from "../../lib/types";

const severities: Severity[] = ["info", "warning", "major", "critical"];
const noticeKinds = ["opened", "diagnosed", "updated", "resolved", "failed"] as const;

interface Props {
  route: Route;
  channels: Channel[];
  first: boolean;
  last: boolean;
  locked: boolean;
  onChange: (r: Route) => void;
  onMove: (by: number) => void;
  onRemove: () => void;
}

/** One route: what it takes and where it goes. */
export function RouteCard({ route: r, channels, first, last, locked, onChange, onMove, onRemove }: Props) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const match = (patch: Partial<Route["match"]>) => onChange({ ...r, match: { ...r.match, ...patch } });
  const labels = Object.entries(r.match.labels ?? {}).map(([k, v]) => `${k}=${v}`);
  return (
    <Stack
      className="panel"
      p="sm"
      gap="sm"
      component="fieldset"
      {...{ disabled: locked }}
      m={0}
      aria-label={r.name || t("routing.addRoute")}
    >
      <Group align="end" wrap="nowrap">
        <TextInput
          style={{ flex: 1 }}
          label={t("routing.name")}
          value={r.name}
          onChange={(e) => onChange({ ...r, name: e.currentTarget.value })}
        />
        <ActionIcon variant="default" disabled={first} aria-label={t("routing.up")} onClick={() => onMove(-1)}>
          <IconArrowUp size={16} />
        </ActionIcon>
        <ActionIcon variant="default" disabled={last} aria-label={t("routing.down")} onClick={() => onMove(1)}>
          <IconArrowDown size={16} />
        </ActionIcon>
        <ActionIcon variant="default" aria-label={common("remove")} onClick={onRemove}>
          <IconTrash size={16} />
        </ActionIcon>
      </Group>
      <Group grow align="flex-start" preventGrowOverflow={false} wrap="wrap">
        <Select
          miw={170}
          label={t("routing.atLeast")}
          clearable
          placeholder={t("routing.any")}
          data={severities.map((s) => ({ value: s, label: common(`severity.${s}`) }))}
          value={r.match.severity_at_least || null}
          onChange={(v) => match({ severity_at_least: (v ?? "") as Severity | "" })}
        />
        <MultiSelect
          miw={170}
          label={t("routing.kinds")}
          placeholder={(r.match.kinds ?? []).length === 0 ? t("routing.any") : ""}
          data={noticeKinds.map((k) => ({ value: k, label: t(`notice.${k}`) }))}
          value={r.match.kinds ?? []}
          onChange={(kinds) => match({ kinds: noticeKinds.filter((k) => kinds.includes(k)) })}
        />
        <TagsInput
          miw={170}
          label={t("routing.systems")}
          placeholder={(r.match.systems ?? []).length === 0 ? t("routing.any") : ""}
          value={r.match.systems ?? []}
          onChange={(systems) => match({ systems })}
        />
        <TagsInput
          miw={170}
          label={t("routing.labels")}
          placeholder="team=db"
          value={labels}
          onChange={(tags) =>
            match({ labels: Object.fromEntries(tags.filter((x) => x.includes("=")).map((x) => split(x))) })
          }
        />
      </Group>
      <Group align="end">
        <MultiSelect
          style={{ flex: 1 }}
          miw={200}
          label={t("routing.to")}
          data={channels.map((c) => ({ value: c.id, label: c.name }))}
          value={r.channels}
          onChange={(v) => onChange({ ...r, channels: v })}
        />
        <Switch
          label={t("routing.continue")}
          checked={r.continue}
          onChange={(e) => onChange({ ...r, continue: e.currentTarget.checked })}
        />
      </Group>
    </Stack>
  );
}

function split(text: string): [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}
