import { ActionIcon, Chip, Group, Select, Stack, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Quiet } from "../../lib/types";

const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const severities = ["warning", "major", "critical"] as const;
const zones = Intl.supportedValuesOf("timeZone");

interface Props {
  quiet: Quiet;
  locked: boolean;
  onChange: (q: Quiet) => void;
  onRemove: () => void;
}

/** Hours in which what is below a severity is not sent. */
export function QuietCard({ quiet: q, locked, onChange, onRemove }: Props) {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const set = (patch: Partial<Quiet>) => onChange({ ...q, ...patch });
  return (
    <Stack
      className="panel"
      p="sm"
      gap="sm"
      component="fieldset"
      {...{ disabled: locked }}
      m={0}
      aria-label={q.name || t("routing.addQuiet")}
    >
      <Group align="end">
        <TextInput
          style={{ flex: 1 }}
          miw={140}
          label={t("routing.name")}
          value={q.name}
          onChange={(e) => set({ name: e.currentTarget.value })}
        />
        <TextInput
          type="time"
          label={t("routing.from")}
          value={q.from}
          onChange={(e) => set({ from: e.currentTarget.value })}
        />
        <TextInput
          type="time"
          label={t("routing.until")}
          value={q.to}
          onChange={(e) => set({ to: e.currentTarget.value })}
        />
        <Select
          w={190}
          label={t("routing.zone")}
          searchable
          allowDeselect={false}
          limit={50}
          data={zones.includes(q.zone) ? zones : [q.zone, ...zones]}
          value={q.zone}
          onChange={(v) => v && set({ zone: v })}
        />
        <Select
          w={150}
          label={t("routing.below")}
          allowDeselect={false}
          data={severities.map((s) => ({ value: s, label: common(`severity.${s}`) }))}
          value={q.below}
          onChange={(v) => v && set({ below: v as Quiet["below"] })}
        />
        <ActionIcon variant="default" aria-label={common("remove")} onClick={onRemove}>
          <IconTrash size={16} />
        </ActionIcon>
      </Group>
      <Chip.Group multiple value={q.days} onChange={(v) => set({ days: days.filter((d) => v.includes(d)) })}>
        <Group gap={6} role="group" aria-label={t("routing.days")}>
          {days.map((d) => (
            <Chip key={d} value={d} size="xs" disabled={locked}>
              {t(`day.${d}`)}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
    </Stack>
  );
}
