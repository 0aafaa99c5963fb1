import { Tooltip } from "@mantine/core";
import { IconCrown } from "@tabler/icons-react";
import { Handle, Position, type Node, type NodeProps } from "@xyflow/react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { share } from "../../charts";
import { cutMiddle } from "../../lib/format";
import { useShared } from "../context";
import type { Part } from "../model/derive";
import { byStrength } from "../model/evidence";
import type { Vertex } from "../model/graph";
import classes from "./graph.module.css";

export type NodeData = { vertex: Vertex; part: Part; leads: boolean; groups: number; chosen: boolean };

/** GraphNode is a node of the call graph; resting on it shows its strongest evidence. */
export const GraphNode = memo(function GraphNode({ data }: NodeProps<Node<NodeData>>) {
  const { t } = useTranslation("incident");
  const { vertex: v, part, leads, chosen } = data;
  const detail = useDetail(data);
  return (
    <Tooltip label={<About vertex={v} />} openDelay={200} maw={360}>
      <div className={classes.node} data-part={part} data-chosen={chosen || undefined}>
        <Handle type="target" position={Position.Left} className={classes.handle} isConnectable={false} />
        {part !== "other" && <span className={classes.tag}>{t(`part.${part}`)}</span>}
        <b>{cutMiddle(v.label, 19)}</b>
        <span>
          {leads && <IconCrown size={13} aria-label={t("graph.leader")} />} {detail}
        </span>
        <i className={classes.odd} style={{ width: `${String(Math.min(1, v.oddness) * 100)}%` }} />
        <Handle type="source" position={Position.Right} className={classes.handle} isConnectable={false} />
      </div>
    </Tooltip>
  );
});

/** useDetail is the second line of a node: what it leads at that moment, its role, or its service. */
function useDetail({ vertex: v, groups }: NodeData): string {
  const { t } = useTranslation("incident");
  const { role } = useShared();
  if (v.count > 1) return t("graph.nodes", { count: v.count, odd: v.odd });
  if (groups >= 0 && v.role === "leader")
    return groups === 0 ? t("graph.leads_none") : t("graph.leads", { count: groups });
  return v.role !== "" && v.role !== "unknown" && v.role !== "service" ? role(v.role) : v.service;
}

function About({ vertex: v }: { vertex: Vertex }) {
  const { t } = useTranslation("incident");
  const { d, say } = useShared();
  const own = d.evidence.filter((e) => e.node === v.id).toSorted(byStrength);
  return (
    <div className={classes.about}>
      <b>{v.label}</b>
      <div>{t("graph.odd", { share: share(v.oddness) })}</div>
      <ul>
        {own.slice(0, 4).map((e) => (
          <li key={e.id}>
            {e.id} {e.peer && `→ ${e.peer} `}
            {say(e.text)}
          </li>
        ))}
        {own.length > 4 && <li>{t("graph.more", { count: own.length - 4 })}</li>}
        {own.length === 0 && <li>{t("graph.nothing")}</li>}
      </ul>
    </div>
  );
}
