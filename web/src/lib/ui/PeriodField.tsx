import { Button, Group, Popover, Stack, TextInput } from "@mantine/core";
import { IconCalendar } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { formatTime } from "../format";

interface Props {
  from: string;
  to: string;
  onChange: (patch: { from?: string; to?: string }) => void;
}

/** A period of local time behind one button, which shows it once it is set. */
export function PeriodField({ from, to, onChange }: Props) {
  const { t, i18n } = useTranslation();
  const short = (v: string) => formatTime(v, i18n.language, "short") || "…";
  const field = (name: "from" | "to", value: string) => (
    <TextInput
      size="xs"
      type="datetime-local"
      label={t(`period.${name}`)}
      value={value}
      onChange={(e) => onChange({ [name]: e.currentTarget.value })}
    />
  );
  return (
    <Popover position="bottom-start" trapFocus shadow="md">
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<IconCalendar size={15} />}>
          {from || to ? `${short(from)} – ${short(to)}` : t("period.any")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          {field("from", from)}
          {field("to", to)}
          <Group justify="flex-end">
            <Button size="xs" variant="subtle" onClick={() => onChange({ from: "", to: "" })}>
              {t("period.clear")}
            </Button>
          </Group>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

/** A local time of such a field as the API takes it; empty for none. */
export function toUTC(local: string): string {
  return local === "" || Number.isNaN(Date.parse(local)) ? "" : new Date(local).toISOString();
}
