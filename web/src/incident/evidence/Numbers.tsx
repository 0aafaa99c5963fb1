import { Code, Table, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { amount, clock, exact } from "../../charts";
import classes from "../incident.module.css";
import { ms, type Evidence, type EvidenceNumber } from "../model/diagnosis";

/** Units that the numbers of a statistic have: counts have none, whatever the evidence is measured in. */
const counts = new Set(["records", "samples", "span_count", "span_fail", "led", "joined"]);

/** Numbers gives every number of a text in full, and how it was computed. */
export function Numbers({ evidence: e }: { evidence: Evidence }) {
  const { t } = useTranslation("incident");
  return (
    <div>
      <Title order={3} size="h6" mb={4}>
        {t("numbers.title")}
      </Title>
      <Table verticalSpacing={4} fz="sm">
        <Table.Tbody>
          {e.numbers.map((n) => {
            const unit = counts.has(n.stat) ? "" : e.unit;
            return (
              <Table.Tr key={n.name}>
                <Table.Th scope="row" fw={500} className={classes.nowrap}>
                  {t([`numbers.name.${n.name}`, "numbers.name.other"], { word: n.name.replaceAll("_", " ") })}
                </Table.Th>
                <Table.Td className={classes.number}>
                  <b>{amount(n.value, unit)}</b>
                  <div className={classes.soft}>{exact(n.value, unit)}</div>
                </Table.Td>
                <Table.Td>
                  <How number={n} />
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function How({ number: n }: { number: EvidenceNumber }) {
  const { t } = useTranslation("incident");
  const stat =
    n.stat.endsWith("quantile") || n.stat === "span_q"
      ? quantile(n.arg, t)
      : t([`stat.${n.stat}`, "stat.other"], { word: n.stat });
  const windows = n.windows
    .filter((w) => Number.isFinite(ms(w.from)))
    .map((w) => `${clock(ms(w.from))} – ${clock(ms(w.to))}`);
  const of = n.column !== "" ? n.column : n.arg;
  return (
    <div className={classes.how}>
      <div>
        {stat}
        {n.column !== "" && n.arg !== "" && !isNumber(n.arg) ? ` (${n.arg})` : ""}
      </div>
      {of !== "" && !isNumber(of) && <Code className={classes.wrap}>{of}</Code>}
      <div className={classes.soft}>{[n.file, ...windows].filter(Boolean).join(", ")}</div>
    </div>
  );
}

function isNumber(s: string): boolean {
  return s !== "" && Number.isFinite(Number(s));
}

/** quantile words which quantile it is: the median by its name. */
function quantile(arg: string, t: (key: string, o?: Record<string, unknown>) => string): string {
  const q = Number(arg);
  if (q === 0.5) return t("stat.median");
  if (q === 1) return t("stat.highest");
  if (q === 0) return t("stat.lowest");
  return Number.isFinite(q) ? t("stat.quantile", { q: Math.round(q * 1000) / 10 }) : t("stat.other", { word: arg });
}
