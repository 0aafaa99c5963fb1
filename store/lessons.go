package store

import (
	"context"
	"time"

	"triagent/internal/errs"
)

const (
	listTaught = `SELECT i.number, i.system, i.bundle, i.is_case, i.truth, i.truth_at,
	COALESCE(f.id, 0), COALESCE(f.attempt, 0), COALESCE(f.verdict, ''), COALESCE(f.node, ''), COALESCE(f.fault, ''), COALESCE(f.at, 0),
	COALESCE(l.made_from, ''), COALESCE(l.tries, 0), COALESCE(l.tried, 0), COALESCE(l.error, ''), COALESCE(length(l.lesson), 0)
FROM (SELECT incident FROM feedback UNION SELECT number FROM incidents WHERE is_case = 1 UNION SELECT incident FROM lessons) AS t
JOIN incidents i ON i.number = t.incident
LEFT JOIN feedback f ON f.id = (SELECT MAX(g.id) FROM feedback g WHERE g.incident = i.number)
LEFT JOIN lessons l ON l.incident = i.number
ORDER BY i.number DESC LIMIT $1`
	beginLesson = `INSERT INTO lessons (incident, made_from, tries, tried, error, lesson) VALUES ($1, $2, $3, $4, '', $5)
ON CONFLICT (incident) DO UPDATE SET made_from = excluded.made_from, tries = excluded.tries, tried = excluded.tried, error = '',
	lesson = excluded.lesson
WHERE lessons.made_from = $6 AND lessons.tries = $7`
	keepLesson = `UPDATE lessons SET lesson = $1, error = '' WHERE incident = $2 AND made_from = $3 AND tries = $4`
	failLesson = `UPDATE lessons SET error = $1, tries = $2, tried = $3 WHERE incident = $4 AND made_from = $5 AND tries = $6`
	dropLesson = `DELETE FROM lessons WHERE incident = $1 AND made_from = $2`
	listKeys   = `SELECT l.incident, l.made_from FROM lessons l JOIN incidents i ON i.number = l.incident
WHERE i.system = $1 AND length(l.lesson) > 0 ORDER BY l.incident DESC LIMIT $2`
	listLessons = `SELECT l.incident, l.made_from, l.lesson FROM lessons l JOIN incidents i ON i.number = l.incident
WHERE i.system = $1 AND length(l.lesson) > 0 ORDER BY l.incident DESC LIMIT $2`
)

// Lesson is what is learned from one incident, and how far it has come.
type Lesson struct {
	Incident string
	From     string    // identity of what it is made of; empty: it was never begun
	Tries    int       // times that it was begun from that
	Tried    time.Time // last; zero: never
	Error    string    // why there is none; empty: it was not found out
	Made     bool      // there is one
}

// Taught is an incident that can be learned from, as people said what its cause
// was, or that was learned from.
type Taught struct {
	Incident string
	System   string   // empty: unknown
	Bundle   string   // empty: none
	Said     Feedback // the newest; ID 0: none
	Case     bool     // kept as an evaluation case
	Truth    []byte   // of the case, as SetCase was given it; nil: none
	TruthAt  time.Time
	Lesson   Lesson
}

// Taught returns the incidents that people said something about, that are kept
// as cases or that there are lessons of, newest first, at most limit.
func (s *Store) Taught(ctx context.Context, limit int) ([]Taught, error) {
	out, err := all(scanTaught)(s.rows(ctx, listTaught, limit))
	return out, kinded("list what can be learned from", err)
}

func scanTaught(row scanner) (t Taught, err error) {
	var number, isCase, truthAt, at, tried, size int64
	f, l := &t.Said, &t.Lesson
	err = row.Scan(&number, &t.System, &t.Bundle, &isCase, &t.Truth, &truthAt, &f.ID, &f.Attempt, &f.Verdict, &f.Node, &f.Fault, &at,
		&l.From, &l.Tries, &tried, &l.Error, &size)
	t.Incident, t.Case, t.TruthAt = incidentID(number), isCase == 1, moment(truthAt)
	f.Incident, f.At = t.Incident, moment(at)
	l.Incident, l.Tried, l.Made = t.Incident, moment(tried), size > 0
	if len(t.Truth) == 0 {
		t.Truth = nil
	}
	return t, err
}

// BeginLesson notes that a lesson is about to be made from what from names, by
// one process of several, and forgets what there was. It returns false where the
// lesson is no longer as had says: another process was faster, or the incident is
// gone.
func (s *Store) BeginLesson(ctx context.Context, had Lesson, from string) (Lesson, bool, error) {
	number, err := numberOf(had.Incident)
	if err != nil {
		return Lesson{}, false, err
	}
	now, ok := Lesson{Incident: had.Incident, From: from, Tries: 1}, false
	if from == had.From {
		now.Tries = had.Tries + 1
	}
	err = s.update(ctx, "begin a lesson of "+had.Incident, func(ctx context.Context, t *txn) error {
		ok = false
		var there int
		if err := t.row(ctx, `SELECT COUNT(*) FROM incidents WHERE number = $1`, number).Scan(&there); err != nil || there == 0 {
			return err
		}
		now.Tried = t.at
		n, err := t.exec(ctx, beginLesson, number, from, now.Tries, nanos(t.at), []byte{}, had.From, had.Tries)
		ok, t.revised = n > 0, had.Made
		return err
	})
	return now, ok, err
}

// maxLesson bounds a lesson as it is stored, in bytes.
const maxLesson = 1 << 20

// KeepLesson keeps a lesson that was begun, unless it has been begun anew
// meanwhile or the incident is gone. One that is too large gives kind Exhausted.
func (s *Store) KeepLesson(ctx context.Context, l Lesson, lesson []byte) error {
	packed, err := pack(lesson)
	if err != nil {
		return &errs.Error{Op: "keep a lesson", Kind: errs.Internal, Err: err}
	}
	if len(packed) > maxLesson {
		return errs.New(errs.Exhausted, "the lesson of %s has %d bytes, at most %d are kept", l.Incident, len(packed), maxLesson)
	}
	return s.changeLesson(ctx, l, keepLesson, packed)
}

// FailLesson notes why there is no lesson, and how many tries it has had by that.
func (s *Store) FailLesson(ctx context.Context, l Lesson, why string, tries int) error {
	return s.changeLesson(ctx, l, failLesson, clip(why, maxTitleBytes), tries, nanos(l.Tried))
}

// changeLesson runs a statement whose last parameters say which lesson it is.
func (s *Store) changeLesson(ctx context.Context, l Lesson, query string, args ...any) error {
	number, err := numberOf(l.Incident)
	if err != nil {
		return err
	}
	return s.update(ctx, "note the lesson of "+l.Incident, func(ctx context.Context, t *txn) error {
		n, err := t.exec(ctx, query, append(args[:len(args):len(args)], number, l.From, l.Tries)...)
		t.revised = n > 0 // others look what there is to learn
		return err
	})
}

// DropLessons forgets lessons, unless they have been begun anew meanwhile.
func (s *Store) DropLessons(ctx context.Context, lessons []Lesson) error {
	return s.update(ctx, "forget lessons", func(ctx context.Context, t *txn) error {
		for _, l := range lessons {
			number, err := numberOf(l.Incident)
			if err != nil {
				return err
			}
			if _, err := t.exec(ctx, dropLesson, number, l.From); err != nil {
				return err
			}
		}
		t.revised = len(lessons) > 0
		return nil
	})
}

// LessonKey names a lesson that there is, and of what it was made.
type LessonKey struct{ Incident, From string }

// LessonKeys returns which lessons of a system there are, newest incident first,
// at most limit.
func (s *Store) LessonKeys(ctx context.Context, system string, limit int) ([]LessonKey, error) {
	out, err := all(func(row scanner) (k LessonKey, err error) {
		var number int64
		err = row.Scan(&number, &k.From)
		k.Incident = incidentID(number)
		return k, err
	})(s.rows(ctx, listKeys, system, limit))
	return out, kinded("list lessons", err)
}

// KeptLesson is a lesson with what is in it.
type KeptLesson struct {
	LessonKey
	Lesson []byte
}

// Lessons returns the lessons of a system, newest incident first, at most limit.
func (s *Store) Lessons(ctx context.Context, system string, limit int) ([]KeptLesson, error) {
	out, err := all(func(row scanner) (k KeptLesson, err error) {
		var number int64
		var packed []byte
		if err := row.Scan(&number, &k.From, &packed); err != nil {
			return k, err
		}
		k.Incident = incidentID(number)
		return k, unpack(packed, &k.Lesson)
	})(s.rows(ctx, listLessons, system, limit))
	return out, kinded("read lessons", err)
}
