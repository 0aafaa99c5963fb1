import { Button, Group, Indicator, Pill, Popover, SegmentedControl, Select } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { splitList } from "../../lib/urlstate";
import { formatTime } from "../../lib/format";
import { FilterForm } from "./FilterForm";
import { chips, sorts, type Chip, type Filters } from "./filters";

interface Props {
  filters: Filters;
  onChange: (patch: Partial<Filters>, push?: boolean) => void;
}

/** Status, sorting, and all other filters behind one button; what is set shows as chips that one click removes. */
export function FilterBar({ filters, onChange }: Props) {
  const { t } = useTranslation("shell");
  const { t: common } = useTranslation();
  const [opened, { close, toggle }] = useDisclosure(false);
  const set = chips.filter((c) => filters[c] !== "");
  return (
    <Group px="md" py="xs" gap="xs">
      <SegmentedControl
        size="xs"
        aria-label={t("incidents.status")}
        value={filters.status}
        onChange={(status) => onChange({ status })}
        data={[
          { value: "", label: common("all") },
          { value: "open", label: common("status.open") },
          { value: "resolved", label: common("status.resolved") },
        ]}
      />
      <Indicator disabled={set.length === 0} label={set.length} size={16} offset={2}>
        <Popover opened={opened} onClose={close} position="bottom-start" width={340} trapFocus withinPortal shadow="md">
          <Popover.Target>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconFilter size={15} />}
              onClick={toggle}
              aria-expanded={opened}
            >
              {t("incidents.filters")}
            </Button>
          </Popover.Target>
          <Popover.Dropdown>
            <FilterForm filters={filters} onChange={onChange} onDone={close} />
          </Popover.Dropdown>
        </Popover>
      </Indicator>
      <Select
        size="xs"
        w={170}
        aria-label={t("incidents.sort")}
        allowDeselect={false}
        value={filters.sort}
        onChange={(sort) => onChange({ sort: sort ?? "-opened" })}
        data={sorts.map((s) => ({ value: s, label: t(`sort.${s}`) }))}
      />
      {set.map((c) => (
        <Pill
          key={c}
          withRemoveButton
          onRemove={() => onChange({ [c]: "" })}
          removeButtonProps={{
            "aria-label": t("incidents.removeFilter", { name: t(`filter.${c}`) }),
            "aria-hidden": false,
            tabIndex: 0,
          }}
        >
          <ChipText chip={c} value={filters[c]} />
        </Pill>
      ))}
    </Group>
  );
}

/** Chips whose values have words of their own in namespace common. */
const worded: Partial<Record<Chip, string>> = { severity: "severity", verdict: "verdict", progress: "progress" };

function ChipText({ chip, value }: { chip: Chip; value: string }) {
  const { t, i18n } = useTranslation("shell");
  const { t: common } = useTranslation();
  const group = worded[chip];
  let shown = value;
  if (group) {
    shown = splitList(value)
      .map((v) => common(`${group}.${v}`))
      .join(", ");
  } else if (chip === "from" || chip === "to") shown = formatTime(value, i18n.language, "short");
  return chip === "case" ? t("filter.case") : `${t(`filter.${chip}`)}: ${shown}`;
}
