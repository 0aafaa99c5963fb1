import { Group, Stack, Tabs, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  title: string;
  hint?: string;
  actions?: ReactNode;
  children: ReactNode;
  /** Widest in pixels; lines of forms should not grow for ever. */
  max?: number;
}

/** The frame of a page: its title, what it is for, its actions, its content. */
export function PageFrame({ title, hint, actions, children, max = 1280 }: Props) {
  return (
    <Stack p="md" gap="md" maw={max}>
      <Group justify="space-between" align="flex-start">
        <Stack gap={2}>
          <Title order={1}>{title}</Title>
          {hint && (
            <Text size="sm" c="dimmed" maw={760}>
              {hint}
            </Text>
          )}
        </Stack>
        {actions}
      </Group>
      {children}
    </Stack>
  );
}

interface TabsProps {
  value: string;
  onChange: (v: string) => void;
  tabs: { id: string; name: string; body: ReactNode }[];
  label: string;
}

/** Tabs whose choice is in the URL; only the one that is shown is drawn. */
export function PageTabs({ value, onChange, tabs, label }: TabsProps) {
  const now = tabs.some((x) => x.id === value) ? value : (tabs[0]?.id ?? "");
  return (
    <Tabs value={now} onChange={(v) => onChange(v ?? "")} keepMounted={false}>
      <Tabs.List aria-label={label} mb="md" className="scrolling-tabs">
        {tabs.map((x) => (
          <Tabs.Tab key={x.id} value={x.id}>
            {x.name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map((x) => (
        <Tabs.Panel key={x.id} value={x.id}>
          {x.body}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
