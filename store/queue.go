package store

import "context"

// QueueState returns how many diagnoses are queued and running, and how many
// may be queued.
func (s *Store) QueueState(ctx context.Context) (queued, running, capacity int, err error) {
	err = s.row(ctx, countState).Scan(&queued, &running)
	return queued, running, s.cfg.MaxQueued, kinded("count the queue", err)
}

const (
	position = `SELECT COUNT(*) FROM attempts a, attempts me WHERE me.incident = $1 AND me.state IN ('waiting', 'queued') AND a.state = 'queued'
	AND (a.priority > me.priority OR a.priority = me.priority AND (a.enqueued < me.enqueued OR a.enqueued = me.enqueued AND a.incident < me.incident))`
	listJobs = `SELECT ` + jobColumns + ` FROM (
	SELECT incident, attempt, 0 AS place FROM attempts WHERE state = 'running'
	UNION ALL SELECT incident, attempt, 1 FROM attempts WHERE state = 'queued'
	UNION ALL SELECT incident, attempt, 2 FROM attempts WHERE state = 'waiting') AS p
JOIN attempts a ON a.incident = p.incident AND a.attempt = p.attempt JOIN incidents i ON i.number = a.incident
ORDER BY p.place, a.priority DESC, a.enqueued, a.incident LIMIT $1`
	listAttempts = `SELECT incident, attempt, state, worker, enqueued, started, finished, error, error_kind, reason
FROM attempts WHERE incident = $1 ORDER BY attempt DESC`
)

// QueuePosition returns how many diagnoses come before the one that waits for
// an incident; 0 also if none waits.
func (s *Store) QueuePosition(ctx context.Context, id string) (int, error) {
	n, err := numberOf(id)
	if err != nil {
		return 0, err
	}
	var ahead int
	err = s.row(ctx, position, n).Scan(&ahead)
	return ahead, kinded("count the queue before "+id, err)
}

// Jobs returns the jobs that run, are queued or wait, in this order and each in
// the order of the queue, at most limit.
func (s *Store) Jobs(ctx context.Context, limit int) ([]Job, error) {
	jobs, err := all(scanJob)(s.rows(ctx, listJobs, limitOf(limit)))
	return jobs, kinded("list the queue", err)
}

// Attempts returns the attempts at an incident, last first.
func (s *Store) Attempts(ctx context.Context, id string) ([]Attempt, error) {
	n, err := numberOf(id)
	if err != nil {
		return nil, err
	}
	out, err := all(scanAttempt)(s.rows(ctx, listAttempts, n))
	return out, kinded("list the attempts at "+id, err)
}

func scanAttempt(row scanner) (a Attempt, err error) {
	var number, enqueued, started, finished int64
	err = row.Scan(&number, &a.Attempt, &a.State, &a.Worker, &enqueued, &started, &finished, &a.Error, &a.ErrorKind, &a.Reason)
	a.Incident, a.Enqueued, a.Started, a.Finished = incidentID(number), moment(enqueued), moment(started), moment(finished)
	return a, err
}
