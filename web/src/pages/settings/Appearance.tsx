import { Button, ColorSwatch, Group, Input, SegmentedControl, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { languages, setLang } from "../../lib/i18n";
import { prefs, usePreferences, type Preferences } from "../../lib/prefs";
import { accentNames, accentSwatch } from "../../lib/theme";

/** Theme, colour, density and language of whoever is logged in; each acts at once and follows the account. */
export function Appearance() {
  const { t, i18n } = useTranslation("admin");
  const { t: shell } = useTranslation("shell");
  const p = usePreferences();
  return (
    <Stack maw={620} gap="lg" className="panel" p="md">
      <Input.Wrapper label={t("appearance.scheme")} labelElement="div">
        <SegmentedControl
          fullWidth
          mt={6}
          aria-label={t("appearance.scheme")}
          value={p.scheme}
          onChange={(v) => prefs.set({ scheme: v as Preferences["scheme"] })}
          data={["auto", "light", "dark"].map((v) => ({ value: v, label: shell(`scheme.${v}`) }))}
        />
      </Input.Wrapper>
      <Input.Wrapper label={t("appearance.accent")} labelElement="div">
        <Group mt={6} gap="sm" role="radiogroup" aria-label={t("appearance.accent")}>
          {accentNames.map((a) => (
            <UnstyledButton
              key={a}
              role="radio"
              aria-checked={p.accent === a}
              aria-label={t(`accent.${a}`)}
              onClick={() => prefs.set({ accent: a })}
            >
              <Group gap={6}>
                <ColorSwatch color={accentSwatch(a)} size={26} c="#fff">
                  {p.accent === a && <IconCheck size={16} />}
                </ColorSwatch>
                <Text size="sm">{t(`accent.${a}`)}</Text>
              </Group>
            </UnstyledButton>
          ))}
        </Group>
      </Input.Wrapper>
      <Input.Wrapper label={t("appearance.density")} labelElement="div">
        <SegmentedControl
          fullWidth
          mt={6}
          aria-label={t("appearance.density")}
          value={p.density}
          onChange={(v) => prefs.set({ density: v as Preferences["density"] })}
          data={["comfortable", "compact"].map((v) => ({ value: v, label: t(`density.${v}`) }))}
        />
      </Input.Wrapper>
      <Input.Wrapper label={shell("menu.language")} labelElement="div">
        <SegmentedControl
          fullWidth
          mt={6}
          aria-label={shell("menu.language")}
          value={i18n.language}
          onChange={(v) => {
            prefs.set({ lang: v });
            void setLang(v as (typeof languages)[number]["id"]);
          }}
          data={languages.map((l) => ({ value: l.id, label: l.name }))}
        />
      </Input.Wrapper>
      <Input.Wrapper label={t("appearance.panels")} description={t("appearance.panelsHint")} labelElement="div">
        <Group mt={6}>
          <Button
            variant="default"
            disabled={Object.keys(p.panels).length === 0}
            onClick={() => prefs.set({ panels: {} })}
          >
            {t("appearance.panelsReset")}
          </Button>
        </Group>
      </Input.Wrapper>
    </Stack>
  );
}
