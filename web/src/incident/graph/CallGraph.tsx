import { Background, Controls, ReactFlow, type Edge, type Node } from "@xyflow/react";
import "@xyflow/react/dist/style.css";
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { asButton, pressedNode, useFlowLabels } from "../../lib/ui/flow";
import { useShared } from "../context";
import { stateAt, type Picture } from "../model/graph";
import { HopEdge, LinkEdge, Markers, type HopData, type LinkData } from "./GraphEdges";
import { GraphNode, type NodeData } from "./GraphNode";
import classes from "./graph.module.css";
import { HEIGHT, place, WIDTH } from "./layout";

const nodeTypes = { vertex: GraphNode };
const edgeTypes = { link: LinkEdge, hop: HopEdge };

/** Nodes above which the picture opens on those that are involved. */
const CROWDED = 40;

/** involved are the nodes that play a part, to start with. */
function involved(p: Picture): { id: string }[] {
  const parts = new Set(p.vertices.filter((v) => v.part !== "other").map((v) => v.id));
  return [...parts].map((id) => ({ id }));
}

/** Who leads how many groups; known: over time, else only that a node leads. */
export interface Leaders {
  known: boolean;
  count: ReadonlyMap<string, number>;
}

interface Props {
  picture: Picture;
  /** The moment shown, in ms. */
  at: number;
  leaders: Leaders;
}

/** CallGraph draws the nodes, their calls and the way that trouble took. It is a chunk of its own. */
export default function CallGraph({ picture: p, at, leaders }: Props) {
  const { t } = useTranslation("incident");
  const { d, setView, view } = useShared();
  const scheme = useComputedColorScheme("light");
  const { ref, width } = useElementSize();

  const upright = width > 0 && width < 520;
  const places = useMemo(() => place(p, upright), [p, upright]);
  const parts = useMemo(() => stateAt(p, d, at), [p, d, at]);
  const choose = (id: string) => {
    if (id && !p.grouped) setView({ node: view.node === id ? "" : id, scope: view.node === id ? "" : "all" });
  };
  const nodes = useMemo<Node<NodeData>[]>(
    () =>
      p.vertices.map((v) => ({
        id: v.id,
        type: "vertex",
        position: places.get(v.id) ?? { x: 0, y: 0 },
        width: WIDTH,
        height: HEIGHT,
        ariaLabel: `${v.label}, ${t(`part.${parts.get(v.id) ?? "other"}`)}`,
        ariaRole: "button",
        domAttributes: asButton(view.node === v.id),
        data: {
          vertex: v,
          part: parts.get(v.id) ?? "other",
          leads: leaders.count.has(v.id),
          groups: leaders.known ? (leaders.count.get(v.id) ?? 0) : -1,
          chosen: view.node === v.id,
        },
      })),
    [p, places, parts, leaders, view.node, t],
  );
  const edges = useMemo<Edge<LinkData | HopData>[]>(() => {
    const there = (id: string) => places.get(id);
    const calls = p.links.flatMap((l): Edge<LinkData>[] => {
      const a = there(l.from);
      const b = there(l.to);
      return a && b
        ? [
            {
              id: l.id,
              type: "link",
              source: l.from,
              target: l.to,
              data: { a, b, upright, link: l, calm: p.links.length > 24 },
            },
          ]
        : [];
    });
    const path = p.hops.flatMap((h): Edge<HopData>[] => {
      const a = there(h.from);
      const b = there(h.to);
      return a && b
        ? [
            {
              id: h.id,
              type: "hop",
              source: h.from,
              target: h.to,
              zIndex: 5,
              data: { a, b, upright, hop: h, hidden: h.at > at },
            },
          ]
        : [];
    });
    return [...calls, ...path];
  }, [p, places, upright, at]);
  const labels = useFlowLabels();
  const focus = useMemo(() => (p.vertices.length > CROWDED ? involved(p) : []), [p]);
  return (
    <div
      ref={ref}
      className={classes.flow}
      data-few={p.vertices.length < 4 || undefined}
      role="region"
      aria-label={t("graph.label")}
    >
      <Markers />
      {width > 0 && (
        <ReactFlow
          key={upright ? "upright" : "wide"}
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          colorMode={scheme}
          fitView
          fitViewOptions={{ padding: 0.06, maxZoom: 1.15, ...(focus.length > 0 ? { nodes: focus } : {}) }}
          minZoom={0.1}
          maxZoom={2}
          nodesDraggable={false}
          nodesConnectable={false}
          edgesFocusable={false}
          elementsSelectable
          zoomOnScroll={false}
          preventScrolling={false}
          panOnDrag
          proOptions={{ hideAttribution: true }}
          onlyRenderVisibleElements={p.vertices.length > 80}
          onNodeClick={(_, n) => choose(n.id)}
          onKeyDown={(e) => choose(pressedNode(e))}
          ariaLabelConfig={labels}
        >
          <Background gap={22} size={1} />
          <Controls showInteractive={false} position="bottom-right" fitViewOptions={{ padding: 0.04 }} />
        </ReactFlow>
      )}
    </div>
  );
}
