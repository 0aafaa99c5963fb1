-- Words are replaced as in the first migration.

-- +goose Up
-- When a person said what is true of a case; 0: before this was noted.
ALTER TABLE incidents ADD COLUMN truth_at BIGINT NOT NULL DEFAULT 0;

-- What is learned from an incident whose cause people named. No bytes: nothing
-- yet, or nothing can be; tries and error say which.
CREATE TABLE lessons (
  incident  BIGINT PRIMARY KEY REFERENCES incidents (number) ON DELETE CASCADE,
  made_from TEXT NOT NULL CHECK (made_from <> ''),
  tries     BIGINT NOT NULL CHECK (tries >= 0),
  tried     BIGINT NOT NULL,
  error     TEXT NOT NULL,
  lesson    BYTES NOT NULL
);
