-- The state of the service. One text for SQLite and PostgreSQL. Three words are
-- replaced before it runs, because the databases spell them differently:
--   ROWKEY  a 64-bit key that the database assigns, never twice
--   BYTES   binary data
--   REAL8   a 64-bit floating-point number
-- Times are Unix nanoseconds, 0 = unset. Truth values are 0 or 1. Columns that
-- hold lists and maps are JSON text.

-- +goose Up
CREATE TABLE counters (
  name  TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('revision', 1), ('users', 1), ('queue', 1), ('alerts', 1);

CREATE TABLE incidents (
  number         ROWKEY,
  version        BIGINT NOT NULL CHECK (version > 0),
  title          TEXT NOT NULL CHECK (length(title) <= 2000),
  system         TEXT NOT NULL,
  severity       BIGINT NOT NULL CHECK (severity BETWEEN 1 AND 4),
  status         TEXT NOT NULL CHECK (status IN ('open', 'resolved')),
  progress       TEXT NOT NULL CHECK (progress IN ('waiting', 'queued', 'running', 'done', 'failed')),
  source         TEXT NOT NULL,
  open_key       TEXT NOT NULL,
  labels         TEXT NOT NULL,
  nodes          TEXT NOT NULL,
  started        BIGINT NOT NULL,
  ended          BIGINT NOT NULL,
  opened         BIGINT NOT NULL CHECK (opened > 0),
  updated        BIGINT NOT NULL CHECK (updated > 0),
  resolved       BIGINT NOT NULL,
  alerts         BIGINT NOT NULL CHECK (alerts >= 0),
  firing         BIGINT NOT NULL CHECK (firing >= 0),
  folded         BIGINT NOT NULL CHECK (folded >= 0),
  bundle         TEXT NOT NULL,
  size           BIGINT NOT NULL CHECK (size >= 0),
  attempt        BIGINT NOT NULL CHECK (attempt >= 0),
  assignee       TEXT NOT NULL,
  is_case        BIGINT NOT NULL CHECK (is_case IN (0, 1)),
  truth          BYTES NOT NULL,
  verdict        TEXT NOT NULL,
  fault          TEXT NOT NULL,
  headline       TEXT NOT NULL,
  requested_from BIGINT NOT NULL,
  requested_to   BIGINT NOT NULL,
  search         TEXT NOT NULL,
  CHECK ((status = 'resolved') = (resolved > 0)),
  CHECK (firing <= alerts)
);
CREATE UNIQUE INDEX incidents_open_key ON incidents (open_key) WHERE status = 'open' AND open_key <> '';
CREATE INDEX incidents_opened ON incidents (opened, number);
CREATE INDEX incidents_updated ON incidents (updated, number);
CREATE INDEX incidents_started ON incidents (started, number);
CREATE INDEX incidents_severity ON incidents (severity, number);
CREATE INDEX incidents_status ON incidents (status, opened, number);
CREATE INDEX incidents_bundle ON incidents (bundle) WHERE bundle <> '';
CREATE INDEX incidents_case ON incidents (number) WHERE is_case = 1;

CREATE TABLE incident_nodes (
  node     TEXT NOT NULL,
  incident BIGINT NOT NULL REFERENCES incidents (number) ON DELETE CASCADE,
  PRIMARY KEY (node, incident)
);

CREATE TABLE idempotency (
  name     TEXT PRIMARY KEY,
  hash     TEXT NOT NULL,
  incident BIGINT NOT NULL REFERENCES incidents (number) ON DELETE CASCADE,
  at       BIGINT NOT NULL
);

CREATE TABLE attempts (
  incident   BIGINT NOT NULL REFERENCES incidents (number) ON DELETE CASCADE,
  attempt    BIGINT NOT NULL CHECK (attempt > 0),
  state      TEXT NOT NULL CHECK (state IN ('waiting', 'queued', 'running', 'done', 'failed')),
  priority   BIGINT NOT NULL,
  reason     TEXT NOT NULL,
  not_before BIGINT NOT NULL,
  enqueued   BIGINT NOT NULL CHECK (enqueued > 0),
  started    BIGINT NOT NULL,
  finished   BIGINT NOT NULL,
  worker     TEXT NOT NULL,
  lease      BIGINT NOT NULL,
  takes      BIGINT NOT NULL CHECK (takes >= 0),
  lost       BIGINT NOT NULL CHECK (lost >= 0),
  traced     BIGINT NOT NULL CHECK (traced >= 0),
  error      TEXT NOT NULL,
  error_kind TEXT NOT NULL,
  diagnosis  BYTES,
  PRIMARY KEY (incident, attempt),
  CHECK ((state = 'running') = (lease > 0)),
  CHECK (state <> 'running' OR (worker <> '' AND takes > 0 AND started > 0)),
  CHECK ((state IN ('done', 'failed')) = (finished > 0)),
  CHECK ((state = 'done') = (diagnosis IS NOT NULL)),
  CHECK ((state = 'failed') = (error <> ''))
);
CREATE UNIQUE INDEX attempts_one_pending ON attempts (incident) WHERE state IN ('waiting', 'queued');
CREATE UNIQUE INDEX attempts_one_running ON attempts (incident) WHERE state = 'running';
CREATE INDEX attempts_queued ON attempts (priority DESC, enqueued, incident) WHERE state = 'queued';
CREATE INDEX attempts_waiting ON attempts (not_before) WHERE state = 'waiting';
CREATE INDEX attempts_lease ON attempts (lease) WHERE state = 'running';

CREATE TABLE traces (
  incident BIGINT NOT NULL,
  attempt  BIGINT NOT NULL,
  first    BIGINT NOT NULL CHECK (first > 0),
  last     BIGINT NOT NULL,
  events   BYTES NOT NULL,
  PRIMARY KEY (incident, attempt, first),
  FOREIGN KEY (incident, attempt) REFERENCES attempts (incident, attempt) ON DELETE CASCADE,
  CHECK (last >= first)
);

CREATE TABLE alerts (
  id          ROWKEY,
  incident    BIGINT NOT NULL REFERENCES incidents (number) ON DELETE CASCADE,
  source      TEXT NOT NULL,
  fingerprint TEXT NOT NULL CHECK (fingerprint <> ''),
  name        TEXT NOT NULL,
  severity    BIGINT NOT NULL CHECK (severity BETWEEN 1 AND 4),
  node        TEXT NOT NULL,
  peer        TEXT NOT NULL,
  system      TEXT NOT NULL,
  labels      TEXT NOT NULL,
  annotations TEXT NOT NULL,
  url         TEXT NOT NULL,
  starts      BIGINT NOT NULL CHECK (starts > 0),
  ends        BIGINT NOT NULL,
  received    BIGINT NOT NULL CHECK (received > 0),
  last        BIGINT NOT NULL,
  count       BIGINT NOT NULL CHECK (count > 0),
  search      TEXT NOT NULL,
  CHECK (last >= received),
  UNIQUE (source, fingerprint, starts)
);
CREATE INDEX alerts_starts ON alerts (starts, id);
CREATE INDEX alerts_incident ON alerts (incident, starts, id);
CREATE INDEX alerts_node ON alerts (node, starts, id);
CREATE INDEX alerts_firing ON alerts (starts, id) WHERE ends = 0;

CREATE TABLE notices (
  id       ROWKEY,
  incident BIGINT REFERENCES incidents (number) ON DELETE CASCADE,
  kind     TEXT NOT NULL CHECK (kind IN ('opened', 'diagnosed', 'updated', 'resolved', 'failed', 'account', 'test')),
  at       BIGINT NOT NULL CHECK (at > 0),
  detail   TEXT NOT NULL,
  routed   BIGINT NOT NULL CHECK (routed IN (0, 1))
);
CREATE INDEX notices_unrouted ON notices (id) WHERE routed = 0;
CREATE INDEX notices_incident ON notices (incident);

CREATE TABLE channels (
  id      TEXT PRIMARY KEY,
  version BIGINT NOT NULL CHECK (version > 0),
  name    TEXT NOT NULL UNIQUE CHECK (name <> ''),
  kind    TEXT NOT NULL CHECK (kind IN ('slack', 'webhook', 'email', 'teams', 'mattermost', 'dingtalk', 'wecom', 'feishu', 'loki')),
  enabled BIGINT NOT NULL CHECK (enabled IN (0, 1)),
  config  BYTES NOT NULL,
  created BIGINT NOT NULL
);

CREATE TABLE deliveries (
  id       ROWKEY,
  notice   BIGINT NOT NULL REFERENCES notices (id) ON DELETE CASCADE,
  incident BIGINT NOT NULL,
  channel  TEXT NOT NULL CHECK (channel <> ''),
  state    TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'failed', 'muted')),
  tries    BIGINT NOT NULL CHECK (tries >= 0),
  next_try BIGINT NOT NULL,
  lease    BIGINT NOT NULL,
  error    TEXT NOT NULL,
  receipt  TEXT NOT NULL,
  updated  BIGINT NOT NULL,
  UNIQUE (notice, channel),
  CHECK (state = 'pending' OR lease = 0)
);
CREATE INDEX deliveries_due ON deliveries (next_try, id) WHERE state = 'pending';
CREATE INDEX deliveries_incident ON deliveries (incident, channel, id);
CREATE INDEX deliveries_channel ON deliveries (channel, id);

CREATE TABLE users (
  id           TEXT PRIMARY KEY,
  version      BIGINT NOT NULL CHECK (version > 0),
  name         TEXT NOT NULL UNIQUE CHECK (name <> '' AND name = lower(name)),
  display      TEXT NOT NULL,
  email        TEXT NOT NULL,
  role         TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'approver', 'admin')),
  password     TEXT NOT NULL,
  subject      TEXT NOT NULL,
  disabled     BIGINT NOT NULL CHECK (disabled IN (0, 1)),
  failures     BIGINT NOT NULL CHECK (failures >= 0),
  locked_until BIGINT NOT NULL,
  created      BIGINT NOT NULL,
  last_login   BIGINT NOT NULL,
  preferences  BYTES NOT NULL
);
CREATE UNIQUE INDEX users_subject ON users (subject) WHERE subject <> '';

CREATE TABLE sessions (
  hash    TEXT PRIMARY KEY CHECK (hash <> ''),
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  data    BYTES NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL CHECK (expires > 0),
  addr    TEXT NOT NULL,
  agent   TEXT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE tokens (
  id      TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name    TEXT NOT NULL,
  scopes  TEXT NOT NULL,
  hash    TEXT NOT NULL UNIQUE CHECK (hash <> ''),
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  used    BIGINT NOT NULL
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE links (
  hash    TEXT PRIMARY KEY CHECK (hash <> ''),
  kind    TEXT NOT NULL CHECK (kind IN ('setup', 'invite', 'oidc')),
  user_id TEXT NOT NULL,
  data    BYTES NOT NULL,
  expires BIGINT NOT NULL CHECK (expires > 0)
);

CREATE TABLE feedback (
  id       ROWKEY,
  incident BIGINT NOT NULL REFERENCES incidents (number) ON DELETE CASCADE,
  attempt  BIGINT NOT NULL,
  user_id  TEXT NOT NULL,
  verdict  TEXT NOT NULL CHECK (verdict IN ('right', 'wrong')),
  node     TEXT NOT NULL,
  fault    TEXT NOT NULL,
  note     TEXT NOT NULL CHECK (length(note) <= 20000),
  at       BIGINT NOT NULL
);
CREATE INDEX feedback_incident ON feedback (incident, id);

CREATE TABLE settings (
  name    TEXT PRIMARY KEY CHECK (name <> ''),
  version BIGINT NOT NULL CHECK (version > 0),
  value   BYTES NOT NULL
);

CREATE TABLE evaluations (
  id      TEXT PRIMARY KEY CHECK (id <> ''),
  name    TEXT NOT NULL,
  set_of  TEXT NOT NULL,
  at      BIGINT NOT NULL,
  state   TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  summary BYTES NOT NULL,
  data    BYTES NOT NULL
);
CREATE INDEX evaluations_at ON evaluations (at);

CREATE TABLE uploads (
  id       TEXT PRIMARY KEY,
  user_id  TEXT NOT NULL,
  name     TEXT NOT NULL,
  size     BIGINT NOT NULL CHECK (size > 0),
  sha256   TEXT NOT NULL,
  received BIGINT NOT NULL CHECK (received >= 0 AND received <= size),
  bundle   TEXT NOT NULL,
  holder   TEXT NOT NULL,
  lease    BIGINT NOT NULL,
  created  BIGINT NOT NULL,
  expires  BIGINT NOT NULL CHECK (expires > 0),
  CHECK ((holder <> '') = (lease > 0))
);

CREATE TABLE topology_nodes (
  system   TEXT NOT NULL,
  node     TEXT NOT NULL,
  service  TEXT NOT NULL,
  role     TEXT NOT NULL,
  seen     BIGINT NOT NULL,
  incident BIGINT NOT NULL,
  PRIMARY KEY (system, node)
);

CREATE TABLE topology_edges (
  system    TEXT NOT NULL,
  from_node TEXT NOT NULL,
  to_node   TEXT NOT NULL,
  kind      TEXT NOT NULL,
  seen      BIGINT NOT NULL,
  count     BIGINT NOT NULL CHECK (count >= 0),
  PRIMARY KEY (system, from_node, to_node, kind)
);

CREATE TABLE audit (
  n      BIGINT PRIMARY KEY CHECK (n > 0),
  at     BIGINT NOT NULL,
  actor  TEXT NOT NULL,
  name   TEXT NOT NULL,
  addr   TEXT NOT NULL,
  token  TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action <> ''),
  object TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash   TEXT NOT NULL CHECK (length(hash) = 64)
);
CREATE INDEX audit_actor ON audit (actor, n);
CREATE INDEX audit_action ON audit (action, n);
CREATE INDEX audit_object ON audit (object, n);
CREATE INDEX audit_at ON audit (at);

CREATE TABLE audit_head (
  one  BIGINT PRIMARY KEY CHECK (one = 1),
  n    BIGINT NOT NULL CHECK (n >= 0),
  hash TEXT NOT NULL
);
INSERT INTO audit_head (one, n, hash) VALUES (1, 0, '');
