import { EdgeLabelRenderer, type Edge, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { ODD, type Hop, type Link } from "../model/graph";
import classes from "./graph.module.css";
import { curve, type Place } from "./layout";

export type LinkData = { a: Place; b: Place; upright: boolean; link: Link; calm: boolean };
export type HopData = { a: Place; b: Place; upright: boolean; hop: Hop; hidden: boolean };

/** LinkEdge is calls, replication or a connection between two nodes. */
export const LinkEdge = memo(function LinkEdge({ data }: EdgeProps<Edge<LinkData>>) {
  if (!data) return null;
  const { path } = curve(data.a, data.b, data.upright);
  const l = data.link;
  return (
    <path
      d={path}
      className={classes.link}
      data-kind={l.kinds.includes("call") ? "call" : l.kinds[0]}
      data-odd={l.oddness >= ODD || undefined}
      data-calm={data.calm || undefined}
    >
      <title>{`${l.from} → ${l.to} · ${l.kinds.join(", ")}${l.count > 0 ? ` · ${l.count.toLocaleString()}` : ""}`}</title>
    </path>
  );
});

/** HopEdge is a step of the way that trouble took, with its number. */
export const HopEdge = memo(function HopEdge({ data }: EdgeProps<Edge<HopData>>) {
  if (!data) return null;
  const { path, x, y } = curve(data.a, data.b, data.upright);
  return (
    <>
      <path d={path} className={classes.hop} data-hidden={data.hidden || undefined} markerEnd="url(#hop-arrow)" />
      {!data.hidden && (
        <EdgeLabelRenderer>
          <span
            className={classes.order}
            style={{ transform: `translate(-50%, -50%) translate(${String(x)}px, ${String(y)}px)` }}
          >
            {data.hop.order}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
});

/** Markers holds the head of the arrows. */
export function Markers() {
  return (
    <svg className={classes.markers} aria-hidden>
      <defs>
        <marker
          id="hop-arrow"
          viewBox="0 0 10 10"
          refX="8"
          refY="5"
          markerWidth="4.4"
          markerHeight="4.4"
          orient="auto-start-reverse"
        >
          <path className={classes.head} d="M0 0L10 5L0 10z" />
        </marker>
      </defs>
    </svg>
  );
}
