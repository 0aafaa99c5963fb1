import { Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

/** What to do where there is nothing yet: a title, why it is empty, and the one command or button that fills it. */
export function EmptyState({
  icon,
  title,
  children,
  action,
  order = 2,
}: {
  icon?: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** Level of the heading; 1 where it is the page's only one. */
  order?: 1 | 2;
}) {
  return (
    <Stack align="center" gap="sm" py="xl" px="md" ta="center" w="100%" maw={680} mx="auto">
      {icon && (
        <Text c="dimmed" component="span" aria-hidden>
          {icon}
        </Text>
      )}
      <Title order={order} size="h3">
        {title}
      </Title>
      {children && (
        <Text component="div" c="dimmed" size="sm" maw="100%">
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}
