package store

import (
	"context"
	"math"
	"slices"
	"time"

	"triagent/incident"
	"triagent/internal/errs"
)

const (
	touchTraced   = `UPDATE attempts SET traced = traced` + held
	readTraced    = `SELECT traced FROM attempts WHERE incident = $1 AND attempt = $2`
	setTraced     = `UPDATE attempts SET traced = $5` + held
	insertTraces  = `INSERT INTO traces (incident, attempt, first, last, events) VALUES ($1, $2, $3, $4, $5)`
	readTraces    = `SELECT events FROM traces WHERE incident = $1 AND attempt = $2 AND last > $3 ORDER BY first LIMIT 64`
	readDiagnosis = `SELECT diagnosis FROM attempts WHERE incident = $1 AND attempt = $2 AND state = 'done'`
	lastDiagnosis = `SELECT diagnosis FROM attempts WHERE incident = $1 AND state = 'done' ORDER BY attempt DESC LIMIT 1`
)

// traceRow is a stored Trace.
type traceRow struct {
	N     int
	At    time.Time
	Event incident.Event
}

// AppendTrace adds events to a held job. N of the first is one more than that
// of the last stored; 0 is filled in; events stored before are left out, so
// that a call may be repeated. ErrLost if the job is no longer the worker's.
func (s *Store) AppendTrace(ctx context.Context, j Job, events []Trace) error {
	if len(events) == 0 {
		return nil
	}
	return s.update(ctx, "append to a trace", func(ctx context.Context, t *txn) error {
		if err := t.hold(ctx, touchTraced, j); err != nil {
			return err
		}
		number, _ := incidentNumber(j.Incident)
		var last int
		if err := t.row(ctx, readTraced, number, j.Attempt).Scan(&last); err != nil {
			return err
		}
		rows, err := newTraces(events, last)
		if err != nil || len(rows) == 0 {
			return err
		}
		packed, err := pack(rows)
		if err != nil {
			return errs.New(errs.Invalid, "an event of %s cannot be kept: %v", j.Incident, err)
		}
		end := rows[len(rows)-1].N
		if err := t.hold(ctx, setTraced, j, end); err != nil {
			return err
		}
		t.changed("trace", j.Incident)
		_, err = t.exec(ctx, insertTraces, number, j.Attempt, rows[0].N, end, packed)
		return err
	})
}

// newTraces numbers events after last and drops those stored before.
func newTraces(events []Trace, last int) ([]traceRow, error) {
	rows := make([]traceRow, 0, len(events))
	for i, e := range events {
		n := e.N
		if n == 0 {
			n = last + 1
		}
		if n <= last {
			continue
		}
		if n != last+1 {
			return nil, errs.New(errs.Invalid, "event %d of a trace has the number %d after %d", i+1, n, last)
		}
		rows = append(rows, traceRow{n, e.At, e.Event})
		last = n
	}
	return rows, nil
}

// Traces returns the events of an attempt whose number is above after, in
// order, at most limit (1..500; 0: 50). An attempt without events has none.
func (s *Store) Traces(ctx context.Context, id string, attempt, after, limit int) ([]Trace, error) {
	number, err := numberOf(id)
	if err != nil {
		return nil, err
	}
	limit = limitOf(limit)
	out := []Trace{}
	for len(out) < limit {
		packed, err := all(scanBytes)(s.rows(ctx, readTraces, number, attempt, after))
		if err != nil {
			return nil, kinded("read the trace of "+id, err)
		}
		for _, p := range packed {
			var rows []traceRow
			if err := unpack(p, &rows); err != nil {
				return nil, kinded("read the trace of "+id, err)
			}
			for _, r := range rows {
				if r.N > after && len(out) < limit {
					out = append(out, Trace{attempt, r.N, r.At, r.Event})
				}
			}
		}
		if len(packed) < 64 || len(out) == 0 {
			break
		}
		after = out[len(out)-1].N
	}
	return out, nil
}

func scanBytes(row scanner) (b []byte, err error) { return b, row.Scan(&b) }

// Diagnosis returns the diagnosis of an attempt; attempt 0 is the last that
// finished. NotFound if there is none.
func (s *Store) Diagnosis(ctx context.Context, id string, attempt int) (incident.Diagnosis, error) {
	var d incident.Diagnosis
	number, err := numberOf(id)
	if err != nil {
		return d, err
	}
	query, args := lastDiagnosis, []any{number}
	if attempt > 0 {
		query, args = readDiagnosis, []any{number, attempt}
	}
	packed, err := scanBytes(s.row(ctx, query, args...))
	if isNone(err) {
		return d, errs.New(errs.NotFound, "no diagnosis of %s is finished yet", clip(id, 100))
	}
	if err == nil {
		err = unpack(packed, &d)
	}
	return d, kinded("read the diagnosis of "+id, err)
}

// Finish ends a held job with its diagnosis, exactly once: the diagnosis, the
// headline of the incident, the topology it saw and a notice are written
// together. ErrLost if the job is no longer the worker's, and nothing is.
func (s *Store) Finish(ctx context.Context, j Job, d incident.Diagnosis) error {
	packed, err := pack(d)
	if err != nil {
		return &errs.Error{Op: "keep the diagnosis of " + j.Incident, Kind: errs.Invalid, Err: err}
	}
	return s.update(ctx, "finish the diagnosis of "+j.Incident, func(ctx context.Context, t *txn) error {
		number, ok := incidentNumber(j.Incident)
		if !ok {
			return ErrLost
		}
		in, err := t.lock(ctx, number)
		if err != nil {
			return err
		}
		if err := t.hold(ctx, finishJob, j, nanos(t.at), packed); err != nil {
			return err
		}
		if in.Attempt == j.Attempt {
			in.Progress = Done
		}
		in.Headline = headlineOf(d)
		before := slices.Clone(in.Nodes)
		if d.Verdict == incident.Confirmed || d.Verdict == incident.Likely {
			in.Nodes = append(in.Nodes, string(in.Headline.Node))
		}
		if in.System == "" {
			in.System = d.Incident.System
		}
		if err := t.seeTopology(ctx, in, d.Graph); err != nil {
			return err
		}
		t.changed("queue", "")
		t.changed("trace", in.ID)
		if err := t.notify(ctx, Notice{Incident: in.ID, Kind: "diagnosed"}); err != nil {
			return err
		}
		return t.save(ctx, &in, before)
	})
}

// headlineOf says in short what a diagnosis says.
func headlineOf(d incident.Diagnosis) Headline {
	h := Headline{
		Verdict: d.Verdict, Confidence: finite(d.Confidence), Summary: d.Summary,
		WallMS: d.Cost.Wall.Milliseconds(), Engine: d.Engine.Name,
	}
	if d.Engine.Version != "" {
		h.Engine += " " + d.Engine.Version
	}
	if len(d.Causes) > 0 {
		c := d.Causes[0]
		h.Node, h.Service, h.Role, h.Fault = c.Node, c.Service, c.Role, c.Fault
		h.Probability, h.Onset = finite(c.Probability), c.Onset
	}
	return h
}

// finite is x, or 0 where it is not a number: headlines are JSON.
func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}
