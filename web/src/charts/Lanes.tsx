import { ActionIcon, Group, RangeSlider, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconChartDots, IconTable, IconZoomReset } from "@tabler/icons-react";
import { useState, type PointerEvent } from "react";
import { useTranslation } from "react-i18next";
import { DataTable } from "./Chart";
import { LaneRow, Shape } from "./LaneRow";
import classes from "./lanes.module.css";
import { scale, type Lane, type LaneItem, type LaneKind } from "./lanesModel";
import { clock, fine, ticks, utc, type Span } from "./time";

export interface LanesProps {
  label: string;
  lanes: readonly Lane[];
  /** All of the time there is. */
  span: Span;
  /** The part that was chosen; undefined: all. */
  range?: Span | undefined;
  onRange: (range: Span | null) => void;
  /** Tinted: what was examined. */
  window?: Span | undefined;
  /** A vertical line: the moment that the call graph shows. */
  cursor?: number | undefined;
  onPick: (item: LaneItem) => void;
  /** Names of the kinds, for the legend and the table. */
  kindName: (kind: LaneKind) => string;
  zone?: string | undefined;
}

const AXIS = 20;

/** Lanes is a timeline with one lane a node. Dragging over it, or the slider below, chooses a span of time. */
export function Lanes(p: LanesProps) {
  const { t } = useTranslation("charts");
  const [asTable, setAsTable] = useState(false);
  const kinds = [...new Set(p.lanes.flatMap((l) => l.items.map((i) => i.kind)))];
  return (
    <div>
      <Group gap="md" justify="space-between" mb={4}>
        <Group gap="md" aria-hidden>
          {kinds.map((k) => (
            <span key={k} className={classes.legend}>
              <svg width="14" height="14">
                <Shape kind={k} x={7} y={7} r={5} />
              </svg>
              {p.kindName(k)}
            </span>
          ))}
        </Group>
        <Group gap={4}>
          {p.range && (
            <ActionIcon variant="subtle" size="sm" aria-label={t("show_all")} onClick={() => p.onRange(null)}>
              <IconZoomReset size={16} />
            </ActionIcon>
          )}
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={t(asTable ? "as_chart" : "as_table")}
            onClick={() => setAsTable(!asTable)}
          >
            {asTable ? <IconChartDots size={16} /> : <IconTable size={16} />}
          </ActionIcon>
        </Group>
      </Group>
      {asTable ? <DataTable label={p.label} height={280} table={lanesTable(p, t)} /> : <Picture {...p} />}
      <Brush {...p} />
    </div>
  );
}

function Picture(p: LanesProps) {
  const { ref, width } = useElementSize();
  const [drawn, setDrawn] = useState<Span | null>(null);
  const shown = p.span;
  const x = scale(shown, width);
  const at = (e: PointerEvent<SVGSVGElement>) => {
    const box = e.currentTarget.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (e.clientX - box.left) / Math.max(1, box.width)));
    return shown.from + part * (shown.to - shown.from);
  };
  const finish = () => {
    if (!drawn) return;
    const span = { from: Math.round(Math.min(drawn.from, drawn.to)), to: Math.round(Math.max(drawn.from, drawn.to)) };
    if (x(span.to) - x(span.from) > 6) p.onRange(span);
    setDrawn(null);
  };
  const height = p.lanes.length * 30 + AXIS;
  return (
    <div className={classes.picture}>
      <div className={classes.names}>
        {p.lanes.map((l) => (
          <Tooltip key={l.id} label={l.detail ? `${l.label} · ${l.detail}` : l.label}>
            <div className={classes.name} data-part={l.part}>
              <span>{l.label}</span>
            </div>
          </Tooltip>
        ))}
      </div>
      <div ref={ref} className={classes.plot}>
        <svg
          role="img"
          aria-label={p.label}
          width={width}
          height={height}
          onPointerDown={(e) => {
            if (e.pointerType === "mouse" && e.button === 0) setDrawn({ from: at(e), to: at(e) });
          }}
          onPointerMove={(e) => {
            if (drawn) setDrawn({ from: drawn.from, to: at(e) });
          }}
          onPointerUp={finish}
          onPointerLeave={finish}
          onDoubleClick={() => p.onRange(null)}
        >
          <Ground {...p} x={x} width={width} height={height} />
          {p.lanes.map((l, i) => (
            <LaneRow key={l.id} lane={l} y={i * 30 + 15} x={x} width={width} onPick={p.onPick} zone={p.zone} />
          ))}
          {p.range && <Shade range={p.range} x={x} width={width} height={height - AXIS} />}
          {drawn && (
            <rect
              className={classes.drawn}
              x={Math.min(x(drawn.from), x(drawn.to))}
              width={Math.abs(x(drawn.to) - x(drawn.from))}
              y={0}
              height={height - AXIS}
            />
          )}
        </svg>
      </div>
    </div>
  );
}

type GroundProps = LanesProps & { x: (ms: number) => number; width: number; height: number };

function Ground(p: GroundProps) {
  const bottom = p.height - AXIS;
  return (
    <g>
      {p.window && (
        <rect
          className={classes.window}
          x={p.x(p.window.from)}
          width={Math.max(1, p.x(p.window.to) - p.x(p.window.from))}
          y={0}
          height={bottom}
        />
      )}
      {ticks(p.span, Math.max(2, Math.floor(p.width / 90))).map((at) => (
        <g key={at}>
          <line className={classes.grid} x1={p.x(at)} x2={p.x(at)} y1={0} y2={bottom} />
          <text
            className={classes.tick}
            x={Math.min(Math.max(p.x(at), 24), p.width - 26)}
            y={p.height - 6}
            textAnchor="middle"
          >
            {clock(at, p.zone)}
          </text>
        </g>
      ))}
      {p.cursor !== undefined && (
        <line className={classes.cursor} x1={p.x(p.cursor)} x2={p.x(p.cursor)} y1={0} y2={bottom} />
      )}
    </g>
  );
}

function Shade({ range, x, width, height }: { range: Span; x: (ms: number) => number; width: number; height: number }) {
  const a = Math.max(0, x(range.from));
  const b = Math.min(width, x(range.to));
  return (
    <g className={classes.shade} pointerEvents="none">
      <rect x={0} width={a} y={0} height={height} />
      <rect x={b} width={Math.max(0, width - b)} y={0} height={height} />
    </g>
  );
}

function Brush(p: LanesProps) {
  const { t } = useTranslation("charts");
  const now = p.range ?? p.span;
  const [moving, setMoving] = useState<[number, number] | null>(null);
  const value: [number, number] = moving ?? [now.from, now.to];
  const step = Math.max(1, Math.round((p.span.to - p.span.from) / 400));
  return (
    <div className={classes.brush}>
      <Text size="xs" c="dimmed" className={classes.range}>
        {t("lanes.range")}
      </Text>
      <RangeSlider
        size="sm"
        flex={1}
        min={p.span.from}
        max={p.span.to}
        step={step}
        minRange={step * 4}
        value={value}
        label={(v) => clock(v, p.zone)}
        thumbFromLabel={t("lanes.from")}
        thumbToLabel={t("lanes.to")}
        onChange={setMoving}
        onChangeEnd={([from, to]) => {
          setMoving(null);
          p.onRange(from <= p.span.from + step && to >= p.span.to - step ? null : { from, to });
        }}
      />
      {p.range && (
        <UnstyledButton className={classes.chosen} onClick={() => p.onRange(null)} aria-label={t("show_all")}>
          {clock(p.range.from, p.zone)} – {clock(p.range.to, p.zone)} ×
        </UnstyledButton>
      )}
    </div>
  );
}

function lanesTable(p: LanesProps, t: (key: string) => string) {
  const rows = p.lanes.flatMap((l) =>
    l.items.map((i) => ({ at: i.at, cells: [fine(i.at, p.zone), utc(i.at), l.label, p.kindName(i.kind), i.text] })),
  );
  return {
    columns: [t("column.time"), "UTC", t("column.node"), t("column.name"), t("column.what")],
    rows: rows.sort((a, b) => a.at - b.at).map((r) => r.cells),
  };
}
