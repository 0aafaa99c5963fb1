import { Button, Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useKeys } from "../lib/ui/hotkeys";
import { useShared } from "./context";
import { Evidence } from "./evidence/Evidence";
import { About } from "./foot/About";
import { GraphPanel } from "./graph/GraphPanel";
import classes from "./incident.module.css";
import { byStrength } from "./model/evidence";
import { PANELS, visible, type PanelName } from "./model/panels";
import { Plan } from "./plan/Plan";
import { Timeline } from "./timeline/Timeline";
import { useArrangement } from "./ui/usePanels";
import { Causes } from "./why/Causes";
import { Suspects } from "./why/Suspects";
import { Why } from "./why/Why";

const parts: Record<PanelName, () => React.ReactNode> = {
  why: Why,
  graph: GraphPanel,
  causes: Causes,
  timeline: Timeline,
  evidence: Evidence,
  plan: Plan,
  about: About,
};

/** Body is the panels in the order that the user gave them. */
export function Body() {
  const { t } = useTranslation("incident");
  const { now, reset, show } = useArrangement();
  const { d, culprit, setView } = useShared();
  const shown = visible(now);
  const hidden = PANELS.filter((n) => !shown.includes(n));
  useKeys([
    {
      key: "e",
      run: () => {
        const cited = d.causes[0]?.cites[0] ?? d.reasoning.flatMap((r) => r.cites).find((c) => c.startsWith("E"));
        const first =
          cited ?? d.evidence.filter((e) => culprit === "" || e.node === culprit).toSorted(byStrength)[0]?.id;
        if (first) setView({ e: first }, true);
      },
    },
  ]);
  return (
    <>
      {d.verdict === "inconclusive" && <Suspects />}
      <div className={classes.grid} data-paired={shown.slice(0, 3).join() === "why,graph,causes" || undefined}>
        {shown.map((name) => {
          const Part = parts[name];
          return (
            <div key={name} className={classes.cell} data-cell={name}>
              <Part />
            </div>
          );
        })}
      </div>
      {hidden.length > 0 && (
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            {t("panels.hidden")}
          </Text>
          {hidden.map((n) => (
            <Button key={n} size="compact-xs" variant="default" onClick={() => show(n, true)}>
              {t(`panel.${n}`)}
            </Button>
          ))}
          <Button size="compact-xs" variant="subtle" onClick={reset}>
            {t("panels.reset")}
          </Button>
        </Group>
      )}
    </>
  );
}
