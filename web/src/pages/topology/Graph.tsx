import "@xyflow/react/dist/style.css";
import { useComputedColorScheme } from "@mantine/core";
import { IconCrown } from "@tabler/icons-react";
import {
  Background,
  Controls,
  Handle,
  Position,
  ReactFlow,
  type Edge,
  type EdgeProps,
  type Node,
  type NodeProps,
} from "@xyflow/react";
import { memo, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { severityTone } from "../../lib/tones";
import { cutMiddle } from "../../lib/format";
import { useRoleWord } from "../../lib/vocabulary";
import { asButton, useFlowLabels } from "../../lib/ui/flow";
import { boxHeight, boxWidth, type Box, type Drawing } from "./layout";
import { route, type Route } from "./route";
import classes from "./topology.module.css";

type BoxNode = Node<{ box: Box; downwards: boolean; role: string } & Record<string, unknown>, "box">;

interface Props {
  drawing: Drawing;
  /** Calls go from top to bottom, not from left to right. */
  downwards: boolean;
  chosen: string;
  onChoose: (id: string) => void;
}

const types = { box: memo(BoxView) };
const edgeTypes = { way: memo(WayView) };

/** WayView draws a line where route says. */
function WayView({ data }: EdgeProps<Edge<Route & Record<string, unknown>>>) {
  if (!data) return null;
  return (
    <path
      d={data.path}
      className={classes.way}
      data-kind={data.kind}
      markerEnd="url(#way-head)"
      markerStart={data.both ? "url(#way-head)" : undefined}
    />
  );
}

/** Heads holds the head of the arrows. */
function Heads() {
  return (
    <svg className={classes.heads} aria-hidden>
      <defs>
        <marker
          id="way-head"
          viewBox="0 0 10 10"
          refX="9"
          refY="5"
          markerWidth="7"
          markerHeight="7"
          orient="auto-start-reverse"
        >
          <path className={classes.head} d="M0 0L10 5L0 10z" />
        </marker>
      </defs>
    </svg>
  );
}

/** The graph of the system; a click or Enter on a box chooses it. */
export function Graph({ drawing, downwards, chosen, onChoose }: Props) {
  const { t } = useTranslation("insight");
  const scheme = useComputedColorScheme("light");
  const roleWord = useRoleWord();
  const nodes = useMemo<BoxNode[]>(
    () =>
      drawing.boxes.map((box) => ({
        id: box.id,
        type: "box",
        position: { x: box.x, y: box.y },
        data: { box, downwards, role: named(box.role) ? roleWord(box.role) : "" },
        width: boxWidth,
        height: boxHeight,
        selected: box.id === chosen,
        ariaRole: "button",
        domAttributes: asButton(box.id === chosen),
        ariaLabel: [
          box.id,
          roleWord(box.role),
          box.open.length > 0 ? t("topology.openCount", { count: box.open.length }) : "",
        ]
          .filter(Boolean)
          .join(", "),
      })),
    [drawing, downwards, chosen, roleWord, t],
  );
  const labels = useFlowLabels();
  const edges = useMemo<Edge[]>(
    () =>
      route(drawing.boxes, drawing.lines).map((l) => ({
        id: `${l.from}→${l.to}/${l.kind}`,
        type: "way",
        source: l.from,
        target: l.to,
        focusable: false,
        data: { ...l },
      })),
    [drawing],
  );
  return (
    <div className={classes.graph} role="group" aria-label={t("topology.title")}>
      <Heads />
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={types}
        edgeTypes={edgeTypes}
        colorMode={scheme}
        fitView
        fitViewOptions={{ minZoom: 0.55, maxZoom: 1.1, padding: downwards ? 0.26 : 0.1 }}
        minZoom={0.1}
        nodesDraggable={false}
        nodesConnectable={false}
        onlyRenderVisibleElements={drawing.boxes.length > 120}
        onNodeClick={(_, n) => onChoose(n.id)}
        onSelectionChange={({ nodes: [n] }) => n && n.id !== chosen && onChoose(n.id)}
        onPaneClick={() => onChoose("")}
        ariaLabelConfig={labels}
        proOptions={{ hideAttribution: true }}
      >
        <Background />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

/** Whether a role says more than that there is one. */
const named = (role: string) => role !== "service" && role !== "unknown";

const leads = (role: string) => role.endsWith("leader") || role === "primary";

function BoxView({ data: { box, downwards, role } }: NodeProps<BoxNode>) {
  const { t } = useTranslation("insight");
  const tone = box.severity === "" ? undefined : severityTone[box.severity];
  return (
    <div className={classes.box} data-tone={tone} title={box.id}>
      <Handle type="target" position={downwards ? Position.Top : Position.Left} className={classes.handle} />
      <div className={classes.name}>
        {leads(box.role) && <IconCrown size={14} aria-hidden />} {cutMiddle(box.id, 22)}
      </div>
      <div className={classes.sub}>{box.size > 1 ? t("topology.members", { count: box.size }) : box.service}</div>
      {box.size === 1 && role !== "" && role !== box.service && <div className={classes.sub}>{role}</div>}
      {box.open.length > 0 && (
        <span className={classes.open}>{t("topology.openCount", { count: box.open.length })}</span>
      )}
      <Handle type="source" position={downwards ? Position.Bottom : Position.Right} className={classes.handle} />
    </div>
  );
}
