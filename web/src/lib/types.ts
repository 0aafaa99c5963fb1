// The nouns of the REST API as the page reads them: snake_case, times RFC 3339
// in UTC, an unset time is null, a list is never null.

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

export interface Headline {
  verdict: Verdict | "";
  confidence: number;
  node: string;
  service: string;
  role: string;
  fault: string;
  fault_name: string;
  probability: number;
  onset: Time | null;
  summary: string;
  wall_ms: number;
  engine: string;
  error: string;
}

export interface Incident {
  id: string;
  number: number;
  version: number;
  title: string;
  system: string;
  severity: Severity;
  status: Status;
  progress: Progress;
  source: string;
  labels: Record<string, string>;
  nodes: string[];
  started: Time | null;
  ended: Time | null;
  opened: Time;
  updated: Time;
  resolved: Time | null;
  alerts: number;
  firing: number;
  folded: number;
  size: number;
  has_bundle: boolean;
  attempt: number;
  assignee: string;
  case: boolean;
  headline: Headline | null;
}

export interface Alert {
  id: number;
  incident: string;
  source: string;
  name: string;
  severity: Severity;
  node: string;
  peer: string;
  system: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  url: string;
  starts: Time | null;
  ends: Time | null;
  received: Time | null;
  last: Time | null;
  count: number;
  fingerprint: string;
}

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

export interface SessionInfo {
  /** First 8 characters of its hash. */
  id: string;
  created: Time | null;
  expires: Time | null;
  addr: string;
  agent: string;
  current: boolean;
}

export interface Token {
  id: string;
  user: string;
  name: string;
  scopes: string[];
  created: Time;
  expires: Time | null;
  used: Time | null;
}

export type ChannelKind =
  "slack" | "webhook" | "email" | "teams" | "mattermost" | "dingtalk" | "wecom" | "feishu" | "loki";

export interface Channel {
  id: string;
  version: number;
  name: string;
  kind: ChannelKind;
  enabled: boolean;
  config: Record<string, unknown>;
  created: Time | null;
}

export interface Route {
  name: string;
  match: { severity_at_least?: Severity | ""; labels?: Record<string, string>; systems?: string[]; kinds?: string[] };
  channels: string[];
  continue: boolean;
}

export interface Quiet {
  name: string;
  from: string;
  to: string;
  days: string[];
  zone: string;
  below: Severity;
}

export interface Routing {
  routes: Route[];
  quiet: Quiet[];
}

export interface Delivery {
  id: number;
  incident: string;
  kind: string;
  channel: string;
  state: "pending" | "sent" | "failed" | "muted";
  tries: number;
  next_try: Time | null;
  error: string;
  updated: Time;
  at: Time | null;
}

export interface AuditEntry {
  n: number;
  at: Time;
  actor: string;
  addr: string;
  action: string;
  object: string;
  detail: Record<string, string>;
  hash: string;
}

export interface TopologyNode {
  id: string;
  system: string;
  service: string;
  role: string;
  seen: Time | null;
  open: string[];
  severity: Severity | "";
}

export interface TopologyEdge {
  from: string;
  to: string;
  kind: string;
  seen: Time | null;
  count: number;
}

export interface Topology {
  systems: string[];
  nodes: TopologyNode[];
  edges: TopologyEdge[];
}

export interface Check {
  name: string;
  state: "ok" | "warn" | "fail";
  text: string;
  remedy: string;
}

export interface Queue {
  capacity: number;
  queued: number;
  running: number;
  items: { incident: string; priority: number; state: string; position: number }[];
}

export interface Vocabulary {
  faults: { id: string; name: string }[];
  roles: { id: string; name: string }[];
  severities: { id: string; name: string }[];
  kinds: { id: string; name: string }[];
}

export interface Upload {
  id: string;
  offset: number;
  size: number;
  expires: Time | null;
}

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
