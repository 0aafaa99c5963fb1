import { Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../../lib/api";
import { incidentKey } from "../../lib/keys";
import type { Alert } from "../../lib/types";
import { SeverityBadge } from "../../lib/ui/Badges";
import { useShared } from "../context";
import classes from "../incident.module.css";
import { ms, type Evidence } from "../model/diagnosis";
import { At } from "../ui/Time";
import { EvidenceList } from "./EvidenceList";

/** Events is what changed around the incident: events, roles, and the alerts that were folded into it. */
export function Events({ evidence }: { evidence: readonly Evidence[] }) {
  const { t } = useTranslation("incident");
  const { incident } = useShared();
  const q = useQuery({
    queryKey: [...incidentKey(incident.id), "alerts", incident.alerts],
    enabled: incident.alerts > 0,
    queryFn: ({ signal }) =>
      api.get<{ items: Alert[] }>(`/incidents/${encodeURIComponent(incident.id)}/alerts`, {}, signal),
  });
  const alerts = q.data?.items ?? [];
  return (
    <>
      <EvidenceList evidence={evidence} empty={t("evidence.no_events")} />
      {alerts.length > 0 && (
        <>
          <Title order={3} size="h5" mt="md" mb={4}>
            {t("alerts.title")} <span className={classes.soft}>{alerts.length}</span>
          </Title>
          {incident.folded > 0 && (
            <Text size="sm" c="dimmed">
              {t("head.folded", { count: incident.folded })}
            </Text>
          )}
          <div className={classes.scroll} tabIndex={0} role="region" aria-label={t("alerts.title")}>
            <Table verticalSpacing={4} fz="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("alerts.starts")}</Table.Th>
                  <Table.Th>{t("alerts.ends")}</Table.Th>
                  <Table.Th>{t("alerts.severity")}</Table.Th>
                  <Table.Th>{t("alerts.name")}</Table.Th>
                  <Table.Th className="num">{t("alerts.count")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {alerts.slice(0, 200).map((a) => (
                  <Table.Tr key={a.id}>
                    <Table.Td>
                      <At ms={ms(a.starts)} />
                    </Table.Td>
                    <Table.Td>{Number.isFinite(ms(a.ends)) ? <At ms={ms(a.ends)} /> : t("alerts.firing")}</Table.Td>
                    <Table.Td>
                      <SeverityBadge severity={a.severity} />
                    </Table.Td>
                    <Table.Td>
                      <b>{a.name}</b> {a.node}
                      {a.peer && ` → ${a.peer}`} <span className={classes.soft}>{a.annotations.summary ?? ""}</span>
                    </Table.Td>
                    <Table.Td className="num">{a.count}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        </>
      )}
    </>
  );
}
