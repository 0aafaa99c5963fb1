package work_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"triagent/api/work"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// queue is a queue in memory that notes what happens to its jobs.
type queue struct {
	mu     sync.Mutex
	jobs   []store.Job
	log    []string
	traces []store.Trace
	chunks int
	takes  int
	extend func() error
	append func() error
	finish func() error
}

var _ work.Queue = (*queue)(nil)

func (q *queue) note(format string, args ...any) {
	q.log = append(q.log, fmt.Sprintf(format, args...))
}

func (q *queue) Take(_ context.Context, worker string, lease time.Duration) (store.Job, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.takes++
	if len(q.jobs) == 0 {
		return store.Job{}, false, nil
	}
	j := q.jobs[0]
	q.jobs = q.jobs[1:]
	j.Worker, j.Lease = worker, time.Now().Add(lease)
	q.note("take %s", j.Incident)
	return j, true, nil
}

func (q *queue) Extend(_ context.Context, j store.Job, lease time.Duration) (store.Job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.extend != nil {
		if err := q.extend(); err != nil {
			return j, err
		}
	}
	j.Lease = time.Now().Add(lease)
	return j, nil
}

func (q *queue) Finish(_ context.Context, j store.Job, d incident.Diagnosis) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.finish != nil {
		if err := q.finish(); err != nil {
			return err
		}
	}
	q.note("finish %s %s", j.Incident, d.Verdict)
	return nil
}

func (q *queue) Fail(_ context.Context, j store.Job, cause error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.note("fail %s %s", j.Incident, errs.KindOf(cause))
	return nil
}

func (q *queue) Release(_ context.Context, j store.Job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.note("release %s", j.Incident)
	return nil
}

func (q *queue) AppendTrace(_ context.Context, _ store.Job, t []store.Trace) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.append != nil {
		if err := q.append(); err != nil {
			return err
		}
	}
	q.chunks++
	q.traces = append(q.traces, t...)
	return nil
}

func (q *queue) did() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return fmt.Sprint(q.log)
}

type diagnose = func(context.Context, store.Job, string, incident.Listener) (incident.Diagnosis, error)

// pool runs workers over a queue in a bubble of its own time and ends after a
// while.
func pool(t *testing.T, q *queue, workers int, d diagnose, lasts time.Duration) {
	t.Helper()
	p, err := work.New(work.Config{
		Queue: q, Diagnose: d, Workers: workers, Lease: 9 * time.Second,
		Bundle: func(_ context.Context, j store.Job) (string, func(), error) { return j.Bundle, nil, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), lasts)
	defer cancel()
	if err := p.Run(ctx); err != nil {
		t.Error(err)
	}
}

func lasting(d time.Duration, end incident.Diagnosis, err error) diagnose {
	return func(ctx context.Context, _ store.Job, _ string, l incident.Listener) (incident.Diagnosis, error) {
		l(incident.Opened{})
		select {
		case <-ctx.Done():
			return end, context.Cause(ctx)
		case <-time.After(d):
		}
		l(incident.Closed{})
		return end, err
	}
}

var likely = incident.Diagnosis{Verdict: incident.Likely}

func TestPool(t *testing.T) {
	lost := func() error { return store.ErrLost }
	later := func(n int) func() error {
		return func() error {
			if n--; n >= 0 {
				return errs.New(errs.Unavailable, "later")
			}
			return nil
		}
	}
	for _, tt := range []struct {
		name  string
		queue *queue
		d     diagnose
		lasts time.Duration
		want  string
	}{
		{"done", &queue{}, lasting(time.Second, likely, nil), time.Minute, "[take a finish a likely]"},
		{"input at fault", &queue{}, lasting(time.Second, likely, errs.New(errs.Invalid, "x")), time.Minute, "[take a fail a invalid]"},
		{"panic", &queue{}, func(context.Context, store.Job, string, incident.Listener) (incident.Diagnosis, error) { panic("x") }, time.Minute, "[take a fail a internal]"},
		{"lease extended", &queue{}, lasting(40*time.Second, likely, nil), time.Minute, "[take a finish a likely]"},
		{"stopped", &queue{}, lasting(time.Hour, likely, nil), time.Minute, "[take a release a]"},
		{"too long", &queue{}, lasting(time.Hour, likely, nil), 40 * time.Minute, "[take a fail a exhausted]"},
		{"lease lost", &queue{extend: lost}, lasting(time.Hour, likely, nil), time.Minute, "[take a]"},
		{"lost while telling", &queue{append: lost}, lasting(time.Hour, likely, nil), time.Minute, "[take a]"},
		{"store away for a moment", &queue{extend: later(1), append: later(3), finish: later(2)}, lasting(20*time.Second, likely, nil), time.Minute, "[take a finish a likely]"},
		{"store away for long", &queue{extend: later(1e9)}, lasting(time.Hour, likely, nil), time.Minute, "[take a]"},
		{"done, but lost", &queue{finish: lost}, lasting(time.Second, likely, nil), time.Minute, "[take a]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := tt.queue
				q.jobs = []store.Job{{Incident: "a", Attempt: 1, Bundle: "a"}}
				pool(t, q, 1, tt.d, tt.lasts)
				if got := q.did(); got != tt.want {
					t.Errorf("%s, want %s", got, tt.want)
				}
			})
		})
	}
}

// TestChunks gathers a thousand events of a second into few writes, in order.
func TestChunks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{jobs: []store.Job{{Incident: "a", Attempt: 3}}, append: func() func() error {
			n := 0
			return func() error {
				if n++; n%3 == 0 {
					return errs.New(errs.Unavailable, "later")
				}
				return nil
			}
		}()}
		pool(t, q, 1, func(_ context.Context, _ store.Job, _ string, l incident.Listener) (incident.Diagnosis, error) {
			for range 1000 {
				l(incident.StageStarted{Stage: incident.Map})
				time.Sleep(time.Millisecond)
			}
			return likely, nil
		}, 10*time.Second)
		if len(q.traces) != 1000 || q.chunks > 11 {
			t.Errorf("%d events in %d chunks", len(q.traces), q.chunks)
		}
		for i, e := range q.traces {
			if e.N != i+1 || e.Attempt != 3 {
				t.Fatalf("event %d is %d of attempt %d", i+1, e.N, e.Attempt)
			}
		}
	})
}

// TestRefusedEvents goes on without events that will never be taken.
func TestRefusedEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		q := &queue{jobs: []store.Job{{Incident: "a"}}, append: func() error {
			tries++
			return errs.New(errs.Invalid, "never")
		}}
		pool(t, q, 1, lasting(5*time.Second, likely, nil), time.Minute)
		if got := q.did(); got != "[take a finish a likely]" || tries != 1 {
			t.Errorf("%s after %d tries", got, tries)
		}
	})
}

// TestIdle asks no more than about once a second while there is nothing to do,
// however many workers there are.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{}
		pool(t, q, 8, lasting(0, likely, nil), 100*time.Second)
		if q.takes > 102 {
			t.Errorf("asked %d times in 100 s", q.takes)
		}
	})
}

// TestAtOnce gives all workers something to do.
func TestAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &queue{}
		for i := range 8 {
			q.jobs = append(q.jobs, store.Job{Incident: fmt.Sprint(i)})
		}
		var mu sync.Mutex
		now, most := 0, 0
		pool(t, q, 4, func(context.Context, store.Job, string, incident.Listener) (incident.Diagnosis, error) {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(300 * time.Millisecond)
			mu.Lock()
			now--
			mu.Unlock()
			return likely, nil
		}, 2*time.Second)
		if most != 4 || len(q.jobs) != 0 {
			t.Errorf("%d at once, %d left", most, len(q.jobs))
		}
	})
}

func TestConfig(t *testing.T) {
	if _, err := work.New(work.Config{}); err == nil {
		t.Error("a pool without a queue")
	}
	c := work.Config{Queue: &queue{}, Diagnose: lasting(0, likely, nil), Workers: -1}
	c.Bundle = func(context.Context, store.Job) (string, func(), error) { return "", nil, errors.New("x") }
	if _, err := work.New(c); errs.KindOf(err) != errs.Invalid {
		t.Errorf("minus one worker: %v", err)
	}
}
