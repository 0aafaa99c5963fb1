import { Badge, CloseButton, Group, SegmentedControl, Tabs, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { byTab, SCOPES, TABS, type Scope, type Tab } from "../model/evidence";
import { Panel } from "../ui/Panel";
import { Events } from "./Events";
import { EvidenceList } from "./EvidenceList";
import { Logs } from "./Logs";
import { Metrics } from "./Metrics";
import { Traces } from "./Traces";
import { useChosen } from "./useChosen";

/** Evidence holds everything that was observed, by kind, strongest first. */
export function Evidence() {
  const { t } = useTranslation("incident");
  const { view, setView, running, d } = useShared();
  const { list, scope } = useChosen();
  const groups = useMemo(() => byTab(list), [list]);
  const tab: Tab = view.tab || TABS.find((x) => groups[x].length > 0) || "metrics";
  return (
    <Panel name="evidence" least={840} aside={<ScopeSwitch scope={scope} />}>
      <Tabs value={tab} onChange={(v) => setView({ tab: v ?? "" })} keepMounted={false}>
        <Group justify="space-between" gap="xs" mb="sm">
          <Tabs.List className={classes.tabs}>
            {TABS.map((x) => (
              <Tabs.Tab
                key={x}
                value={x}
                rightSection={
                  <Badge size="sm" variant="light" color="gray" className={classes.count}>
                    {groups[x].length}
                  </Badge>
                }
              >
                {t(`tab.${x}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Narrow />
        </Group>
        {running && d.evidence.length === 0 && <div className={classes.placeholder} />}
        <Tabs.Panel value="metrics">
          <Metrics evidence={groups.metrics} />
        </Tabs.Panel>
        <Tabs.Panel value="logs">
          <Logs evidence={groups.logs} />
        </Tabs.Panel>
        <Tabs.Panel value="traces">
          <Traces evidence={groups.traces} />
        </Tabs.Panel>
        <Tabs.Panel value="events">
          <Events evidence={groups.events} />
        </Tabs.Panel>
        <Tabs.Panel value="knowledge">
          <EvidenceList evidence={groups.knowledge} empty={t("evidence.no_knowledge")} />
        </Tabs.Panel>
      </Tabs>
    </Panel>
  );
}

function ScopeSwitch({ scope }: { scope: Scope }) {
  const { t } = useTranslation("incident");
  const { culprit, setView, d } = useShared();
  if (culprit === "") return null;
  const first = t(d.verdict === "inconclusive" ? "scope.suspect" : "scope.culprit");
  return (
    <SegmentedControl
      size="xs"
      aria-label={t("scope.label")}
      value={scope}
      data={SCOPES.map((s) => ({ value: s, label: s === "culprit" ? first : t(`scope.${s}`) }))}
      onChange={(v) => setView({ scope: v, node: "" })}
    />
  );
}

/** Narrow filters by words and shows what else narrows the list. */
function Narrow() {
  const { t } = useTranslation("incident");
  const { view, setView } = useShared();
  const [text, setText] = useState(view.text);
  const later = useDebouncedCallback((v: string) => setView({ q: v }), 250);
  return (
    <Group gap="xs">
      {view.node !== "" && (
        <Badge
          variant="light"
          rightSection={
            <CloseButton size="xs" aria-label={t("evidence.all_nodes")} onClick={() => setView({ node: "" })} />
          }
        >
          {view.node}
        </Badge>
      )}
      <TextInput
        size="xs"
        type="search"
        placeholder={t("evidence.filter")}
        aria-label={t("evidence.filter")}
        value={text}
        onChange={(e) => {
          setText(e.currentTarget.value);
          later(e.currentTarget.value);
        }}
      />
    </Group>
  );
}
