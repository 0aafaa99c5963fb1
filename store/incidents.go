package store

import (
	"context"
	"maps"
	"strings"
	"time"

	"triagent/internal/errs"
)

const (
	findIdempotent = `SELECT hash, incident FROM idempotency WHERE name = $1`
	addIdempotent  = `INSERT INTO idempotency (name, hash, incident, at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING`
	openWithKey    = `SELECT number FROM incidents WHERE open_key = $1 AND status = 'open' AND open_key <> ''`
	readVersion    = `SELECT version FROM incidents WHERE number = $1`
	readRevision   = `SELECT value FROM counters WHERE name = 'revision'`
)

// CreateIncident opens an incident, and enqueues a diagnosis if job is given
// (its Priority, Reason and NotBefore count; zero: by severity, "upload", at
// once). ID, Number, Version, Opened and Updated are made here.
//
// Idem is the caller's idempotency key, a "#" and a hash of the request: with
// the same key and hash the incident made before is returned, and true; with
// another hash the error is of kind errs.Invalid. An open incident with the
// same Key is returned likewise. ErrFull if there is a job and no room for it.
func (s *Store) CreateIncident(ctx context.Context, by Actor, in Incident, idem string, job *Job) (Incident, bool, error) {
	var out Incident
	var existed bool
	err := s.update(ctx, "open an incident", func(ctx context.Context, t *txn) (err error) {
		out, existed = in, false
		out.Attempt, out.Alerts, out.Firing, out.Folded = 0, 0, 0, 0
		out.Opened, out.Status, out.Resolved = time.Time{}, Open, time.Time{}
		key, hash, _ := cutLast(idem, "#")
		if key != "" {
			if out, existed, err = t.repeated(ctx, key, hash, out); err != nil || existed {
				return err
			}
		}
		if err := t.insert(ctx, &out); err != nil {
			return err
		}
		if out.Number == 0 {
			existed = true
			out, err = scanIncident(t.row(ctx, `SELECT `+incidentColumns+` FROM incidents WHERE open_key = $1 AND status = 'open'`, in.Key))
			if isNone(err) {
				return errRace
			}
			return err
		}
		if key != "" {
			if n, err := t.exec(ctx, addIdempotent, key, hash, out.Number, nanos(t.at)); err != nil || n == 0 {
				return orRace(err)
			}
		}
		if job != nil {
			if err := s.enqueueNew(ctx, t, &out, *job); err != nil {
				return err
			}
		}
		t.audit(by, "incident.create", out.ID, map[string]string{"title": out.Title, "source": out.Source})
		return t.notify(ctx, Notice{Incident: out.ID, Kind: "opened"})
	})
	return out, existed, err
}

// repeated looks for what the same request made before.
func (t *txn) repeated(ctx context.Context, key, hash string, in Incident) (Incident, bool, error) {
	var had string
	var number int64
	err := t.row(ctx, findIdempotent, key).Scan(&had, &number)
	if isNone(err) {
		return in, false, nil
	}
	if err != nil {
		return in, false, err
	}
	if had != hash {
		return in, false, errs.New(errs.Invalid, "this idempotency key was used for another request: use a new one")
	}
	in, err = scanIncident(t.row(ctx, readIncident, number))
	return in, err == nil, err
}

// Incident returns an incident. NotFound if there is none.
func (s *Store) Incident(ctx context.Context, id string) (Incident, error) {
	n, err := numberOf(id)
	if err != nil {
		return Incident{}, err
	}
	in, err := scanIncident(s.row(ctx, readIncident, n))
	if isNone(err) {
		return in, missing("incident", id)
	}
	return in, kinded("read an incident", err)
}

// Version returns the version of an incident: whatever is told of it, but for
// the steps of a diagnosis under way, is the same while its version is. NotFound
// if there is none.
func (s *Store) Version(ctx context.Context, id string) (int64, error) {
	n, err := numberOf(id)
	if err != nil {
		return 0, err
	}
	var version int64
	err = s.row(ctx, readVersion, n).Scan(&version)
	if isNone(err) {
		return 0, missing("incident", id)
	}
	return version, kinded("read the version of an incident", err)
}

// UpdateIncident changes title, severity, status, assignee, labels, system,
// key, ended and bundle of an incident as edit says; what else edit changes is
// ignored. A version other than the incident's gives ErrStale; 0 is any. When
// it becomes resolved, a notice says so. Edit may be called more than once.
func (s *Store) UpdateIncident(ctx context.Context, by Actor, id string, version int64, edit func(*Incident) error) (Incident, error) {
	var out Incident
	n, err := numberOf(id)
	if err != nil {
		return out, err
	}
	err = s.update(ctx, "change "+id, func(ctx context.Context, t *txn) error {
		old, err := t.lock(ctx, n)
		if err != nil {
			return err
		}
		if version != 0 && old.Version != version+1 {
			return ErrStale
		}
		edited := old
		edited.Labels = maps.Clone(old.Labels)
		if err := edit(&edited); err != nil {
			return err
		}
		out = old
		out.Title, out.Severity, out.Status, out.Assignee = edited.Title, edited.Severity, edited.Status, edited.Assignee
		out.Labels, out.System, out.Key, out.Ended = edited.Labels, edited.System, edited.Key, edited.Ended
		out.Bundle, out.Size = edited.Bundle, edited.Size
		if out.Status != old.Status {
			if err := t.turn(ctx, &out); err != nil {
				return err
			}
		}
		t.audit(by, "incident.update", id, changes(old, out))
		return t.save(ctx, &out, old.Nodes)
	})
	return out, err
}

// turn sets what goes with the new status of an incident.
func (t *txn) turn(ctx context.Context, in *Incident) error {
	if in.Status == Open {
		in.Resolved = time.Time{}
		return nil
	}
	in.Resolved = t.at
	if in.Ended.IsZero() {
		in.Ended = t.at
	}
	return t.notify(ctx, Notice{Incident: in.ID, Kind: "resolved"})
}

// changes says, for the audit, what an edit changed.
func changes(old, now Incident) map[string]string {
	out := map[string]string{}
	for _, c := range [][3]string{
		{"title", old.Title, now.Title},
		{"severity", severityWord(old.Severity), severityWord(now.Severity)},
		{"status", string(old.Status), string(now.Status)},
		{"assignee", old.Assignee, now.Assignee},
		{"labels", text(old.Labels), text(now.Labels)},
		{"system", old.System, now.System},
		{"bundle", old.Bundle, now.Bundle},
	} {
		if c[1] != c[2] {
			out[c[0]] = clip(c[1], 200) + " -> " + clip(c[2], 200)
		}
	}
	return out
}

func severityWord(s Severity) string {
	if s < Info || s > Critical {
		return "?"
	}
	return []string{"info", "warning", "major", "critical"}[s-1]
}

// Revision returns a number that grows with every change to incidents.
func (s *Store) Revision(ctx context.Context) (int64, error) {
	var n int64
	err := s.row(ctx, readRevision).Scan(&n)
	return n, kinded("read the revision", err)
}

// cutLast cuts s around the last sep; without one, all is before.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
