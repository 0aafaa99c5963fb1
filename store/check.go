package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"triagent/internal/errs"
)

// invariants are queries that count what must not be, with what to say. The
// schema holds most of what must hold; these look across rows.
var invariants = []struct{ query, say string }{
	{
		`SELECT COUNT(*) FROM incidents i WHERE i.alerts <> (SELECT COUNT(*) FROM alerts a WHERE a.incident = i.number)
	OR i.firing <> (SELECT COUNT(*) FROM alerts a WHERE a.incident = i.number AND a.ends = 0)`,
		"%d incidents count other alerts than they have",
	},
	{
		`SELECT COUNT(*) FROM incidents i WHERE i.attempt <> (SELECT COALESCE(MAX(a.attempt), 0) FROM attempts a WHERE a.incident = i.number)`,
		"%d incidents name another attempt than their last",
	},
	{
		`SELECT COUNT(*) FROM incidents i JOIN attempts a ON a.incident = i.number AND a.attempt = i.attempt WHERE a.state <> i.progress`,
		"%d incidents show another progress than their last attempt",
	},
	{
		`SELECT COUNT(*) FROM (SELECT a.incident, a.attempt FROM attempts a LEFT JOIN traces t ON t.incident = a.incident AND t.attempt = a.attempt
	GROUP BY a.incident, a.attempt, a.traced HAVING COALESCE(SUM(t.last - t.first + 1), 0) <> a.traced) AS wrong`,
		"%d attempts have holes in their trace",
	},
	{
		`SELECT COUNT(*) FROM audit_head h WHERE h.n <> (SELECT COUNT(*) FROM audit)`,
		"%d end of the audit is missing or something was added to it",
	},
	{`SELECT 1 - COUNT(*) FROM audit_head`, "%d head of the audit is missing"},
}

const bundlesInUse = `SELECT number, bundle FROM incidents WHERE bundle <> '' AND number > $1 ORDER BY number LIMIT 500`

// Check looks for what is wrong with the state: whether the database answers
// and is whole, whether what belongs together agrees, whether the bundles are
// there and the folder can be written. One sentence each; none: all is well.
func (s *Store) Check(ctx context.Context) []string {
	if err := s.Ping(ctx); err != nil {
		return []string{"the database does not answer: " + err.Error()}
	}
	wrong := s.checkFile(ctx)
	for _, c := range invariants {
		var n int
		if err := s.row(ctx, c.query).Scan(&n); err != nil {
			wrong = append(wrong, "the state cannot be checked: "+err.Error())
		} else if n > 0 {
			wrong = append(wrong, fmt.Sprintf(c.say, n))
		}
	}
	return append(wrong, s.checkBlobs(ctx)...)
}

// checkFile asks SQLite whether its file is whole.
func (s *Store) checkFile(ctx context.Context) (wrong []string) {
	if s.dialect != SQLite {
		return nil
	}
	said, err := all(scanString)(s.rows(ctx, `PRAGMA quick_check(5)`))
	if err != nil {
		return []string{"the database file cannot be checked: " + err.Error()}
	}
	for _, line := range said {
		if line != "ok" {
			wrong = append(wrong, "the database file is damaged: "+line+"; restore a backup")
		}
	}
	broken, err := s.rows(ctx, `PRAGMA foreign_key_check`)
	if err != nil {
		return append(wrong, "the database file cannot be checked: "+err.Error())
	}
	defer func() { _ = broken.Close() }() // Err says what went wrong
	if broken.Next() {
		wrong = append(wrong, "rows in the database point at rows that are not there")
	}
	if err := broken.Err(); err != nil {
		wrong = append(wrong, "the database file cannot be checked: "+err.Error())
	}
	return wrong
}

// checkBlobs looks for the bundles of incidents and tries to write.
func (s *Store) checkBlobs(ctx context.Context) (wrong []string) {
	f, err := os.CreateTemp(filepath.Join(s.cfg.Blobs, partDir), "check-*")
	if err == nil {
		_ = f.Close() // nothing was written
		err = os.Remove(f.Name())
	}
	if err != nil {
		wrong = append(wrong, "the folder of bundles cannot be written: "+err.Error())
	}
	type use struct {
		number int64
		bundle string
	}
	lost, first := 0, ""
	for after := int64(0); ; {
		uses, err := all(func(row scanner) (u use, err error) { return u, row.Scan(&u.number, &u.bundle) })(s.rows(ctx, bundlesInUse, after))
		if err != nil {
			return append(wrong, "the bundles cannot be checked: "+err.Error())
		}
		for _, u := range uses {
			after = u.number
			if _, err := s.BundlePath(u.bundle); errs.KindOf(err) == errs.NotFound {
				lost++
				if first == "" {
					first = incidentID(u.number)
				}
			}
		}
		if len(uses) == 0 {
			break
		}
	}
	if lost > 0 {
		wrong = append(wrong, fmt.Sprintf("%d bundles are missing from the folder, the first is that of %s", lost, first))
	}
	return wrong
}
