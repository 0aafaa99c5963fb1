import { Button, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Lanes } from "../../charts";
import { useShared } from "../context";
import { spanOf } from "../model/diagnosis";
import { lanes, MOST_LANES, reachOf, type LeaderWords } from "../model/timeline";
import { Panel } from "../ui/Panel";
import { useTimeline } from "./useTimeline";

/** Timeline is one lane a node; the span of time chosen on it is that of the charts below. */
export function Timeline() {
  const { t } = useTranslation("incident");
  const { d, parts, running, view, setView, say } = useShared();
  const file = useTimeline();
  const [all, setAll] = useState(false);
  const words = useMemo<LeaderWords>(
    () => ({
      leads: (g) => t("timeline.leads", { count: g.length, groups: g.join(", ") }),
      gained: (g) => t("timeline.gained", { groups: g.join(", ") }),
      lost: (g) => t("timeline.lost", { groups: g.join(", ") }),
    }),
    [t],
  );
  const list = useMemo(
    () =>
      lanes(d, file.data, parts, words).map((l) => ({
        ...l,
        items: l.items.map((i) => ({ ...i, text: say(i.text) })),
      })),
    [d, file.data, parts, say, words],
  );
  const span = useMemo(() => reachOf(d, file.data, list), [d, file.data, list]);
  const shown = all ? list : list.slice(0, MOST_LANES);
  return (
    <Panel name="timeline" least={340}>
      {span && shown.length > 0 ? (
        <Lanes
          label={t("timeline.label")}
          lanes={shown}
          span={span}
          range={view.range}
          window={spanOf(d.subject.window)}
          cursor={view.at}
          kindName={(k) => t(`timeline.kind.${k}`)}
          onRange={(r) => setView(r ? { from: String(r.from), to: String(r.to) } : { from: "", to: "" })}
          onPick={(i) => {
            if (i.id !== undefined) setView({ e: i.id }, true);
          }}
        />
      ) : (
        <Text c="dimmed" size="sm">
          {t(running ? "timeline.waiting" : "timeline.empty")}
        </Text>
      )}
      {list.length > shown.length && (
        <Button size="compact-xs" variant="subtle" onClick={() => setAll(true)}>
          {t("timeline.more", { count: list.length - shown.length })}
        </Button>
      )}
      <Text size="xs" c="dimmed">
        {t("timeline.note")}
      </Text>
    </Panel>
  );
}
