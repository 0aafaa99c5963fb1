package intake_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"triagent/api/intake"
	"triagent/connectors"
	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now().UTC().Truncate(time.Second)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// graphed adds a call graph to a store: chain a-b-c, pair x-y.
type graphed struct{ *store.Store }

func (graphed) Topology(context.Context, string) ([]store.TopologyNode, []store.TopologyEdge, error) {
	var nodes []store.TopologyNode
	for _, n := range []string{"a", "b", "c", "x", "y"} {
		nodes = append(nodes, store.TopologyNode{System: "s", Node: n})
	}
	return nodes, []store.TopologyEdge{{System: "s", From: "a", To: "b"}, {System: "s", From: "c", To: "b"}, {System: "s", From: "x", To: "y"}}, nil
}

func start(t testing.TB, s intake.Store, c *clock, more ...func(*intake.Config)) *intake.Intake {
	t.Helper()
	config := intake.Config{Now: c.now}
	for _, f := range more {
		f(&config)
	}
	in, err := intake.New(config, s)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func take(t testing.TB, in *intake.Intake, alerts ...connectors.Alert) intake.Summary {
	t.Helper()
	sum, err := in.Take(t.Context(), alerts)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Received != len(alerts) {
		t.Fatalf("received %d of %d", sum.Received, len(alerts))
	}
	return sum
}

// alert reads "name node>peer #group label=value @minutes ~minutes", each part
// but the name optional. It began at @ and, with "!" in front, ended at ~.
func alert(base time.Time, text string) connectors.Alert {
	a := connectors.Alert{Source: "alertmanager", Starts: base, Labels: map[string]string{}}
	rest, over := strings.CutPrefix(text, "!")
	for i, part := range strings.Fields(rest) {
		switch {
		case i == 0:
			a.Name, a.Labels["alertname"] = part, part
		case part[0] == '@':
			var m float64
			if _, err := fmt.Sscanf(part, "@%g", &m); err != nil {
				panic(err)
			}
			a.Starts = base.Add(time.Duration(m * float64(time.Minute)))
		case part[0] == '~':
			var m float64
			if _, err := fmt.Sscanf(part, "~%g", &m); err != nil {
				panic(err)
			}
			a.Ends = base.Add(time.Duration(m * float64(time.Minute)))
		case part[0] == '#':
			a.Group = part
		case strings.Contains(part, "="):
			k, v, _ := strings.Cut(part, "=")
			a.Labels[k] = v
		default:
			node, peer, _ := strings.Cut(part, ">")
			a.Labels["node"] = node
			if peer != "" {
				a.Labels["peer"] = peer
			}
		}
	}
	if over && a.Ends.IsZero() {
		a.Ends = base.Add(time.Second)
	}
	return a
}

// TestCorrelate takes alerts in one after the other. Every step but the first
// word of each is an alert; the number is the incident it must belong to, in
// the order of opening, 0: none.
func TestCorrelate(t *testing.T) {
	type step struct {
		alert    string
		incident int
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"a repeat is the same alert", []step{{"Slow a", 1}, {"Slow a", 1}}},
		{"same node", []step{{"Slow a", 1}, {"Full a", 1}}},
		{"same host, other port", []step{{"Slow h1:9100", 1}, {"Full h1:9187", 1}, {"Full h2:9187", 2}}},
		{"neighbours", []step{{"Slow a", 1}, {"Slow b", 1}, {"Slow c", 1}, {"Slow x", 2}, {"Slow y", 2}}},
		{"not neighbours", []step{{"Slow a", 1}, {"Slow c", 2}, {"Slow q", 3}}},
		{"neighbours of the known form of a name", []step{{"Slow a:9100", 1}, {"Slow b.example.com:9100", 1}}},
		{"the other end of a call", []step{{"Slow q>r", 1}, {"Slow r", 1}, {"Slow z>q", 1}}},
		{"systems that differ", []step{{"Slow a cluster=s", 1}, {"Full a cluster=r", 2}, {"Down a", 1}}},
		{"a group goes before everything", []step{{"Slow a cluster=s #g", 1}, {"Full z cluster=r #g", 1}, {"Full z cluster=q #h", 2}}},
		{"within the window of the last", []step{{"Slow a", 1}, {"Full a @9", 1}, {"Down a @18", 1}, {"Gone a @29", 2}}},
		{"within the window before the first", []step{{"Slow a", 1}, {"Full a @-9", 1}, {"Down a @-18", 1}, {"Gone a @-30", 2}}},
		{"a group does not hold for ever", []step{{"Slow a #g", 1}, {"Full z #g @11", 2}}},
		{"about the whole system", []step{{"Slow a cluster=s", 1}, {"Errors cluster=s", 1}, {"Slow q cluster=s", 1}, {"Slow q cluster=r", 2}}},
		{"without node and system, by name", []step{{"Errors", 1}, {"Errors k=v", 1}, {"Other", 2}, {"Slow a", 3}}},
		{"resolved, then again", []step{{"Slow a", 1}, {"!Slow a", 1}, {"Slow a @1", 2}}},
		{"resolved, but another fires", []step{{"Slow a", 1}, {"Full a", 1}, {"!Slow a", 1}, {"Slow a @1", 1}}},
		{"resolved and never seen", []step{{"!Slow a", 0}, {"Slow q", 1}}},
		{"resolved twice", []step{{"Slow a", 1}, {"!Slow a", 1}, {"!Slow a", 1}}},
		{"begins again without an end", []step{{"Slow a", 1}, {"Slow a @3", 1}, {"!Slow a @3", 1}, {"Full a @4", 2}}},
		{"begins again long after without an end", []step{{"Slow a", 1}, {"Slow a @30", 2}, {"!Slow a @30", 2}}},
		{"known under a later start elsewhere", []step{{"Slow a @3", 1}, {"Slow a", 1}, {"!Slow a ~3.5", 1}, {"Full a @4", 2}}},
		{"the end of an earlier one comes late", []step{{"Slow a", 1}, {"Slow a @3", 1}, {"!Slow a", 1}, {"Full a @4", 1}}},
		{"the end of one that nobody knows", []step{{"Slow a @3", 1}, {"!Slow a", 0}, {"Full a @4", 1}}},
		{"to be ignored", []step{{"Watchdog", 0}, {"InfoInhibitor a", 0}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock()
			s := storetest.SQLite(t)
			in := start(t, graphed{s}, c)
			if err := in.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			base := c.now()
			c.pass(time.Hour)
			ids := []string{""}
			for i, step := range tt.steps {
				sum := take(t, in, alert(base, step.alert))
				opened := step.incident == len(ids)
				if (sum.Opened == 1) != opened {
					t.Fatalf("step %d (%s) opened %d incidents: %v", i+1, step.alert, sum.Opened, sum.Incidents)
				}
				got := ""
				if len(sum.Incidents) > 0 {
					got = sum.Incidents[0]
				}
				if opened {
					ids = append(ids, got)
				}
				if got != ids[step.incident] {
					t.Fatalf("step %d (%s) belongs to %q, want %q", i+1, step.alert, got, ids[step.incident])
				}
			}
		})
	}
}

// TestIncidentOfAlerts looks at what is stored.
func TestIncidentOfAlerts(t *testing.T) {
	c := newClock()
	s := storetest.SQLite(t)
	in := start(t, graphed{s}, c)
	base := c.now().Add(-2 * time.Minute)
	sum := take(t, in, alert(base, "Slow b cluster=s severity=page @1"), alert(base, "Full a>y cluster=s"), alert(base, "Odd c severity=strange @1.5"))
	if sum.Opened != 1 || len(sum.Incidents) != 1 {
		t.Fatalf("summary %+v", sum)
	}
	inc, err := s.Incident(t.Context(), sum.Incidents[0])
	if err != nil {
		t.Fatal(err)
	}
	if inc.Title != "a: Full" || inc.System != "s" || inc.Severity != store.Critical || inc.Source != "alertmanager" || !inc.Started.Equal(base) ||
		!slices.Equal(inc.Nodes, []string{"a", "b", "c", "y"}) || inc.Alerts != 3 || inc.Firing != 3 || inc.Status != store.Open {
		t.Errorf("incident %+v", inc)
	}
	take(t, in, alert(base, "Slow b cluster=s severity=page @1"))
	take(t, in, alert(base, "!Slow b cluster=s severity=page @1"), alert(base, "!Full a>y cluster=s"), alert(base, "!Odd c severity=strange @1.5"))
	if inc, err = s.Incident(t.Context(), inc.ID); err != nil || inc.Status != store.Resolved || inc.Folded != 4 {
		t.Errorf("incident %+v, %v", inc, err)
	}
}

// TestStartless says that a sender without starts makes no alert of a repeat.
func TestStartless(t *testing.T) {
	c := newClock()
	s := storetest.SQLite(t)
	a := connectors.Alert{Source: "generic", Name: "Full", Node: "a"}
	over := a
	in := start(t, s, c)
	first := take(t, in, a)
	for i := range 5 {
		if i == 3 { // a new process knows it too
			in = start(t, s, c)
		}
		c.pass(20 * time.Minute)
		if sum := take(t, in, a); sum.Opened != 0 || sum.Incidents[0] != first.Incidents[0] {
			t.Fatalf("repeat %d: %+v", i, sum)
		}
	}
	over.Ends = c.now()
	take(t, in, over)
	inc, err := s.Incident(t.Context(), first.Incidents[0])
	if err != nil || inc.Status != store.Resolved || inc.Alerts != 1 || inc.Folded != 6 {
		t.Errorf("incident %+v, %v", inc, err)
	}
	if sum := take(t, in, over); len(sum.Incidents) != 0 {
		t.Errorf("an end of nothing belongs to %v", sum.Incidents)
	}
}

// TestAfterRestart lets a second Intake go on with what the first has opened.
func TestAfterRestart(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		c := newClock()
		base := c.now()
		first := take(t, start(t, s, c), alert(base, "Slow a cluster=s #g"), alert(base, "Full a cluster=s"))
		in := start(t, s, c)
		for _, text := range []string{"Slow a cluster=s #g", "Odd a", "Far z cluster=r #g", "Errors cluster=s"} {
			if sum := take(t, in, alert(base, text)); sum.Opened != 0 || sum.Incidents[0] != first.Incidents[0] {
				t.Errorf("%s: %+v", text, sum)
			}
		}
		if sum := take(t, in, alert(base, "Slow a cluster=r")); sum.Opened != 1 {
			t.Errorf("another system: %+v", sum)
		}
	})
}

// TestClosedByPerson says that an alert opens anew what somebody has closed.
func TestClosedByPerson(t *testing.T) {
	c := newClock()
	s := storetest.SQLite(t)
	in := start(t, s, c)
	base := c.now()
	first := take(t, in, alert(base, "Slow a"))
	if _, err := s.UpdateIncident(t.Context(), store.Actor{}, first.Incidents[0], 0, func(i *store.Incident) error {
		i.Status = store.Resolved
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	second := take(t, in, alert(base, "Full a @1")) // the index does not know yet
	if second.Opened != 1 {
		t.Fatalf("second alert: %+v", second)
	}
	c.pass(2 * time.Second)
	if third := take(t, in, alert(base, "Odd a @2")); third.Opened != 0 || third.Incidents[0] != second.Incidents[0] {
		t.Errorf("third alert: %+v, after %+v", third, second)
	}
}

// TestUploadIsLeftAlone says that no alert joins an incident without alerts.
func TestUploadIsLeftAlone(t *testing.T) {
	c := newClock()
	s := storetest.SQLite(t)
	if _, _, err := s.CreateIncident(t.Context(), store.Actor{}, store.Incident{Title: "x", Source: "upload", Severity: store.Major, Nodes: []string{"a"}, Started: c.now()}, "", nil); err != nil {
		t.Fatal(err)
	}
	if sum := take(t, start(t, s, c), alert(c.now(), "Slow a")); sum.Opened != 1 {
		t.Errorf("summary %+v", sum)
	}
}

// TestOneCall says that what ties alerts together may come last in a call.
func TestOneCall(t *testing.T) {
	for _, tt := range []struct {
		alerts []string
		want   int
	}{
		{[]string{"Slow a", "Slow c @1", "Slow b @2"}, 1},
		{[]string{"Slow a #g", "Slow x @1 #h", "Full a @2 #h"}, 1},
		{[]string{"Slow a", "Slow x @1", "Slow q @2"}, 3},
		{[]string{"Slow a cluster=s", "Slow c @1 cluster=r", "Slow b @2"}, 2},
		{[]string{"Slow a", "!Slow a", "Slow a @2"}, 1},
	} {
		c := newClock()
		var list []connectors.Alert
		for _, text := range tt.alerts {
			list = append(list, alert(c.now(), text))
		}
		c.pass(time.Hour)
		in := start(t, graphed{storetest.SQLite(t)}, c)
		if sum := take(t, in, list...); sum.Opened != tt.want || len(sum.Incidents) != tt.want {
			t.Errorf("%q: %+v, want %d incidents", tt.alerts, sum, tt.want)
		}
	}
}

// asked records which diagnoses are asked for, and when they are due.
type asked struct {
	graphed
	due []time.Time
	err error
}

func (a *asked) Enqueue(_ context.Context, _ store.Actor, _, reason string, notBefore time.Time) (store.Job, error) {
	if a.err != nil {
		return store.Job{}, a.err
	}
	a.due = append(a.due, notBefore)
	return store.Job{Reason: reason}, nil
}

// TestDiagnosedAgain says when alerts that join bring about another diagnosis.
func TestDiagnosedAgain(t *testing.T) {
	c := newClock()
	s := &asked{graphed: graphed{storetest.SQLite(t)}}
	in := start(t, s, c)
	base := c.now()
	join := func(after time.Duration, text string, want ...time.Duration) {
		t.Helper()
		c.pass(after)
		take(t, in, alert(base, text))
		got := s.due
		s.due = nil
		if len(got) != len(want) || len(got) > 0 && !got[0].Equal(base.Add(want[0])) {
			t.Fatalf("%s: due %v, want %v after %v", text, got, want, base)
		}
	}
	join(0, "Slow a")                                  // its own diagnosis is due after 10 s
	join(9*time.Second, "Slow b")                      // is part of it
	join(2*time.Second, "Full b", 70*time.Second)      // a minute after the first
	join(time.Second, "Slow c")                        // is part of that
	join(time.Second, "Slow c")                        // a repeat
	join(100*time.Second, "Slow q>a", 190*time.Second) // two minutes after that
	join(100*time.Second, "Slow q>a")                  // a repeat
	s.err = errs.New(errs.Unavailable, "busy")         // cannot be asked for
	join(2*time.Minute, "Slow r>a")                    // but
	s.err = nil                                        // once it can
	join(time.Second, "Slow r>a", 430*time.Second)     // it is
	join(time.Second, "!Slow r>a")                     // nothing new
}

// TestDiagnosed takes the job that alerts bring about.
func TestDiagnosed(t *testing.T) {
	c := newClock()
	s := storetest.SQLite(t)
	in := start(t, graphed{s}, c)
	id := take(t, in, alert(c.now(), "Slow a")).Incidents[0]
	if job, ok, err := s.Take(t.Context(), "w", time.Minute); err != nil || ok {
		t.Fatalf("a job before alerts settled: %+v, %v", job, err)
	}
	list, err := s.Attempts(t.Context(), id)
	if err != nil || len(list) != 1 || list[0].Reason != "alerts" {
		t.Errorf("attempts %+v, %v", list, err)
	}
	c.pass(-20 * time.Second)
	id = take(t, in, alert(c.now(), "Slow x")).Incidents[0]
	if job, ok, err := s.Take(t.Context(), "w", time.Minute); err != nil || !ok || job.Incident != id {
		t.Errorf("job %+v, %v, %v, want that of %s", job, ok, err, id)
	}
}

// TestHostile feeds an alert that nothing of it may harm.
func TestHostile(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		c := newClock()
		labels := map[string]string{"": "x", "a\x00b": "c\x00d", "node": strings.Repeat("ü", 5000), "utf": "\xff\xfe", "bidi": "a\u202eb"}
		for i := range 200 {
			labels[fmt.Sprintf("z%03d", i)] = strings.Repeat("v", 2000)
		}
		in := start(t, s, c)
		sum := take(t, in, connectors.Alert{
			Source: "generic", Name: "\x00\x1b[31m", Labels: labels, Annotations: map[string]string{"n": strings.Repeat("\x00", 10) + "ok"},
			URL: "javascript:alert(1)", Starts: time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC), Ends: time.Time{},
		})
		list, _, err := s.Alerts(t.Context(), store.AlertFilter{Incident: sum.Incidents[0]})
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		a := list[0]
		if a.Name != "[31m" || a.URL != "" || len(a.Labels) != 64 || a.Labels["ab"] != "cd" || a.Labels["bidi"] != "ab" || len(a.Node) > 256 || a.Annotations["n"] != "ok" ||
			a.Starts.Year() < 2000 {
			t.Errorf("alert %+v", a)
		}
	})
}

// failing is a store that fails when told to.
type failing struct {
	*store.Store
	err error
}

func (f *failing) TakeAlerts(ctx context.Context, list []store.Placed) ([]store.Arrival, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.Store.TakeAlerts(ctx, list)
}

func TestStoreFails(t *testing.T) {
	c := newClock()
	f := &failing{Store: storetest.SQLite(t), err: errs.New(errs.Unavailable, "disk is full")}
	in := start(t, f, c)
	for range 2 {
		if _, err := in.Take(t.Context(), []connectors.Alert{alert(c.now(), "Slow a")}); errs.KindOf(err) != errs.Unavailable {
			t.Fatalf("error %v", err)
		}
	}
	f.err = nil
	if sum := take(t, in, alert(c.now(), "Slow a")); sum.Opened != 1 {
		t.Errorf("summary %+v", sum)
	}
}
