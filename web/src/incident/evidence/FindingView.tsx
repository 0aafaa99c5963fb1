import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { share } from "../../charts";
import { useShared } from "../context";
import type { Finding } from "../model/diagnosis";
import { EvidenceList } from "./EvidenceList";

/** FindingView is what an agent made of evidence, and that evidence. */
export function FindingView({ finding: f }: { finding: Finding }) {
  const { t } = useTranslation("incident");
  const { index, say } = useShared();
  const evidence = f.cites.map((c) => index.evidence.get(c)).filter((e) => e !== undefined);
  return (
    <Stack gap="sm">
      <Text>
        <b>{f.node}</b> {say(f.text)}
      </Text>
      <Text size="sm" c="dimmed">
        {t("drawer.finding", { agent: f.agent, strength: share(f.strength) })}
      </Text>
      <EvidenceList evidence={evidence} empty={t("drawer.cites_nothing")} />
    </Stack>
  );
}
