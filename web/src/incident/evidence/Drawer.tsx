import { ActionIcon, Drawer as MantineDrawer, Group, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useShared } from "../context";
import { EvidenceView } from "./EvidenceView";
import { FindingView } from "./FindingView";
import { useChosen } from "./useChosen";

/** Drawer shows one piece of evidence, or one finding, with all that is known of it. */
export function Drawer() {
  const { t } = useTranslation("incident");
  const { view, setView, index, d } = useShared();
  const phone = useMediaQuery("(max-width: 48em)") ?? false;
  const { order } = useChosen();
  const evidence = index.evidence.get(view.open);
  const finding = index.findings.get(view.open);
  const listed = order.some((e) => e.id === view.open);
  const list: readonly { id: string }[] = finding ? d.findings : listed ? order : d.evidence;
  const place = list.findIndex((x) => x.id === view.open);
  const go = (by: number) => {
    const next = list[place + by];
    if (next) setView({ e: next.id });
  };
  const navigate = useNavigate();
  const close = () => setView({ e: "" });
  return (
    <MantineDrawer
      opened={Boolean(evidence ?? finding)}
      onClose={close}
      position={phone ? "bottom" : "right"}
      size={phone ? "92%" : 560}
      overlayProps={{ backgroundOpacity: 0.25 }}
      closeButtonProps={{ "aria-label": t("common:close") }}
      title={
        <Group gap="xs">
          <Text fw={700}>{view.open}</Text>
          <ActionIcon
            variant="default"
            size="sm"
            aria-label={t("drawer.previous")}
            disabled={place <= 0}
            onClick={() => go(-1)}
          >
            <IconChevronLeft size={16} />
          </ActionIcon>
          <ActionIcon
            variant="default"
            size="sm"
            aria-label={t("drawer.next")}
            disabled={place < 0 || place >= list.length - 1}
            onClick={() => go(1)}
          >
            <IconChevronRight size={16} />
          </ActionIcon>
          <Text size="xs" c="dimmed">
            {t("drawer.place", { n: place + 1, all: list.length })}
          </Text>
        </Group>
      }
      onKeyDown={(e) => {
        if (e.target instanceof HTMLElement && ["INPUT", "TEXTAREA"].includes(e.target.tagName)) return;
        if (e.key === "j") go(1);
        if (e.key === "k") go(-1);
        if (e.key === "e") close();
        if (e.key === "[") void navigate({ to: "/" });
      }}
    >
      {evidence && <EvidenceView key={evidence.id} evidence={evidence} />}
      {!evidence && finding && <FindingView finding={finding} />}
    </MantineDrawer>
  );
}
