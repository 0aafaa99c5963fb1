package store

import "context"

const (
	insertFeedback = `INSERT INTO feedback (incident, attempt, user_id, verdict, node, fault, note, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`
	feedbackOf     = `SELECT id, incident, attempt, user_id, verdict, node, fault, note, at FROM feedback WHERE incident = $1 ORDER BY id DESC LIMIT 500`
	setTruth       = `UPDATE incidents SET truth = $1, truth_at = $2 WHERE number = $3`
	listCases      = `SELECT ` + incidentColumns + `, truth FROM incidents WHERE is_case = 1 ORDER BY number DESC LIMIT 10000`
)

// AddFeedback keeps what a person says of a diagnosis. ID and At are made here;
// Attempt 0 is the last.
func (s *Store) AddFeedback(ctx context.Context, by Actor, f Feedback) (Feedback, error) {
	number, err := numberOf(f.Incident)
	if err != nil {
		return f, err
	}
	out := f
	err = s.update(ctx, "keep feedback on "+f.Incident, func(ctx context.Context, t *txn) error {
		in, err := t.lock(ctx, number)
		if err != nil {
			return err
		}
		out = f
		out.At = t.at
		if out.Attempt == 0 {
			out.Attempt = in.Attempt
		}
		t.audit(by, "incident.feedback", f.Incident, map[string]string{"verdict": f.Verdict, "node": f.Node, "fault": f.Fault, "note": f.Note})
		err = t.row(ctx, insertFeedback, number, out.Attempt, out.User, out.Verdict, out.Node, out.Fault, out.Note, nanos(out.At)).Scan(&out.ID)
		if err != nil {
			return err
		}
		return t.save(ctx, &in, in.Nodes)
	})
	return out, err
}

// FeedbackOf returns the feedback on an incident, newest first.
func (s *Store) FeedbackOf(ctx context.Context, incident string) ([]Feedback, error) {
	number, err := numberOf(incident)
	if err != nil {
		return nil, err
	}
	out, err := all(func(row scanner) (f Feedback, err error) {
		var number, at int64
		err = row.Scan(&f.ID, &number, &f.Attempt, &f.User, &f.Verdict, &f.Node, &f.Fault, &f.Note, &at)
		f.Incident, f.At = incidentID(number), moment(at)
		return f, err
	})(s.rows(ctx, feedbackOf, number))
	return out, kinded("list feedback on "+incident, err)
}

// SetCase makes an incident an evaluation case, with what is known to be true
// as JSON, or makes it none.
func (s *Store) SetCase(ctx context.Context, by Actor, incident string, on bool, truth []byte) error {
	number, err := numberOf(incident)
	if err != nil {
		return err
	}
	if !on {
		truth = nil
	}
	return s.update(ctx, "keep "+incident+" as a case", func(ctx context.Context, t *txn) error {
		in, err := t.lock(ctx, number)
		if err != nil {
			return err
		}
		in.Case = on
		if _, err := t.exec(ctx, setTruth, truth, nanos(t.at), number); err != nil {
			return err
		}
		t.audit(by, "incident.case", incident, map[string]string{"on": map[bool]string{true: "yes", false: "no"}[on]})
		return t.save(ctx, &in, in.Nodes)
	})
}

// Cases returns the evaluation cases, newest first.
func (s *Store) Cases(ctx context.Context) ([]Case, error) {
	out, err := all(func(row scanner) (c Case, err error) {
		c.Incident, err = scanIncident(extra{row, &c.Truth})
		if len(c.Truth) == 0 {
			c.Truth = nil
		}
		return c, err
	})(s.rows(ctx, listCases))
	return out, kinded("list cases", err)
}

// extra is a row with one column more than its reader asks for.
type extra struct {
	row  scanner
	more any
}

// Scan reads the row.
func (e extra) Scan(dest ...any) error { return e.row.Scan(append(dest, e.more)...) }
