import { ActionIcon, Alert, Box, Button, Menu, ScrollArea, Skeleton, Table as MantineTable, Text } from "@mantine/core";
import {
  IconAlertTriangle,
  IconChartBar,
  IconDotsVertical,
  IconDownload,
  IconPhoto,
  IconTable,
  IconZoomReset,
} from "@tabler/icons-react";
import type { EChartsCoreOption } from "echarts/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import classes from "./charts.module.css";
import { MOST_ROWS, csv, fileName, save, type Table } from "./table";
import type { ChartTheme } from "./theme";
import { useChart, useChartTheme, type ChartEvents } from "./useChart";

/** A way to draw the same data. */
export type ChartKind = "line" | "bar" | "scatter" | "heat" | "pie";

export interface ChartProps extends ChartEvents {
  /** What the chart shows, in a sentence: its name for screen readers and for files. */
  label: string;
  /** The option of ECharts in the colours given. null: there is nothing to draw. Give the same one for the same data. */
  option: EChartsCoreOption | null;
  /** The data of the chart as rows; asked for only when wanted. */
  table: () => Table;
  /** In pixels. */
  height?: number;
  loading?: boolean;
  /** Why there is no chart; shown in its place. */
  error?: string | undefined;
  onRetry?: (() => void) | undefined;
  /** What is said where there is nothing to draw. */
  empty?: ReactNode;
  /** Charts of one group share the pointer. */
  group?: string | undefined;
  kinds?: readonly ChartKind[];
  kind?: ChartKind;
  onKind?: (kind: ChartKind) => void;
  /** Shown when a span is set: offers to show everything again. */
  zoomed?: boolean;
}

/**
 * Chart is the one place where ECharts is used. It loads the library when a chart comes near the
 * screen, and gives every chart a menu: other ways to draw it, the same data as a table, PNG, CSV.
 */
export function Chart(p: ChartProps) {
  const { t } = useTranslation("charts");
  const [box, setBox] = useState<HTMLDivElement | null>(null);
  const [asTable, setAsTable] = useState(false);
  const theme = useChartTheme();
  const height = p.height ?? 200;
  const plot = p.error || p.loading ? null : p.option;
  const { chart, ready, failed } = useChart(box, asTable ? null : plot, p.group, p);
  const png = () => {
    const url = chart.current?.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: theme.card });
    if (url) save(fileName(p.label, "png"), url);
  };
  const problem = p.error ?? (failed ? t("load_failed") : undefined);
  return (
    <Box className={classes.chart} style={{ minHeight: height }}>
      {plot && <ChartMenu {...p} asTable={asTable} onTable={setAsTable} onPng={ready && !asTable ? png : undefined} />}
      {problem !== undefined && <Problem text={problem} onRetry={p.onRetry} height={height} />}
      {problem === undefined && p.loading && <Skeleton height={height} role="img" aria-label={t("loading")} />}
      {problem === undefined && !p.loading && !plot && (
        <div className={classes.empty} style={{ height }}>
          {p.empty ?? t("empty")}
        </div>
      )}
      {plot && asTable && <DataTable table={p.table()} label={p.label} height={height} />}
      {plot && !asTable && problem === undefined && (
        <div
          ref={setBox}
          role="img"
          aria-label={p.label}
          className={classes.plot}
          style={{ height }}
          data-waiting={!ready || undefined}
        />
      )}
    </Box>
  );
}

interface MenuProps extends ChartProps {
  asTable: boolean;
  onTable: (on: boolean) => void;
  onPng: (() => void) | undefined;
}

function ChartMenu(p: MenuProps) {
  const { t } = useTranslation("charts");
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon
          className={classes.menu}
          variant="subtle"
          color="gray"
          size="sm"
          aria-label={t("menu", { label: p.label })}
        >
          <IconDotsVertical size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {p.zoomed && p.onRange && (
          <Menu.Item leftSection={<IconZoomReset size={16} />} onClick={() => p.onRange?.(null)}>
            {t("show_all")}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconTable size={16} />} onClick={() => p.onTable(!p.asTable)}>
          {p.asTable ? t("as_chart") : t("as_table")}
        </Menu.Item>
        {p.kinds
          ?.filter((k) => k !== p.kind)
          .map((k) => (
            <Menu.Item key={k} leftSection={<IconChartBar size={16} />} onClick={() => p.onKind?.(k)}>
              {t(`kind.${k}`)}
            </Menu.Item>
          ))}
        {p.onPng && (
          <Menu.Item leftSection={<IconPhoto size={16} />} onClick={p.onPng}>
            {t("png")}
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={<IconDownload size={16} />}
          onClick={() => save(fileName(p.label, "csv"), csv(p.table()), "text/csv")}
        >
          {t("csv")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Problem({ text, onRetry, height }: { text: string; onRetry: (() => void) | undefined; height: number }) {
  const { t } = useTranslation("charts");
  return (
    <Alert icon={<IconAlertTriangle size={18} />} color="red" variant="light" style={{ minHeight: height }}>
      <Text size="sm">{text}</Text>
      {onRetry && (
        <Button size="compact-sm" variant="light" mt="xs" onClick={onRetry}>
          {t("retry")}
        </Button>
      )}
    </Alert>
  );
}

/** DataTable shows rows in a box that scrolls, also by keyboard. */
export function DataTable({ table, label, height }: { table: Table; label: string; height: number }) {
  const { t } = useTranslation("charts");
  const rows = table.rows.slice(0, MOST_ROWS);
  return (
    <ScrollArea h={Math.max(height, 160)} viewportProps={{ tabIndex: 0, role: "region", "aria-label": label }}>
      <MantineTable stickyHeader withRowBorders={false} verticalSpacing={2} fz="xs">
        <MantineTable.Caption className={classes.hidden}>{label}</MantineTable.Caption>
        <MantineTable.Thead>
          <MantineTable.Tr>
            {table.columns.map((c, i) => (
              <MantineTable.Th key={i}>{c}</MantineTable.Th>
            ))}
          </MantineTable.Tr>
        </MantineTable.Thead>
        <MantineTable.Tbody>
          {rows.map((r, i) => (
            <MantineTable.Tr key={i}>
              {r.map((c, j) => (
                <MantineTable.Td key={j}>{c}</MantineTable.Td>
              ))}
            </MantineTable.Tr>
          ))}
        </MantineTable.Tbody>
      </MantineTable>
      {table.rows.length > rows.length && (
        <Text size="xs" c="dimmed" p="xs">
          {t("more_rows", { shown: rows.length, all: table.rows.length })}
        </Text>
      )}
    </ScrollArea>
  );
}

export type { ChartTheme };
