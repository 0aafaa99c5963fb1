import { ActionIcon, Code, Collapse, Group, Text, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { amount } from "./units";
import classes from "./waterfall.module.css";
import { waterfall, type Row, type Span } from "./waterfallModel";

export interface WaterfallProps {
  spans: readonly Span[];
  /** The node that is set apart. */
  culprit?: string | undefined;
  /** Called with the step that was clicked. */
  onPick?: (span: Span) => void;
}

const HIGH = 28;

/** Waterfall shows the steps of one trace, callers above callees, thousands of them without stalling. */
export function Waterfall({ spans, culprit, onPick }: WaterfallProps) {
  const { t } = useTranslation("charts");
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [chosen, setChosen] = useState<Span | null>(null);
  const rows = useMemo(() => waterfall(spans, closed), [spans, closed]);
  const box = useRef<HTMLDivElement>(null);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => HIGH,
    overscan: 12,
  });
  const toggle = (id: string) => {
    const next = new Set(closed);
    if (!next.delete(id)) next.add(id);
    setClosed(next);
  };
  return (
    <div>
      <div ref={box} className={classes.box} role="region" tabIndex={0} aria-label={t("waterfall.label")}>
        <ul className={classes.list} style={{ height: list.getTotalSize() }}>
          {list.getVirtualItems().map((v) => {
            const row = rows[v.index];
            if (!row) return null;
            return (
              <li key={row.span.id} className={classes.row} style={{ transform: `translateY(${String(v.start)}px)` }}>
                <Step
                  row={row}
                  culprit={row.span.node === culprit}
                  open={!closed.has(row.span.id)}
                  chosen={chosen?.id === row.span.id}
                  onToggle={() => toggle(row.span.id)}
                  onPick={() => {
                    setChosen(row.span);
                    onPick?.(row.span);
                  }}
                />
              </li>
            );
          })}
        </ul>
      </div>
      <Collapse expanded={chosen !== null}>{chosen && <Attributes span={chosen} />}</Collapse>
    </div>
  );
}

interface StepProps {
  row: Row;
  culprit: boolean;
  open: boolean;
  chosen: boolean;
  onToggle: () => void;
  onPick: () => void;
}

function Step({ row, culprit, open, chosen, onToggle, onPick }: StepProps) {
  const { t } = useTranslation("charts");
  const s = row.span;
  return (
    <div className={classes.step} data-chosen={chosen || undefined}>
      <div className={classes.title} style={{ paddingLeft: Math.min(row.depth, 12) * 12 }}>
        {row.children > 0 ? (
          <ActionIcon
            size={18}
            variant="subtle"
            color="gray"
            onClick={onToggle}
            aria-expanded={open}
            aria-label={t(open ? "waterfall.close" : "waterfall.open", { name: s.name })}
          >
            {open ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
          </ActionIcon>
        ) : (
          <span className={classes.leaf} />
        )}
        <UnstyledButton className={classes.text} onClick={onPick} aria-pressed={chosen}>
          {s.error && <IconAlertTriangle size={13} className={classes.error} />}
          <b data-culprit={culprit || undefined}>{s.node || s.service}</b> {s.name}
        </UnstyledButton>
      </div>
      <div className={classes.track} aria-hidden>
        <i
          className={classes.bar}
          data-error={s.error || undefined}
          data-culprit={culprit || undefined}
          style={{ left: `${String(row.left * 100)}%`, width: `max(2px, ${String(row.width * 100)}%)` }}
        />
      </div>
      <span className={classes.took}>{amount(s.duration_us, "us")}</span>
    </div>
  );
}

function Attributes({ span }: { span: Span }) {
  const entries = Object.entries(span.attributes);
  return (
    <div className={classes.attributes}>
      <Group gap="xs">
        <Text fw={600} size="sm">
          {span.node} · {span.name}
        </Text>
        <Code>{span.id}</Code>
      </Group>
      <dl>
        {entries.map(([k, v]) => (
          <div key={k}>
            <dt>{k}</dt>
            <dd>{v}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
