package store_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

var admin = store.Actor{User: "u1", Name: "ada", Addr: "127.0.0.1"}

func TestDiagnosisOfAnUpload(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		in, existed, err := s.CreateIncident(ctx, admin, store.Incident{Title: "Checkout is slow", Severity: store.Major, Bundle: "abc.zip"}, "k#h", &store.Job{})
		if err != nil || existed {
			t.Fatal(existed, err)
		}
		again, existed, err := s.CreateIncident(ctx, admin, store.Incident{Title: "Checkout is slow"}, "k#h", &store.Job{})
		if err != nil || !existed || again.ID != in.ID {
			t.Fatalf("the same request made %v, %v, %v", again.ID, existed, err)
		}
		j, ok, err := s.Take(ctx, "w1", time.Minute)
		if err != nil || !ok || j.Incident != in.ID || j.Bundle != "abc.zip" || j.Takes != 1 {
			t.Fatalf("took %+v, %v, %v", j, ok, err)
		}
		ev := []store.Trace{{N: 1, At: time.Unix(5, 0).UTC(), Event: incident.Opened{}}, {N: 2, Event: incident.ChartMade{Chart: incident.Chart{Values: []float64{1, math.NaN()}}}}}
		for range 2 {
			if err := s.AppendTrace(ctx, j, ev); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Traces(ctx, in.ID, 1, 1, 0)
		if err != nil || len(got) != 1 || got[0].N != 2 {
			t.Fatalf("traces %+v, %v", got, err)
		}
		d := incident.Diagnosis{Verdict: incident.Likely, Causes: []incident.Cause{{Node: "db-2", Fault: "cpu"}}, Plan: &incident.Plan{}}
		if err := s.Finish(ctx, j, d); err != nil {
			t.Fatal(err)
		}
		if err := s.Finish(ctx, j, d); !errors.Is(err, store.ErrLost) {
			t.Fatalf("a second Finish: %v", err)
		}
		back, err := s.Diagnosis(ctx, in.ID, 0)
		if err != nil || back.Verdict != incident.Likely || back.Plan == nil {
			t.Fatalf("%+v, %v", back, err)
		}
		page, err := s.Incidents(ctx, store.Filter{Text: "CHECKOUT db-2", Node: "db-2", CountUpTo: 10})
		if err != nil || len(page.Items) != 1 || page.Total != 1 || page.Items[0].Progress != store.Done {
			t.Fatalf("%+v, %v", page, err)
		}
		if n, bad, err := s.VerifyAudit(ctx); n != 1 || bad != 0 || err != nil {
			t.Fatal(n, bad, err)
		}
	})
}

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		c.at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	}
	c.at = c.at.Add(time.Microsecond) // no two moments are the same
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func upload(t *testing.T, s *store.Store, severity store.Severity) store.Incident {
	t.Helper()
	in, _, err := s.CreateIncident(t.Context(), admin, store.Incident{Title: "upload", Severity: severity}, "", &store.Job{})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func take(t *testing.T, s *store.Store, worker string) store.Job {
	t.Helper()
	j, ok, err := s.Take(t.Context(), worker, time.Minute)
	if err != nil || !ok {
		t.Fatalf("%s took nothing: %v", worker, err)
	}
	return j
}

func TestQueue(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{MaxQueued: 3, Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		minor, major, later := upload(t, s, store.Info), upload(t, s, store.Critical), upload(t, s, store.Critical)
		if n, err := s.QueuePosition(ctx, minor.ID); n != 2 || err != nil {
			t.Errorf("position of the least severe: %d, %v, want 2", n, err)
		}
		if _, _, err := s.CreateIncident(ctx, admin, store.Incident{Title: "one too many"}, "", &store.Job{}); !errors.Is(err, store.ErrFull) || errs.KindOf(err) != errs.Exhausted {
			t.Errorf("a fourth job: %v, want ErrFull", err)
		}
		if page, _ := s.Incidents(ctx, store.Filter{}); len(page.Items) != 3 {
			t.Errorf("%d incidents after one was refused, want 3", len(page.Items))
		}
		for i, want := range []store.Incident{major, later, minor} {
			if j := take(t, s, "w"); j.Incident != want.ID {
				t.Errorf("job %d is of %s, want %s", i, j.Incident, want.ID)
			}
		}
		if _, ok, err := s.Take(ctx, "w", time.Minute); ok || err != nil {
			t.Errorf("took a fourth job: %v", err)
		}
		if queued, running, capacity, err := s.QueueState(ctx); queued != 0 || running != 3 || capacity != 3 || err != nil {
			t.Errorf("queue %d, %d, %d, %v", queued, running, capacity, err)
		}
		jobs, err := s.Jobs(ctx, 0)
		if err != nil || len(jobs) != 3 || jobs[0].State != store.Running {
			t.Errorf("jobs %+v, %v", jobs, err)
		}
	})
}

func TestLostLease(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		in := upload(t, s, store.Major)
		first := take(t, s, "w1")
		events := []store.Trace{{Event: incident.Opened{}}, {Event: incident.Closed{}}}
		if err := s.AppendTrace(ctx, first, events); err != nil {
			t.Fatal(err)
		}
		c.pass(50 * time.Second)
		first, err := s.Extend(ctx, first, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		c.pass(50 * time.Second)
		if j, ok, err := s.Take(ctx, "w2", time.Minute); ok || err != nil {
			t.Fatalf("took an extended job: %+v, %v", j, err)
		}
		c.pass(20 * time.Second)
		second := take(t, s, "w1") // even a worker of the same name is another holder
		if second.Attempt != first.Attempt || second.Takes != 2 {
			t.Errorf("took %+v, want attempt 1 for the second time", second)
		}
		for name, err := range map[string]error{
			"finish": s.Finish(ctx, first, incident.Diagnosis{}),
			"fail":   s.Fail(ctx, first, errors.New("x")),
			"trace":  s.AppendTrace(ctx, first, events),
			"free":   s.Release(ctx, first),
		} {
			if !errors.Is(err, store.ErrLost) || errs.KindOf(err) != errs.Denied {
				t.Errorf("%s by who lost the job: %v, want ErrLost", name, err)
			}
		}
		if _, err := s.Extend(ctx, first, time.Minute); !errors.Is(err, store.ErrLost) {
			t.Errorf("extend by who lost the job: %v, want ErrLost", err)
		}
		if got, err := s.Traces(ctx, in.ID, 1, 0, 0); len(got) != 0 || err != nil {
			t.Errorf("%d events of the lost take are left, %v", len(got), err)
		}
		if err := s.Release(ctx, second); err != nil {
			t.Fatal(err)
		}
		third := take(t, s, "w3")
		if err := s.Fail(ctx, third, errs.New(errs.Invalid, "no telemetry in it")); err != nil {
			t.Fatal(err)
		}
		attempts, err := s.Attempts(ctx, in.ID)
		if err != nil || len(attempts) != 1 || attempts[0].State != store.Failed || attempts[0].ErrorKind != "invalid" || attempts[0].Error != "no telemetry in it" {
			t.Errorf("attempts %+v, %v", attempts, err)
		}
		if got, _ := s.Incident(ctx, in.ID); got.Progress != store.Failed || got.Headline.Error == "" {
			t.Errorf("incident %+v", got)
		}
		if wrong := s.Check(ctx); len(wrong) > 0 {
			t.Errorf("%q", wrong)
		}
	})
}

// TestPoisonedJob has one job end every process that takes it: after three deaths
// it runs alone, the others finish, and it is given up with a reason.
func TestPoisonedJob(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		poison := upload(t, s, store.Major)
		var others []store.Incident
		for range 4 {
			others = append(others, upload(t, s, store.Major))
		}
		deaths, alone := 0, 0
		for range 600 { // a second each
			var held []store.Job
			for w := range 3 {
				if j, ok, err := s.Take(ctx, fmt.Sprint("w", w), 10*time.Second); err != nil {
					t.Fatal(err)
				} else if ok {
					held = append(held, j)
				}
			}
			died := slices.ContainsFunc(held, func(j store.Job) bool { return j.Incident == poison.ID })
			if died {
				if deaths++; len(held) == 1 {
					alone++
				}
				if deaths > 3 && len(held) > 1 {
					t.Fatalf("after %d deaths it is run beside %d others", deaths-1, len(held)-1)
				}
			}
			for _, j := range held {
				if died {
					continue // nobody is left to end it
				}
				if err := s.Finish(ctx, j, incident.Diagnosis{Verdict: incident.Likely}); err != nil {
					t.Fatal(err)
				}
			}
			c.pass(time.Second)
		}
		if deaths != 6 || alone < 3 {
			t.Errorf("it ended %d processes, %d of them alone, want 6 and 3", deaths, alone)
		}
		got, err := s.Incident(ctx, poison.ID)
		if err != nil || got.Progress != store.Failed || !strings.Contains(got.Headline.Error, "died 6 times") || !strings.Contains(got.Headline.Error, "memory") {
			t.Errorf("%q %q, %v, want it failed with what to do", got.Progress, got.Headline.Error, err)
		}
		for _, o := range others {
			if got, err := s.Incident(ctx, o.ID); err != nil || got.Progress != store.Done {
				t.Errorf("%s, which ran beside it, is %q, %v", o.ID, got.Progress, err)
			}
		}
		if wrong := s.Check(ctx); len(wrong) > 0 {
			t.Errorf("%q", wrong)
		}
	})
}

// TestSuspectRunsAlone begins a job that is suspect beside no other, and no other
// beside it.
func TestSuspectRunsAlone(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now}, func(t *testing.T, s *store.Store) {
		next := func(when string, want string) store.Job {
			t.Helper()
			j, _, err := s.Take(t.Context(), "w", time.Minute)
			if err != nil || j.Incident != want {
				t.Fatalf("%s: took %q, %v, want %q", when, j.Incident, err, want)
			}
			return j
		}
		finish := func(j store.Job) {
			t.Helper()
			if err := s.Finish(t.Context(), j, incident.Diagnosis{Verdict: incident.Likely}); err != nil {
				t.Fatal(err)
			}
		}
		suspect := upload(t, s, store.Major).ID
		for range 3 {
			next("at first", suspect)
			c.pass(2 * time.Minute)
		}
		urgent := upload(t, s, store.Critical).ID
		first := next("by priority", urgent)
		last := upload(t, s, store.Major).ID
		next("beside another", "")
		finish(first)
		alone := next("alone", suspect)
		next("beside a suspect", "")
		finish(alone)
		next("after it", last)
	})
}

// TestSuspectYields gives a newer attempt the place of one that was lost alone,
// and lets people ask for a job that pauses.
func TestSuspectYields(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		in := upload(t, s, store.Major)
		for range 4 {
			take(t, s, "w")
			c.pass(2 * time.Minute)
		}
		if j, ok, err := s.Take(ctx, "w", 10*time.Second); ok || err != nil {
			t.Fatalf("it does not pause: %+v, %v", j, err)
		}
		if queued, running, _, err := s.QueueState(ctx); queued != 1 || running != 0 || err != nil {
			t.Errorf("%d queued, %d running, %v, want it queued", queued, running, err)
		}
		if _, err := s.Enqueue(ctx, admin, in.ID, "asked", time.Time{}); err != nil {
			t.Fatal(err)
		}
		if j := take(t, s, "w"); j.Attempt != 1 || j.Takes != 5 {
			t.Errorf("asked for, it is %+v", j)
		}
		if _, err := s.Enqueue(ctx, admin, in.ID, "asked", time.Time{}); err != nil {
			t.Fatal(err)
		}
		c.pass(2 * time.Minute)
		if j, ok, err := s.Take(ctx, "w", 10*time.Second); err != nil || ok && j.Attempt != 2 {
			t.Errorf("took %+v, %v", j, err)
		}
		attempts, err := s.Attempts(ctx, in.ID)
		if err != nil || len(attempts) != 2 || attempts[1].State != store.Failed {
			t.Errorf("%+v, %v, want the first attempt failed", attempts, err)
		}
	})
}

func TestEnqueue(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now, MaxQueued: 2}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		in, _, err := s.CreateIncident(ctx, admin, store.Incident{Title: "x"}, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.Enqueue(ctx, admin, in.ID, "alerts", c.now().Add(time.Hour))
		if err != nil || a.State != store.Waiting || a.Attempt != 1 {
			t.Fatalf("%+v, %v", a, err)
		}
		if _, ok, err := s.Take(ctx, "w", time.Minute); ok || err != nil {
			t.Fatalf("took a job before its time, %v", err)
		}
		b, err := s.Enqueue(ctx, admin, in.ID, "asked", time.Time{})
		if err != nil || b.State != store.Queued || b.Attempt != 1 {
			t.Fatalf("asking again gave %+v, %v, want the same attempt, queued", b, err)
		}
		j := take(t, s, "w")
		d, err := s.Enqueue(ctx, admin, in.ID, "asked", time.Time{})
		if err != nil || d.Attempt != 2 {
			t.Fatalf("asking while it runs gave %+v, %v, want attempt 2", d, err)
		}
		if _, ok, err := s.Take(ctx, "w", time.Minute); ok || err != nil {
			t.Fatalf("two attempts at one incident run at once, %v", err)
		}
		if err := s.Finish(ctx, j, incident.Diagnosis{Verdict: incident.Healthy, Confidence: math.NaN()}); err != nil {
			t.Fatal(err)
		}
		if got, _ := s.Incident(ctx, in.ID); got.Progress != store.Queued || got.Headline.Verdict != incident.Healthy || got.Attempt != 2 {
			t.Errorf("incident %+v, want the headline of attempt 1, attempt 2 queued", got)
		}
		if j := take(t, s, "w"); j.Attempt != 2 || j.Reason != "asked" {
			t.Errorf("took %+v", j)
		}
		if _, err := s.Enqueue(ctx, admin, "inc-99", "asked", time.Time{}); errs.KindOf(err) != errs.NotFound {
			t.Errorf("enqueue of none: %v", err)
		}
		if wrong := s.Check(ctx); len(wrong) > 0 {
			t.Errorf("%q", wrong)
		}
	})
}

// TestManyWorkers has each job finished exactly once by workers that race.
func TestManyWorkers(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		const jobs = 60
		for range jobs {
			upload(t, s, store.Major)
		}
		var finished atomic.Int64
		var g errgroup.Group
		for w := range 8 {
			g.Go(func() error {
				for finished.Load() < jobs {
					j, ok, err := s.Take(t.Context(), fmt.Sprint("w", w), time.Minute)
					if err != nil {
						return err
					}
					if !ok {
						continue
					}
					if err := s.Finish(t.Context(), j, incident.Diagnosis{Verdict: incident.Likely}); err != nil {
						return err
					}
					finished.Add(1)
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		page, err := s.Incidents(t.Context(), store.Filter{Progress: []store.Progress{store.Done}, Limit: 500})
		if err != nil || len(page.Items) != jobs || finished.Load() != jobs {
			t.Errorf("%d of %d incidents are done, %d were finished, %v", len(page.Items), jobs, finished.Load(), err)
		}
		if wrong := s.Check(t.Context()); len(wrong) > 0 {
			t.Errorf("%q", wrong)
		}
	})
}
