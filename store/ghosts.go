package store

import (
	"context"
	"time"
)

const (
	readGhost = `SELECT failures, locked_until FROM login_ghosts WHERE hash = $1`
	putGhost  = `INSERT INTO login_ghosts (hash, failures, locked_until, last) VALUES ($1, $2, $3, $4)
ON CONFLICT (hash) DO UPDATE SET failures = excluded.failures, locked_until = excluded.locked_until, last = excluded.last`
	countGhosts  = `SELECT COUNT(*) FROM login_ghosts`
	forgetGhosts = `DELETE FROM login_ghosts WHERE hash IN (SELECT hash FROM login_ghosts ORDER BY last, hash LIMIT $1)`
)

// maxGhosts bounds the names that nobody can log in with and that are remembered
// for their failures; those of the longest ago are forgotten first.
const maxGhosts = 20_000

// GhostLocked returns until when a name that nobody can log in with is locked;
// zero: it is not. Names are told by a hash that only the caller can make.
func (s *Store) GhostLocked(ctx context.Context, hash string) (time.Time, error) {
	var failures, until int64
	err := s.row(ctx, readGhost, hash).Scan(&failures, &until)
	if isNone(err) {
		return time.Time{}, nil
	}
	return moment(until), kinded("look for failed log-ins", err)
}

// GhostFailed is LoginFailed for a name that nobody can log in with: it counts
// and locks in the same way, and returns until when. The audit gets the reason
// and not the name.
func (s *Store) GhostFailed(ctx context.Context, by Actor, hash, reason string, limit int, lock time.Duration) (until time.Time, locked bool, err error) {
	err = s.update(ctx, "count a failed log-in", func(ctx context.Context, t *txn) error {
		locked = false
		t.audit(by, "login.failed", "", map[string]string{"reason": reason})
		if _, err := t.exec(ctx, lockUsers); err != nil {
			return err
		}
		var failures, held int64
		if err := t.row(ctx, readGhost, hash).Scan(&failures, &held); isNone(err) {
			var n int
			if err := t.row(ctx, countGhosts).Scan(&n); err != nil {
				return err
			}
			if n >= maxGhosts {
				if _, err := t.exec(ctx, forgetGhosts, n-maxGhosts+maxGhosts/100); err != nil {
					return err
				}
			}
		} else if err != nil {
			return err
		}
		until = moment(held)
		if failures++; failures >= int64(limit) && !until.After(t.at) {
			locked, until, failures = true, t.at.Add(lock), 0
		}
		_, err := t.exec(ctx, putGhost, hash, failures, nanos(until), nanos(t.at))
		return err
	})
	return until, locked, err
}
