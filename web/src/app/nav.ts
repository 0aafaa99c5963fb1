import {
  IconActivityHeartbeat,
  IconBell,
  IconBellRinging,
  IconChartDots3,
  IconClipboardList,
  IconFlame,
  IconSettings,
  IconTargetArrow,
  IconUsers,
  type TablerIcon,
} from "@tabler/icons-react";
import type { Role } from "../lib/types";

export interface NavItem {
  to: string;
  /** Key of its text under "nav". */
  text: string;
  icon: TablerIcon;
  /** The least role that may see it. */
  role: Role;
}

/** The navigation in its order, in groups. */
export const nav: NavItem[][] = [
  [
    { to: "/", text: "incidents", icon: IconFlame, role: "viewer" },
    { to: "/alerts", text: "alerts", icon: IconBellRinging, role: "viewer" },
    { to: "/topology", text: "topology", icon: IconChartDots3, role: "viewer" },
    { to: "/evaluation", text: "evaluation", icon: IconTargetArrow, role: "viewer" },
  ],
  [
    { to: "/notifications", text: "notifications", icon: IconBell, role: "operator" },
    { to: "/users", text: "users", icon: IconUsers, role: "viewer" },
    { to: "/audit", text: "audit", icon: IconClipboardList, role: "admin" },
    { to: "/settings", text: "settings", icon: IconSettings, role: "viewer" },
    { to: "/checks", text: "checks", icon: IconActivityHeartbeat, role: "viewer" },
  ],
];
