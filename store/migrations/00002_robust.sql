-- Words are replaced as in the first migration.

-- +goose Up
INSERT INTO counters (name, value) VALUES ('probe', 1), ('uploads', 1);

CREATE INDEX uploads_user ON uploads (user_id);

-- Diagnoses whose process died three times: see store/jobs.go.
CREATE INDEX attempts_suspect ON attempts (incident) WHERE lost >= 3 AND state IN ('queued', 'running');

-- The MAC of the head under a key that is not in the database; empty: unsigned.
ALTER TABLE audit_head ADD COLUMN mac TEXT NOT NULL DEFAULT '';

-- Failed log-ins of names that nobody can log in with, by a keyed hash.
CREATE TABLE login_ghosts (
  hash         TEXT PRIMARY KEY CHECK (hash <> ''),
  failures     BIGINT NOT NULL CHECK (failures >= 0),
  locked_until BIGINT NOT NULL,
  last         BIGINT NOT NULL
);
CREATE INDEX login_ghosts_last ON login_ghosts (last);
