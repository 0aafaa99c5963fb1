import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Navigate } from "@tanstack/react-router";
import { lazy, Suspense, type ComponentType } from "react";
import { parseSearch, stringifySearch, type Search } from "../lib/urlstate";
import { Loading } from "../lib/ui/Loading";
import { NotFound } from "../pages/NotFound";
import { loginPath } from "./Login";
import { Root } from "./Root";

const IncidentPage = lazy(() => import("../incident/IncidentPage"));

/** Leads to the list: whoever is logged in has nothing to do on the page of the log-in. */
function LoggedIn() {
  return <Navigate to="/" replace />;
}

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

// Whoever cuts an address short means the list.
const list = createRoute({ getParentRoute: () => root, path: "/incidents", component: LoggedIn });

const login = createRoute({ getParentRoute: () => root, path: loginPath, component: LoggedIn });

// Each page is a chunk of its own, read when it is first opened.
function page<P extends string>(path: P, load: () => Promise<{ default: ComponentType }>) {
  return createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load) });
}

const pages = [
  page("/", () => import("../pages/incidents/IncidentsPage")),
  page("/alerts", () => import("../pages/alerts/AlertsPage")),
  page("/topology", () => import("../pages/topology/TopologyPage")),
  page("/evaluation", () => import("../pages/evaluation/EvaluationPage")),
  page("/evaluation/$id", () => import("../pages/evaluation/DetailPage")),
  page("/evaluation/$a/compare/$b", () => import("../pages/evaluation/ComparePage")),
  page("/notifications", () => import("../pages/notifications/NotificationsPage")),
  page("/users", () => import("../pages/users/UsersPage")),
  page("/audit", () => import("../pages/audit/AuditPage")),
  page("/settings", () => import("../pages/settings/SettingsPage")),
  page("/checks", () => import("../pages/checks/ChecksPage")),
  page("/setup", () => import("../pages/access/SetupPage")),
  page("/invite", () => import("../pages/access/InvitePage")),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([incident, list, login, ...pages]),
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
