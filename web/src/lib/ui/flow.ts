import type { AriaLabelConfig } from "@xyflow/react";
import { useMemo, type AriaAttributes, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";

/** The attributes by which a node of a graph is a button that is pressed or not. */
export const asButton = (pressed: boolean): AriaAttributes => ({
  "aria-pressed": pressed,
  "aria-roledescription": undefined,
  "aria-describedby": undefined,
});

/** The node on which Enter or the space bar was pressed, "" where it was something else. */
export function pressedNode(e: KeyboardEvent): string {
  if (e.key !== "Enter" && e.key !== " ") return "";
  return (e.target as Element).closest(".react-flow__node")?.getAttribute("data-id") ?? "";
}

/** The words that a graph says of its controls. */
export function useFlowLabels(): Partial<AriaLabelConfig> {
  const { t } = useTranslation();
  return useMemo(
    () => ({
      "controls.ariaLabel": t("flow.controls"),
      "controls.zoomIn.ariaLabel": t("flow.closer"),
      "controls.zoomOut.ariaLabel": t("flow.farther"),
      "controls.fitView.ariaLabel": t("flow.whole"),
      "node.a11yDescription.default": "",
      "node.a11yDescription.keyboardDisabled": "",
      "edge.a11yDescription.default": "",
    }),
    [t],
  );
}
