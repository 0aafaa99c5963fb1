package store_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

func firing(fingerprint, node string, at time.Time) store.Alert {
	return store.Alert{
		Source: "alertmanager", Fingerprint: fingerprint, Name: "HighLatency", Node: node, Severity: store.Major,
		Labels: map[string]string{"job": "shop", "odd": "50%_a"}, Starts: at,
	}
}

func placed(a store.Alert, key string) store.Placed {
	return store.Placed{Alert: a, Open: &store.Incident{Title: "Latency", Source: "alertmanager", Key: key}}
}

func arrive(t *testing.T, s *store.Store, ps ...store.Placed) []store.Arrival {
	t.Helper()
	got, err := s.TakeAlerts(t.Context(), ps)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAlertsOfOneFailure(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now, MaxQueued: 1}, func(t *testing.T, s *store.Store) {
		ctx, at := t.Context(), c.now()
		upload(t, s, store.Info) // the queue is full: alerts are taken all the same
		got := arrive(t, s, placed(firing("b", "db-2", at), "shop"), placed(firing("a", "db-1", at.Add(-time.Minute)), "shop"))
		id := got[0].Incident
		if !got[0].Opened || got[1].Opened || got[1].Incident != id || !got[0].New || !got[1].New {
			t.Fatalf("arrivals %+v, want both new in one incident that the first opened", got)
		}
		worse := firing("c", "db-1", at)
		worse.Severity = store.Critical
		worse.Node = "web"
		arrive(t, s, store.Placed{Alert: worse, Incident: id})
		rep := arrive(t, s, placed(firing("a", "db-1", at.Add(-time.Minute)), "shop"))
		if rep[0].New || rep[0].Changed || rep[0].Opened {
			t.Errorf("a repeat arrived as %+v", rep[0])
		}
		in, err := s.Incident(ctx, id)
		if err != nil || in.Alerts != 3 || in.Firing != 3 || in.Folded != 1 || in.Severity != store.Critical ||
			fmt.Sprint(in.Nodes) != "[db-1 db-2 web]" || !in.Started.Equal(at.Add(-time.Minute)) || in.Progress != store.Waiting {
			t.Fatalf("incident %+v, %v", in, err)
		}
		if open, err := s.OpenIncidents(ctx); err != nil || len(open) != 2 {
			t.Errorf("%d open incidents, %v", len(open), err)
		}
		for _, f := range []string{"a", "b", "c"} {
			a := firing(f, "x", at)
			if f == "a" {
				a.Starts = at.Add(-time.Minute)
			}
			a.Ends = at.Add(time.Minute)
			if got := arrive(t, s, store.Placed{Alert: a, Incident: id}); !got[0].Changed || got[0].New {
				t.Errorf("the end of %s arrived as %+v", f, got[0])
			}
		}
		in, err = s.Incident(ctx, id)
		if err != nil || in.Status != store.Resolved || in.Firing != 0 || !in.Ended.Equal(at.Add(time.Minute)) || in.Resolved.IsZero() {
			t.Fatalf("incident %+v, %v, want it resolved", in, err)
		}
		if got := arrive(t, s, placed(firing("a", "db-1", at.Add(time.Hour)), "shop")); !got[0].Opened || got[0].Incident == id {
			t.Errorf("the next failure arrived as %+v, want a new incident", got[0])
		}
		kinds := map[string]int{}
		notices, _ := s.NextNotices(ctx, 0)
		for _, n := range notices {
			kinds[n.Kind]++
		}
		if kinds["opened"] != 3 || kinds["resolved"] != 1 || kinds["updated"] != 1 {
			t.Errorf("notices %v", kinds)
		}
		if wrong := s.Check(ctx); len(wrong) > 0 {
			t.Errorf("%q", wrong)
		}
	})
}

func TestAlertsList(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx, at := t.Context(), c.now()
		var ps []store.Placed
		for i := range 25 {
			a := firing(fmt.Sprint("f", i), fmt.Sprint("node-", i%5), at.Add(time.Duration(i/2)*time.Second))
			if i%2 == 0 {
				a.Ends = at.Add(time.Hour)
			}
			ps = append(ps, placed(a, "k"))
		}
		id := arrive(t, s, ps...)[0].Incident
		for _, tt := range []struct {
			name string
			f    store.AlertFilter
			want int
		}{
			{"all", store.AlertFilter{}, 25},
			{"of the incident", store.AlertFilter{Incident: id}, 25},
			{"firing", store.AlertFilter{Firing: true}, 12},
			{"of a node", store.AlertFilter{Node: "node-3"}, 5},
			{"of a source", store.AlertFilter{Source: "slack"}, 0},
			{"by words in any case", store.AlertFilter{Text: "highLAT NODE-1"}, 5},
			{"by a wildcard that is none", store.AlertFilter{Text: "%_a"}, 25},
			{"by another wildcard", store.AlertFilter{Text: "n%de"}, 0},
			{"by a short word", store.AlertFilter{Text: "-2"}, 5},
			{"by a quote", store.AlertFilter{Text: `"`}, 0},
			{"within a time", store.AlertFilter{From: at.Add(time.Second), To: at.Add(3 * time.Second)}, 4},
		} {
			tt.f.Limit = 7
			seen := map[int64]bool{}
			var last store.Alert
			for pages := 0; ; pages++ {
				items, next, err := s.Alerts(ctx, tt.f)
				if err != nil {
					t.Fatalf("%s: %v", tt.name, err)
				}
				for _, a := range items {
					if seen[a.ID] || last.ID != 0 && a.Starts.After(last.Starts) {
						t.Errorf("%s: alert %d twice or out of order", tt.name, a.ID)
					}
					seen[a.ID], last = true, a
				}
				if next == "" || pages > 10 {
					break
				}
				tt.f.After = next
			}
			if len(seen) != tt.want {
				t.Errorf("%s: %d alerts, want %d", tt.name, len(seen), tt.want)
			}
		}
		if _, _, err := s.Alerts(ctx, store.AlertFilter{After: "no cursor"}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a wrong cursor: %v", err)
		}
	})
}

// TestAlertsTogether lets many callers open the same incidents at once.
func TestAlertsTogether(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		at := time.Now().UTC()
		const callers, each = 16, 20
		var g errgroup.Group
		for c := range callers {
			g.Go(func() error {
				for i := range each {
					// Every second alert is one that another caller sends too.
					f := fmt.Sprintf("f%d-%d", c/2*(i%2)+c*(1-i%2), i)
					ps := []store.Placed{
						placed(firing(f, fmt.Sprint("n", c), at), fmt.Sprint("k", i%3)),
						placed(firing(f+"x", fmt.Sprint("n", c), at), fmt.Sprint("k", (i+c)%3)),
					}
					if _, err := s.TakeAlerts(t.Context(), ps); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		open, err := s.OpenIncidents(t.Context())
		if err != nil || len(open) != 3 {
			t.Fatalf("%d open incidents, %v, want one for each of 3 keys", len(open), err)
		}
		total := int64(0)
		for _, in := range open {
			total += int64(in.Alerts) + in.Folded
		}
		if total != 2*callers*each {
			t.Errorf("%d alerts and repeats are counted, %d were sent", total, 2*callers*each)
		}
		if wrong := s.Check(t.Context()); len(wrong) > 0 {
			t.Errorf("%q", wrong)
		}
	})
}

func TestAlertsAllOrNone(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		at := time.Now()
		_, err := s.TakeAlerts(t.Context(), []store.Placed{placed(firing("a", "n", at), "k"), {Alert: firing("b", "n", at), Incident: "inc-77"}})
		if errs.KindOf(err) != errs.NotFound {
			t.Errorf("an alert of no incident: %v", err)
		}
		_, err = s.TakeAlerts(t.Context(), []store.Placed{placed(firing("", "n", at), "k")})
		if errs.KindOf(err) != errs.Invalid {
			t.Errorf("an alert without identity: %v", err)
		}
		if items, _, err := s.Alerts(t.Context(), store.AlertFilter{}); len(items) != 0 || err != nil {
			t.Errorf("%d alerts are left, %v", len(items), err)
		}
		strange := firing("s", "node\x00\xff", at)
		strange.Annotations = map[string]string{"text": "a\x00b\xff"}
		arrive(t, s, placed(strange, "k"))
	})
}

// TestSearchOfManyAlerts looks for words that most alerts hold together with a
// filter that few pass, and for what another process added.
func TestSearchOfManyAlerts(t *testing.T) {
	for _, dialect := range []string{store.SQLite, store.PostgreSQL} {
		t.Run(dialect, func(t *testing.T) {
			cfg := store.Config{Path: filepath.Join(t.TempDir(), "a.db"), Blobs: t.TempDir()}
			if dialect == store.PostgreSQL {
				cfg.URL = storetest.Postgres(t)
			}
			s, other := storetest.With(t, cfg), storetest.With(t, cfg)
			at := time.Now().UTC()
			var ps []store.Placed
			for i := range 2500 {
				node := "many"
				if i%500 == 0 {
					node = "few"
				}
				ps = append(ps, placed(firing(fmt.Sprint("f", i), node, at.Add(time.Duration(i%1000)*time.Second)), "k"))
			}
			arrive(t, s, ps[:2000]...)
			count := func(f store.AlertFilter) (n int) {
				for {
					items, next, err := s.Alerts(t.Context(), f)
					if err != nil {
						t.Fatal(err)
					}
					n += len(items)
					if f.After = next; next == "" {
						return n
					}
				}
			}
			if n := count(store.AlertFilter{Text: "latency shop", Limit: 300}); n != 2000 {
				t.Errorf("%d alerts, want 2000", n)
			}
			arrive(t, other, ps[2000:]...)
			if n := count(store.AlertFilter{Text: "latency shop", Limit: 300}); n != 2500 {
				t.Errorf("%d alerts after another process added some, want 2500", n)
			}
			if n := count(store.AlertFilter{Text: "latency shop", Node: "few", Limit: 2}); n != 5 {
				t.Errorf("%d alerts of a node, want 5", n)
			}
			if n := count(store.AlertFilter{Text: "nothing like it"}); n != 0 {
				t.Errorf("%d alerts, want none", n)
			}
		})
	}
}
