import { memo } from "react";
import classes from "./lanes.module.css";
import { clusters, radius, type Cluster, type Lane, type LaneItem, type LaneKind } from "./lanesModel";
import { clock } from "./time";

interface RowProps {
  lane: Lane;
  y: number;
  x: (ms: number) => number;
  width: number;
  onPick: (item: LaneItem) => void;
  zone: string | undefined;
}

/** LaneRow draws one lane: what lasted as bars, what happened as shapes. */
export const LaneRow = memo(function LaneRow({ lane, y, x, width, onPick, zone }: RowProps) {
  const lasting = lane.items.filter((i) => i.until !== undefined);
  return (
    <g>
      <line className={classes.base} data-part={lane.part} x1={0} x2={width} y1={y} y2={y} />
      {lasting.map((i, k) => (
        <rect
          key={k}
          className={classes.bar}
          data-kind={i.kind}
          x={x(i.at)}
          y={y + 9}
          height={3.5}
          rx={1.5}
          width={Math.max(2, x(i.until ?? i.at) - x(i.at))}
        >
          <title>{`${clock(i.at, zone)} – ${clock(i.until ?? i.at, zone)}  ${i.text}`}</title>
        </rect>
      ))}
      {clusters(lane.items, x, 9).map((c, k) => (
        <Dot key={k} cluster={c} y={y} onPick={onPick} zone={zone} />
      ))}
    </g>
  );
});

function Dot({
  cluster: c,
  y,
  onPick,
  zone,
}: {
  cluster: Cluster;
  y: number;
  onPick: (item: LaneItem) => void;
  zone: string | undefined;
}) {
  const first = c.items[0];
  if (!first) return null;
  const r = radius(c);
  const lines = c.items.slice(0, 6).map((i) => `${clock(i.at, zone)}  ${i.text}`);
  if (c.items.length > 6) lines.push(`+${String(c.items.length - 6)}`);
  return (
    <g
      className={first.id === undefined ? undefined : classes.pick}
      onPointerDown={(e) => e.stopPropagation()}
      onClick={() => onPick(first)}
    >
      <circle cx={c.x} cy={y + shift[c.kind]} r={r + 4} fill="transparent" />
      <Shape kind={c.kind} x={c.x} y={y + shift[c.kind]} r={r} />
      <title>{lines.join("\n")}</title>
    </g>
  );
}

// Kinds keep apart from each other where they happen at once.
const shift: Record<LaneKind, number> = {
  metric: 0,
  log: 5,
  trace: -5,
  event: 0,
  alert: -6,
  change: 0,
  role: 0,
  action: 6,
  onset: 0,
};

/** Shape is the mark of a kind. */
export function Shape({ kind, x, y, r }: { kind: LaneKind; x: number; y: number; r: number }) {
  const p = { className: classes.shape, "data-kind": kind };
  switch (kind) {
    case "metric":
      return <circle {...p} cx={x} cy={y} r={r} />;
    case "log":
      return <rect {...p} x={x - r * 0.9} y={y - r * 0.9} width={r * 1.8} height={r * 1.8} rx={1} />;
    case "trace":
      return (
        <path
          {...p}
          d={poly(
            x,
            y,
            [
              [0, -1.2],
              [1.2, 0],
              [0, 1.2],
              [-1.2, 0],
            ],
            r,
          )}
        />
      );
    case "alert":
      return (
        <path
          {...p}
          d={poly(
            x,
            y,
            [
              [0, -1.2],
              [1.15, 0.9],
              [-1.15, 0.9],
            ],
            r,
          )}
        />
      );
    case "change":
      return (
        <path
          {...p}
          d={poly(
            x,
            y,
            [
              [-1.15, -0.9],
              [1.15, -0.9],
              [0, 1.2],
            ],
            r,
          )}
        />
      );
    case "role":
      return (
        <path
          {...p}
          d={poly(
            x,
            y,
            [
              [-1.3, -0.8],
              [-0.6, 0],
              [0, -1.2],
              [0.6, 0],
              [1.3, -0.8],
              [1, 0.9],
              [-1, 0.9],
            ],
            r,
          )}
        />
      );
    case "onset":
      return (
        <path
          {...p}
          d={poly(
            x,
            y,
            [
              [-0.25, -2],
              [0.25, -2],
              [0.25, 2],
              [-0.25, 2],
            ],
            r,
          )}
        />
      );
    case "action":
      return (
        <path
          {...p}
          d={poly(
            x,
            y,
            [
              [-1, -1.1],
              [1.2, 0],
              [-1, 1.1],
            ],
            r,
          )}
        />
      );
    case "event":
      return (
        <path
          {...p}
          d={poly(
            x,
            y,
            [
              [-0.4, -1.2],
              [0.4, -1.2],
              [0.4, -0.4],
              [1.2, -0.4],
              [1.2, 0.4],
              [0.4, 0.4],
              [0.4, 1.2],
              [-0.4, 1.2],
              [-0.4, 0.4],
              [-1.2, 0.4],
              [-1.2, -0.4],
              [-0.4, -0.4],
            ],
            r,
          )}
        />
      );
  }
}

function poly(x: number, y: number, points: [number, number][], r: number): string {
  return (
    points
      .map(([dx, dy], i) => `${i === 0 ? "M" : "L"}${(x + dx * r).toFixed(1)} ${(y + dy * r).toFixed(1)}`)
      .join("") + "Z"
  );
}
