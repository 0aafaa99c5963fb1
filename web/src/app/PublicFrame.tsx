import { Anchor, Box, Center, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { languages, setLang } from "../lib/i18n";
import { Logo } from "./Logo";

/** The frame of pages that need no log-in: one narrow panel with the languages below. */
export function PublicFrame({ children }: { children: ReactNode }) {
  const { t, i18n } = useTranslation("shell");
  return (
    <Center mih="100vh" p="md" component="main" id="main">
      <Stack w="100%" maw={420} gap="lg">
        <Group gap="sm" justify="center">
          <Logo size={32} />
          <Text fw={700} size="xl">
            Triagent
          </Text>
        </Group>
        <Box className="panel" p="lg">
          {children}
        </Box>
        <Group justify="center" gap="md" component="nav" aria-label={t("menu.language")}>
          {languages.map((l) => (
            <Anchor
              key={l.id}
              component="button"
              type="button"
              size="sm"
              lang={l.id}
              aria-current={i18n.language === l.id ? "true" : undefined}
              fw={i18n.language === l.id ? 700 : 400}
              onClick={() => void setLang(l.id)}
            >
              {l.name}
            </Anchor>
          ))}
        </Group>
      </Stack>
    </Center>
  );
}
