package store

import (
	"context"
)

const (
	readSetting   = `SELECT name, version, value FROM settings WHERE name = $1`
	insertSetting = `INSERT INTO settings (name, version, value) VALUES ($1, 1, $2) ON CONFLICT (name) DO NOTHING`
	updateSetting = `UPDATE settings SET version = version + 1, value = $1 WHERE name = $2 AND version = $3`

	putEvaluation = `INSERT INTO evaluations (id, name, set_of, at, state, summary, data) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, set_of = excluded.set_of, at = excluded.at, state = excluded.state, summary = excluded.summary, data = excluded.data`
	listEvaluations  = `SELECT id, name, set_of, at, state, summary FROM evaluations ORDER BY at DESC, id LIMIT 500`
	readEvaluation   = `SELECT id, name, set_of, at, state, summary, data FROM evaluations WHERE id = $1`
	deleteEvaluation = `DELETE FROM evaluations WHERE id = $1`
)

// Setting returns a setting. NotFound if it was never put.
func (s *Store) Setting(ctx context.Context, name string) (Setting, error) {
	var v Setting
	err := s.row(ctx, readSetting, name).Scan(&v.Name, &v.Version, &v.Value)
	if isNone(err) {
		return v, missing("setting", name)
	}
	return v, kinded("read a setting", err)
}

// PutSetting keeps a setting and returns it with its new version. Version must
// be the stored one's, 0 if there must be none: ErrStale otherwise.
func (s *Store) PutSetting(ctx context.Context, by Actor, v Setting) (Setting, error) {
	out := v
	err := s.update(ctx, "keep a setting", func(ctx context.Context, t *txn) error {
		var n int64
		var err error
		if v.Version == 0 {
			n, err = t.exec(ctx, insertSetting, v.Name, v.Value)
		} else {
			n, err = t.exec(ctx, updateSetting, v.Value, v.Name, v.Version)
		}
		if err := unchanged(n, err, "setting", v.Name); err != nil {
			return err
		}
		out.Version = v.Version + 1
		t.audit(by, "setting.update", v.Name, map[string]string{"version": itoa(out.Version)})
		return nil
	})
	return out, err
}

// PutEvaluation keeps an evaluation, or replaces the one of its ID. An empty ID
// and a zero At are filled in.
func (s *Store) PutEvaluation(ctx context.Context, by Actor, e Evaluation) (Evaluation, error) {
	if e.ID == "" {
		e.ID = newID()
	}
	if e.At.IsZero() {
		e.At = s.now()
	}
	err := s.update(ctx, "keep an evaluation", func(ctx context.Context, t *txn) error {
		t.audit(by, "evaluation.put", e.ID, map[string]string{"name": e.Name, "set": e.Set, "state": e.State})
		_, err := t.exec(ctx, putEvaluation, e.ID, e.Name, e.Set, nanos(e.At), e.State, e.Summary, e.Data)
		return err
	})
	return e, err
}

// Evaluations returns the evaluations, newest first, without their Data.
func (s *Store) Evaluations(ctx context.Context) ([]Evaluation, error) {
	out, err := all(func(row scanner) (e Evaluation, err error) {
		var at int64
		err = row.Scan(&e.ID, &e.Name, &e.Set, &at, &e.State, &e.Summary)
		e.At = moment(at)
		return e, err
	})(s.rows(ctx, listEvaluations))
	return out, kinded("list evaluations", err)
}

// Evaluation returns an evaluation with its Data. NotFound if there is none.
func (s *Store) Evaluation(ctx context.Context, id string) (Evaluation, error) {
	var e Evaluation
	var at int64
	err := s.row(ctx, readEvaluation, id).Scan(&e.ID, &e.Name, &e.Set, &at, &e.State, &e.Summary, &e.Data)
	if isNone(err) {
		return e, missing("evaluation", id)
	}
	e.At = moment(at)
	return e, kinded("read an evaluation", err)
}

// DeleteEvaluation removes an evaluation. NotFound if there is none.
func (s *Store) DeleteEvaluation(ctx context.Context, by Actor, id string) error {
	return s.update(ctx, "delete an evaluation", func(ctx context.Context, t *txn) error {
		n, err := t.exec(ctx, deleteEvaluation, id)
		if err == nil && n == 0 {
			return missing("evaluation", id)
		}
		t.audit(by, "evaluation.delete", id, nil)
		return err
	})
}
