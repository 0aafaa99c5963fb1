import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { parseSearch, stringifySearch, type Search } from "../lib/urlstate";
import { Loading } from "../lib/ui/Loading";
import { NotFound } from "../pages/NotFound";
import { Root } from "./Root";

const IncidentPage = lazy(() => import("../incident/IncidentPage"));

const root = createRootRoute({
  component: Root,
  notFoundComponent: NotFound,
  validateSearch: (s: Record<string, unknown>): Search => s as Search,
});

const incident = createRoute({
  getParentRoute: () => root,
  path: "/incidents/$id",
  component: function IncidentRoute() {
    const { id } = incident.useParams();
    return (
      <Suspense fallback={<Loading />}>
        <IncidentPage key={id} id={id} />
      </Suspense>
    );
  },
});

// Each page is a chunk of its own, read when it is first opened.
const pages = {
  "/": () => import("../pages/incidents/IncidentsPage"),
  "/alerts": () => import("../pages/alerts/AlertsPage"),
  "/topology": () => import("../pages/topology/TopologyPage"),
  "/notifications": () => import("../pages/notifications/NotificationsPage"),
  "/users": () => import("../pages/users/UsersPage"),
  "/audit": () => import("../pages/audit/AuditPage"),
  "/settings": () => import("../pages/settings/SettingsPage"),
  "/checks": () => import("../pages/checks/ChecksPage"),
  "/setup": () => import("../pages/access/SetupPage"),
  "/invite": () => import("../pages/access/InvitePage"),
} as const;

const routes = Object.entries(pages).map(([path, load]) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load) }),
);

export const router = createRouter({
  routeTree: root.addChildren([incident, ...routes]),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultPendingComponent: Loading,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
