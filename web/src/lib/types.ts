// The nouns of the REST API as the page reads them. Their fields come from the
// service's OpenAPI document (schema.ts, made by `npm run types`); here they get
// their names, and texts of which only some values occur are narrowed. Times are
// RFC 3339 in UTC, an unset time is null, a list is never null.

import type { components } from "./schema";

type Schemas = components["schemas"];

/** T with some fields narrowed; a field that T lacks is an error. */
type Narrow<T, N extends { [K in keyof N]: K extends keyof T ? T[K] : never }> = Omit<T, keyof N> & N;

export type Time = string;
export type Severity = "info" | "warning" | "major" | "critical";
export type Status = "open" | "resolved";
export type Progress = "waiting" | "queued" | "running" | "done" | "failed";
export type Verdict = "confirmed" | "likely" | "inconclusive" | "healthy";
export type Role = "viewer" | "operator" | "approver" | "admin";

/** A page of a list; `next` is the cursor of the next page, null on the last. */
export interface List<T> {
  items: T[];
  next: string | null;
  total?: number;
  more?: boolean;
}

export type Headline = Narrow<Schemas["Headline"], { verdict: Verdict | "" }>;

export type Incident = Narrow<Schemas["Incident"], { headline: Headline | null; opened: Time; updated: Time }>;

export type Alert = Schemas["Alert"];

export interface User {
  id: string;
  version: number;
  name: string;
  display: string;
  email: string;
  role: Role;
  disabled: boolean;
  locked_until: Time | null;
  created: Time | null;
  last_login: Time | null;
  has_password: boolean;
  oidc: boolean;
}

export interface OIDCProvider {
  id: string;
  name: string;
  url: string;
}

export interface Session {
  user: User | null;
  csrf: string | null;
  demo: boolean;
  oidc: OIDCProvider[];
  setup: boolean;
  version: string;
  lang: string;
  /** Set by the page where the session of this user ended while the page was open. */
  ended?: User;
}

export type SessionInfo = Schemas["AccountSessionItem"];

export type Token = Schemas["AccountTokenJSON"];

export type ChannelKind = Schemas["OutboxChannelWire"]["kind"];

export type Channel = Schemas["OutboxChannelWire"];

export type Route = Schemas["OutboxRoute"];

export type Quiet = Schemas["OutboxQuiet"];

export type Routing = Schemas["OutboxRouting"];

export type Delivery = Schemas["OutboxDeliveryWire"];

export type AuditEntry = Schemas["AuditEntry"];

export type TopologyNode = Narrow<Schemas["TopologyNode"], { severity: Severity | "" }>;

export type TopologyEdge = Schemas["TopologyEdge"];

export type Topology = Narrow<Schemas["Topology"], { nodes: TopologyNode[]; edges: TopologyEdge[] }>;

export type Check = Schemas["Check"];

export type Queue = Schemas["QueueState"];

/** What the service was started with, of what the page may change. */
export type Started = Schemas["IntakeStarted"];

export type Vocabulary = Schemas["VocabularyOutBody"];

export type Upload = Schemas["Upload"];

/** What GET /events says of a storm of alerts that was folded. */
export interface Storm {
  incident: string;
  folded: number;
  firing: number;
  per_minute: number;
}

/** A problem+json answer. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  errors?: { location?: string; message?: string }[];
  request_id?: string;
  remedy?: string;
}
