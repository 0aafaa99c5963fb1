package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const (
	oldest = `SELECT number FROM incidents WHERE status = 'resolved' AND resolved < $1 AND is_case = 0
AND progress IN ('done', 'failed') ORDER BY resolved, number LIMIT 1`
	deleteIncident = `DELETE FROM incidents WHERE number = $1`
)

// Expire deletes the incidents that were resolved before a time, with all that
// belongs to them, and returns how many; those that are kept as cases stay, as
// do those that are being diagnosed. At most limit are deleted in one call. Their
// bundles are removed by ExpireUploads within a day.
func (s *Store) Expire(ctx context.Context, by Actor, before time.Time, limit int) (int, error) {
	for n := range limit {
		gone := false
		err := s.update(ctx, "delete an old incident", func(ctx context.Context, t *txn) error {
			gone = false
			var number int64
			err := t.row(ctx, oldest, nanos(before)).Scan(&number)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			deleted, err := t.exec(ctx, deleteIncident, number)
			if err != nil || deleted == 0 {
				return err // another process was faster
			}
			gone = true
			t.audit(by, "incident.expire", incidentID(number), nil)
			t.changed("incident", incidentID(number))
			return nil
		})
		if err != nil || !gone {
			return n, err
		}
	}
	return limit, nil
}
