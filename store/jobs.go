package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"triagent/internal/errs"
)

// jobColumns are the columns that scanJob reads, of attempts a joined with
// incidents i.
const jobColumns = `a.incident, a.attempt, a.priority, i.bundle, a.worker, a.lease, a.not_before, a.enqueued, a.state, a.takes, a.lost, a.reason`

const (
	insertAttempt = `INSERT INTO attempts (incident, attempt, state, priority, reason, not_before, enqueued,
	started, finished, worker, lease, takes, lost, traced, error, error_kind)
VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, '', 0, 0, 0, 0, '', '')`
	pendingJob = `SELECT ` + jobColumns + ` FROM attempts a JOIN incidents i ON i.number = a.incident
WHERE a.incident = $1 AND a.state IN ('waiting', 'queued')`
	hastenJob   = `UPDATE attempts SET state = $1, not_before = $2, priority = $3 WHERE incident = $4 AND attempt = $5`
	countQueued = `SELECT COUNT(*) FROM attempts WHERE state = 'queued'`
	countState  = `SELECT (SELECT COUNT(*) FROM attempts WHERE state = 'queued'), (SELECT COUNT(*) FROM attempts WHERE state = 'running')`
	lockQueue   = `UPDATE counters SET value = value + 1 WHERE name = 'queue'`

	anyDue = `SELECT 1 WHERE EXISTS (SELECT 1 FROM attempts WHERE state = 'queued' AND not_before <= $1)
	OR EXISTS (SELECT 1 FROM attempts WHERE state = 'waiting' AND not_before <= $2)
	OR EXISTS (SELECT 1 FROM attempts WHERE state = 'running' AND lease < $3)`
	anySuspect  = `SELECT COUNT(*) FROM attempts WHERE lost >= 3 AND state IN ('queued', 'running')`
	suspectRuns = `SELECT COUNT(*) FROM attempts WHERE lost >= 3 AND state = 'running' AND lease >= $1`
	othersRun   = `SELECT COUNT(*) FROM attempts WHERE state = 'running' AND lease >= $1`
	promoteDue  = `UPDATE attempts SET state = 'queued' WHERE state = 'waiting' AND not_before <= $1 AND incident IN (
	SELECT incident FROM attempts WHERE state = 'waiting' AND not_before <= $2 ORDER BY priority DESC, enqueued, incident LIMIT $3)
RETURNING incident, attempt`
	// bestJob asks for each state by itself: each has an index of its own, all
	// states in one condition would read every attempt there ever was.
	bestJob = `SELECT ` + jobColumns + ` FROM (
	SELECT incident, attempt FROM attempts WHERE state = 'running' AND lease < $1
	UNION ALL SELECT incident, attempt FROM (
		SELECT q.incident, q.attempt FROM attempts q WHERE q.state = 'queued' AND q.not_before <= $2 AND NOT EXISTS (
			SELECT 1 FROM attempts r WHERE r.incident = q.incident AND r.state = 'running')
		ORDER BY q.priority DESC, q.enqueued, q.incident LIMIT 8) AS best) AS due
JOIN attempts a ON a.incident = due.incident AND a.attempt = due.attempt JOIN incidents i ON i.number = a.incident
ORDER BY a.priority DESC, a.enqueued, a.incident LIMIT 8`
	takeJob = `UPDATE attempts SET state = 'running', worker = $1, lease = $2, started = $3, takes = takes + 1, lost = $4, traced = 0
WHERE incident = $5 AND attempt = $6 AND state = $7 AND takes = $8`
	dropTraces = `DELETE FROM traces WHERE incident = $1 AND attempt = $2`

	held       = ` WHERE incident = $1 AND attempt = $2 AND state = 'running' AND worker = $3 AND takes = $4`
	extendJob  = `UPDATE attempts SET lease = $5` + held
	finishJob  = `UPDATE attempts SET state = 'done', finished = $5, lease = 0, diagnosis = $6` + held
	failJob    = `UPDATE attempts SET state = 'failed', finished = $5, lease = 0, error = $6, error_kind = $7` + held
	releaseJob = `UPDATE attempts SET state = 'queued', started = 0, worker = '', lease = 0, traced = 0` + held
	pauseJob   = `UPDATE attempts SET state = 'queued', started = 0, worker = '', lease = 0, traced = 0, lost = $5, not_before = $6` + held

	setProgress = `UPDATE incidents SET version = version + 1, progress = $1, updated = $2 WHERE number = $3 AND attempt = $4`
	pendingLeft = `SELECT COUNT(*) FROM attempts WHERE incident = $1 AND state IN ('waiting', 'queued')`
)

// A job whose process died while it ran may be what kills the process, or may
// have met bad luck: whatever kills a process ends all jobs that it has at hand.
// After so many losses (the queries and an index name the number too) a job is
// suspect, and from then on it runs alone: a loss then is its own. After a few
// of those, with pauses between them so that the others get on and a series of
// restarts for another cause passes, it is failed.
const (
	suspectAfter = 3
	maxLost      = suspectAfter + 3
)

// pauses are those after the losses of a job that ran alone.
var pauses = [maxLost - suspectAfter - 1]time.Duration{time.Minute, 5 * time.Minute}

func scanJob(row scanner) (j Job, err error) {
	var number, lease, notBefore, enqueued int64
	err = row.Scan(&number, &j.Attempt, &j.Priority, &j.Bundle, &j.Worker, &lease, &notBefore, &enqueued, &j.State, &j.Takes, &j.lost, &j.Reason)
	j.Incident, j.Lease, j.NotBefore, j.Enqueued = incidentID(number), moment(lease), moment(notBefore), moment(enqueued)
	return j, err
}

// enqueueNew adds the next attempt of an incident that the transaction holds,
// and saves the incident. The reason "alerts", and a time to come, make it
// wait; others need room in the queue.
func (s *Store) enqueueNew(ctx context.Context, t *txn, in *Incident, job Job) error {
	if job.Priority == 0 {
		job.Priority = int(in.Severity)
	}
	if job.Reason == "" {
		job.Reason = "upload"
	}
	state := Queued
	if job.Reason == "alerts" || job.NotBefore.After(t.at) {
		state = Waiting
	} else if err := s.room(ctx, t); err != nil {
		return err
	}
	in.Attempt++
	in.Progress = state
	_, err := t.exec(ctx, insertAttempt, in.Number, in.Attempt, string(state), job.Priority, job.Reason,
		nanos(job.NotBefore), nanos(t.at))
	if err != nil {
		return err
	}
	t.changed("queue", "")
	return t.save(ctx, in, in.Nodes)
}

// room gives ErrFull if the queue takes no more. On PostgreSQL it keeps others
// from filling it at the same moment.
func (s *Store) room(ctx context.Context, t *txn) error {
	if _, err := t.exec(ctx, lockQueue); err != nil {
		return err
	}
	var queued int
	if err := t.row(ctx, countQueued).Scan(&queued); err != nil {
		return err
	}
	if queued >= s.cfg.MaxQueued {
		return ErrFull
	}
	return nil
}

// Enqueue asks for a new attempt at an incident. An attempt that still waits is
// hastened to notBefore instead and returned. The reason "alerts" is never
// refused; others get ErrFull when the queue is full.
func (s *Store) Enqueue(ctx context.Context, by Actor, id, reason string, notBefore time.Time) (Job, error) {
	var out Job
	n, err := numberOf(id)
	if err != nil {
		return out, err
	}
	err = s.update(ctx, "enqueue "+id, func(ctx context.Context, t *txn) error {
		in, err := t.lock(ctx, n)
		if err != nil {
			return err
		}
		out, err = scanJob(t.row(ctx, pendingJob, n))
		switch {
		case isNone(err):
			err = s.enqueueNew(ctx, t, &in, Job{Reason: reason, NotBefore: notBefore})
		case err == nil:
			err = s.hasten(ctx, t, &in, out, reason, notBefore)
		}
		if err != nil {
			return err
		}
		if reason != "alerts" {
			t.audit(by, "incident.diagnose", id, map[string]string{"reason": reason})
		}
		out, err = scanJob(t.row(ctx, pendingJob, n))
		return err
	})
	return out, err
}

// hasten makes a pending job due at notBefore, if that is earlier, and gives it
// the priority that the incident has now.
func (s *Store) hasten(ctx context.Context, t *txn, in *Incident, job Job, reason string, notBefore time.Time) error {
	state := job.State
	if job.NotBefore.Before(notBefore) {
		notBefore = job.NotBefore
	}
	if state == Waiting && reason != "alerts" && !notBefore.After(t.at) {
		if err := s.room(ctx, t); err != nil {
			return err
		}
		state = Queued
	}
	if _, err := t.exec(ctx, hastenJob, string(state), nanos(notBefore), max(job.Priority, int(in.Severity)), in.Number, job.Attempt); err != nil {
		return err
	}
	in.Progress = state
	t.changed("queue", "")
	return t.save(ctx, in, in.Nodes)
}

// Take gives a worker the best job that is due, if there is one: largest
// priority first, then the oldest. It is the worker's for the time of the
// lease. A job whose lease ran out is due again as the same attempt, its trace
// dropped; one that was lost too often runs alone, and is failed if it is lost
// even so.
func (s *Store) Take(ctx context.Context, worker string, lease time.Duration) (Job, bool, error) {
	var out Job
	var got bool
	if worker == "" || lease <= 0 {
		return out, false, errs.New(errs.Invalid, "a worker needs a name and a lease")
	}
	now := nanos(s.now())
	var one int
	switch err := s.row(ctx, anyDue, now, now, now).Scan(&one); {
	case isNone(err):
		return out, false, nil
	case err != nil:
		return out, false, kinded("look for a diagnosis to make", err)
	}
	err := s.update(ctx, "take a diagnosis to make", func(ctx context.Context, t *txn) (err error) {
		out, got, err = s.take(ctx, t, worker, lease)
		return err
	})
	return out, got, err
}

func (s *Store) take(ctx context.Context, t *txn, worker string, lease time.Duration) (Job, bool, error) {
	if err := s.promote(ctx, t); err != nil {
		return Job{}, false, err
	}
	if busy, err := t.suspected(ctx); busy || err != nil {
		return Job{}, false, err
	}
	jobs, err := all(scanJob)(t.query(ctx, bestJob, nanos(t.at), nanos(t.at)))
	if err != nil {
		return Job{}, false, err
	}
	for _, j := range jobs {
		if j.State == Running {
			if j.lost++; j.lost > suspectAfter {
				if err := t.lostAlone(ctx, j); err != nil && !errors.Is(err, ErrLost) { // ErrLost: another was faster
					return Job{}, false, err
				}
				continue
			}
		}
		if j.lost >= suspectAfter {
			var others int
			if err := t.row(ctx, othersRun, nanos(t.at)).Scan(&others); err != nil || others > 0 {
				return Job{}, false, err // none is begun before this one: they would never end
			}
		}
		ok, err := t.take(ctx, &j, worker, t.at.Add(lease))
		if err != nil || ok {
			return j, ok, err
		}
	}
	return Job{}, false, nil
}

// suspected reports whether a suspect job runs, beside which nothing is begun.
// While there is one, workers take turns.
func (t *txn) suspected(ctx context.Context) (bool, error) {
	var n int
	if err := t.row(ctx, anySuspect).Scan(&n); err != nil || n == 0 {
		return false, err
	}
	if _, err := t.exec(ctx, lockQueue); err != nil {
		return false, err
	}
	err := t.row(ctx, suspectRuns, nanos(t.at)).Scan(&n)
	return n > 0, err
}

// lostAlone ends a job that was lost while it ran alone, or has it wait. ErrLost
// if it is not that any more.
func (t *txn) lostAlone(ctx context.Context, j Job) error {
	if j.lost >= maxLost {
		return t.fail(ctx, j, &errs.Error{
			Kind: errs.Exhausted,
			Err: fmt.Errorf("the service died %d times while it made this diagnosis, %d times while it made no other: the data may be too large for the memory of the machine, or meet a fault of the program",
				j.lost, j.lost-suspectAfter),
			Remedy: "look into the log of the service and of the system at the time, give the service more memory or hand in less data, then ask for the diagnosis again",
		})
	}
	number, _ := incidentNumber(j.Incident)
	var pending int
	if err := t.row(ctx, pendingLeft, number).Scan(&pending); err != nil {
		return err
	}
	if pending > 0 {
		return t.fail(ctx, j, errs.New(errs.Unavailable, "the service died while it made this diagnosis; a newer attempt takes its place"))
	}
	if err := t.hold(ctx, pauseJob, j, j.lost, nanos(t.at.Add(pauses[j.lost-suspectAfter-1]))); err != nil {
		return err
	}
	if _, err := t.exec(ctx, dropTraces, number, j.Attempt); err != nil {
		return err
	}
	return t.progress(ctx, Queued, number, int64(j.Attempt))
}

// promote moves jobs that waited long enough into the queue, as far as there is
// room.
func (s *Store) promote(ctx context.Context, t *txn) error {
	var queued int
	if err := t.row(ctx, countQueued).Scan(&queued); err != nil {
		return err
	}
	room := s.cfg.MaxQueued - queued
	if room <= 0 {
		return nil
	}
	moved, err := all(func(row scanner) (k [2]int64, err error) { return k, row.Scan(&k[0], &k[1]) })(
		t.query(ctx, promoteDue, nanos(t.at), nanos(t.at), room))
	if err != nil {
		return err
	}
	for _, k := range moved {
		if err := t.progress(ctx, Queued, k[0], k[1]); err != nil {
			return err
		}
	}
	return nil
}

// progress sets the progress of an incident if the attempt is its last.
func (t *txn) progress(ctx context.Context, p Progress, number, attempt int64) error {
	t.changed("incident", incidentID(number))
	t.changed("queue", "")
	_, err := t.exec(ctx, setProgress, string(p), nanos(t.at), number, attempt)
	return err
}

// take makes j the worker's, unless another was faster.
func (t *txn) take(ctx context.Context, j *Job, worker string, until time.Time) (bool, error) {
	number, _ := incidentNumber(j.Incident)
	n, err := t.exec(ctx, takeJob, worker, nanos(until), nanos(t.at), j.lost, number, j.Attempt, string(j.State), j.Takes)
	if err != nil || n == 0 {
		return false, err
	}
	if _, err := t.exec(ctx, dropTraces, number, j.Attempt); err != nil {
		return false, err
	}
	j.Worker, j.Lease, j.State = worker, until, Running
	j.Takes++
	t.changed("trace", j.Incident)
	return true, t.progress(ctx, Running, number, int64(j.Attempt))
}

// hold runs a statement that ends in held; ErrLost if the job is not the worker's.
func (t *txn) hold(ctx context.Context, query string, j Job, args ...any) error {
	number, ok := incidentNumber(j.Incident)
	if !ok {
		return ErrLost
	}
	n, err := t.exec(ctx, query, append([]any{number, j.Attempt, j.Worker, j.Takes}, args...)...)
	if err == nil && n == 0 {
		return ErrLost
	}
	return err
}

// Extend makes a held job the worker's for another lease from now. ErrLost if
// it is no longer its.
func (s *Store) Extend(ctx context.Context, j Job, lease time.Duration) (Job, error) {
	err := s.update(ctx, "extend a lease", func(ctx context.Context, t *txn) error {
		j.Lease = t.at.Add(lease)
		return t.hold(ctx, extendJob, j, nanos(j.Lease))
	})
	return j, err
}

// Release gives a held job back to the queue, as when the service stops.
func (s *Store) Release(ctx context.Context, j Job) error {
	return s.update(ctx, "release a diagnosis", func(ctx context.Context, t *txn) error {
		number, _ := incidentNumber(j.Incident)
		var pending int
		if err := t.row(ctx, pendingLeft, number).Scan(&pending); err != nil {
			return err
		}
		if pending > 0 { // a newer attempt waits and makes this one needless
			return t.fail(ctx, j, errs.New(errs.Unavailable, "the service stopped; a newer attempt takes its place"))
		}
		if err := t.hold(ctx, releaseJob, j); err != nil {
			return err
		}
		if _, err := t.exec(ctx, dropTraces, number, j.Attempt); err != nil {
			return err
		}
		return t.progress(ctx, Queued, number, int64(j.Attempt))
	})
}

// Fail ends a held job without a diagnosis. The headline of the incident says
// why, and a notice is written. ErrLost if the job is no longer the worker's.
func (s *Store) Fail(ctx context.Context, j Job, cause error) error {
	return s.update(ctx, "fail a diagnosis", func(ctx context.Context, t *txn) error { return t.fail(ctx, j, cause) })
}

func (t *txn) fail(ctx context.Context, j Job, cause error) error {
	why := clip(cause.Error(), 2000)
	if why == "" {
		why = "unknown"
	}
	number, _ := incidentNumber(j.Incident)
	in, err := t.lock(ctx, number)
	if err != nil {
		return err
	}
	if err := t.hold(ctx, failJob, j, nanos(t.at), why, string(errs.KindOf(cause))); err != nil {
		return err
	}
	if in.Attempt == j.Attempt {
		in.Progress = Failed
	}
	in.Headline.Error = why
	t.changed("queue", "")
	if err := t.notify(ctx, Notice{Incident: j.Incident, Kind: "failed", Detail: map[string]string{"error": why}}); err != nil {
		return err
	}
	return t.save(ctx, &in, in.Nodes)
}
