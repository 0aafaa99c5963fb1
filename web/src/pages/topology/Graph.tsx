import "@xyflow/react/dist/style.css";
import { useComputedColorScheme } from "@mantine/core";
import { IconCrown } from "@tabler/icons-react";
import {
  Background,
  Controls,
  Handle,
  MarkerType,
  Position,
  ReactFlow,
  type Edge,
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
        data: { box, downwards, role: roleWord(box.role) },
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
      drawing.lines.map((l) => ({
        id: `${l.from}→${l.to}/${l.kind}`,
        source: l.from,
        target: l.to,
        markerEnd: { type: MarkerType.ArrowClosed },
        focusable: false,
        ...(l.kind === "calls" ? {} : { style: { strokeDasharray: "5 4" } }),
      })),
    [drawing],
  );
  return (
    <div className={classes.graph} role="group" aria-label={t("topology.title")}>
      <ReactFlow
        nodes={nodes}
        edges={edges}
        nodeTypes={types}
        colorMode={scheme}
        fitView
        fitViewOptions={{ minZoom: 0.55, maxZoom: 1.1, padding: 0.1 }}
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
      <div className={classes.sub}>
        {box.size > 1 ? t("topology.members", { count: box.size }) : [box.service, role].filter(Boolean).join(" · ")}
      </div>
      {box.open.length > 0 && (
        <span className={classes.open}>{t("topology.openCount", { count: box.open.length })}</span>
      )}
      <Handle type="source" position={downwards ? Position.Bottom : Position.Right} className={classes.handle} />
    </div>
  );
}
