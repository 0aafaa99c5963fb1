import { Badge, Button, Table, Title, UnstyledButton } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatNumber } from "../../lib/format";
import { useShared } from "../context";
import classes from "../incident.module.css";
import type { Evidence, Template } from "../model/diagnosis";
import { groupTemplates, type TemplateChange } from "../model/evidence";
import { literal } from "../model/lines";
import { Cite } from "../ui/Cite";
import { EvidenceList } from "./EvidenceList";
import { LogSearch } from "./LogSearch";

const STEP = 8;

/** Logs is the templates that changed, the other evidence from logs, and a search in the raw lines. */
export function Logs({ evidence }: { evidence: readonly Evidence[] }) {
  const { t } = useTranslation("incident");
  const { d } = useShared();
  const shown = useMemo(() => new Set(evidence.map((e) => e.id)), [evidence]);
  const templates = useMemo(() => d.templates.filter((x) => shown.has(x.evidence)), [d.templates, shown]);
  const groups = useMemo(() => groupTemplates(templates), [templates]);
  const rest = useMemo(() => {
    const said = new Set(templates.map((x) => `${x.node} ${x.template}`));
    return evidence.filter((e) => e.name === "" || !said.has(`${e.node} ${e.name}`));
  }, [evidence, templates]);
  return (
    <>
      {[...groups].map(([change, list]) => (
        <Group key={change} change={change} list={list} />
      ))}
      {(rest.length > 0 || templates.length === 0) && <EvidenceList evidence={rest} empty={t("evidence.no_logs")} />}
      <LogSearch />
    </>
  );
}

function Group({ change, list }: { change: TemplateChange; list: Template[] }) {
  const { t, i18n } = useTranslation("incident");
  const { setView } = useShared();
  const [most, setMost] = useState(STEP);
  return (
    <section aria-label={t(`logs.${change}`)}>
      <Title order={3} size="h5" mt="sm" mb={4}>
        {t(`logs.${change}`)} <span className={classes.soft}>{list.length}</span>
      </Title>
      <div className={classes.scroll}>
        <Table verticalSpacing={4} fz="sm" className={classes.templates}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("logs.node")}</Table.Th>
              <Table.Th>{t("logs.level")}</Table.Th>
              <Table.Th>{t("logs.template")}</Table.Th>
              <Table.Th className="num">{t("logs.before")}</Table.Th>
              <Table.Th className="num">{t("logs.now")}</Table.Th>
              <Table.Th>{t("logs.evidence")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.slice(0, most).map((x) => (
              <Table.Tr key={`${x.node} ${x.template}`}>
                <Table.Td className={classes.nowrap}>{x.node}</Table.Td>
                <Table.Td>
                  {x.level !== "" && (
                    <Badge size="sm" variant="light" color={levelColor(x.level)} className={classes.level}>
                      {x.level}
                    </Badge>
                  )}
                </Table.Td>
                <Table.Td className={classes.mono}>
                  <UnstyledButton
                    className={classes.line}
                    onClick={() => setView({ lines: literal(x.template) })}
                    title={t("logs.find")}
                  >
                    {x.template}
                  </UnstyledButton>
                </Table.Td>
                <Table.Td className="num">{formatNumber(x.baseline, i18n.language)}</Table.Td>
                <Table.Td className="num">
                  <b>{formatNumber(x.window, i18n.language)}</b>
                </Table.Td>
                <Table.Td>{x.evidence !== "" && <Cite id={x.evidence} />}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {list.length > most && (
        <Button size="compact-sm" variant="subtle" onClick={() => setMost(list.length)}>
          {t("why.more", { count: list.length - most })}
        </Button>
      )}
    </section>
  );
}

/** levelColor marks the levels that ask for a look. */
export function levelColor(level: string): string {
  const l = level.toUpperCase();
  if (l.startsWith("ERR") || l.startsWith("FATAL") || l.startsWith("CRIT")) return "red";
  return l.startsWith("WARN") ? "yellow" : "gray";
}
