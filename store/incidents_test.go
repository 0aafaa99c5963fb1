package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

func TestCreateAndUpdate(t *testing.T) {
	c := &clock{}
	var mu sync.Mutex
	var seen []store.Change
	changed := func(c store.Change) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, c)
	}
	storetest.Each(t, store.Config{Now: c.now, Changed: changed}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		want := store.Incident{
			Title: "日本 <b>" + strings.Repeat("x", 600), System: "shop", Severity: store.Critical, Source: "api", Key: "k1", Nodes: []string{"b", "a", "b"},
			Labels: map[string]string{"team": "web"}, Started: c.now(), Requested: incident.Window{From: c.now(), To: c.now().Add(time.Hour)},
		}
		before, _ := s.Revision(ctx)
		in, existed, err := s.CreateIncident(ctx, admin, want, "", nil)
		if err != nil || existed || in.ID != "inc-1" || in.Number != 1 || in.Version != 1 || in.Progress != store.Waiting {
			t.Fatalf("%+v, %v, %v", in, existed, err)
		}
		got, err := s.Incident(ctx, in.ID)
		if err != nil || fmt.Sprint(got.Nodes) != "[a b]" || got.Labels["team"] != "web" || !got.Requested.From.Equal(want.Requested.From) || len(got.Title) > 500 || !strings.HasPrefix(got.Title, "日本") {
			t.Errorf("%+v, %v", got, err)
		}
		if again, existed, err := s.CreateIncident(ctx, admin, want, "", nil); err != nil || !existed || again.ID != in.ID {
			t.Errorf("a second with its key: %v, %v, %v", again.ID, existed, err)
		}
		if after, _ := s.Revision(ctx); after <= before {
			t.Errorf("revision %d after %d", after, before)
		}
		for i, id := range []string{"", "inc-2", "inc-01", "1", "inc-1 ", "inc--1", "../inc-1"} {
			if _, err := s.Incident(ctx, id); errs.KindOf(err) != errs.NotFound {
				t.Errorf("%d: incident %q: %v", i, id, err)
			}
		}
		in, err = s.UpdateIncident(ctx, admin, in.ID, 1, func(i *store.Incident) error {
			i.Status, i.Severity, i.Number, i.Alerts = store.Resolved, store.Info, 99, 7
			i.Labels["team"] = "db"
			return nil
		})
		if err != nil || in.Version != 2 || in.Resolved.IsZero() || in.Number != 1 || in.Alerts != 0 || in.Labels["team"] != "db" {
			t.Fatalf("%+v, %v", in, err)
		}
		if _, err := s.UpdateIncident(ctx, admin, in.ID, 1, func(*store.Incident) error { return nil }); !errors.Is(err, store.ErrStale) || errs.KindOf(err) != errs.Denied {
			t.Errorf("an old version: %v", err)
		}
		boom := errors.New("boom")
		if _, err := s.UpdateIncident(ctx, admin, in.ID, 0, func(i *store.Incident) error { i.Title = "no"; return boom }); !errors.Is(err, boom) {
			t.Errorf("an edit that fails: %v", err)
		}
		if _, err := s.UpdateIncident(ctx, admin, in.ID, 0, func(i *store.Incident) error { i.Severity = 9; return nil }); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a severity that is none: %v", err)
		}
		if got, _ := s.Incident(ctx, in.ID); got.Version != 2 || got.Title == "no" {
			t.Errorf("%+v after edits that failed", got)
		}
		if entries, _, err := s.Audit(ctx, store.AuditFilter{Object: in.ID}); err != nil || len(entries) != 2 || entries[0].Detail["status"] != "open -> resolved" {
			t.Errorf("audit %+v, %v", entries, err)
		}
		mu.Lock()
		defer mu.Unlock()
		if !slices.Contains(seen, store.Change{Incident: in.ID, Kind: "incident"}) || !slices.Contains(seen, store.Change{Incident: in.ID, Kind: "delivery"}) {
			t.Errorf("changes %+v", seen)
		}
	})
}

func TestIdempotency(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		var mu sync.Mutex
		ids := map[string]int{}
		var g errgroup.Group
		for range 12 {
			g.Go(func() error {
				in, _, err := s.CreateIncident(t.Context(), admin, store.Incident{Title: "x"}, "ada key#with hash#abc", &store.Job{})
				mu.Lock()
				defer mu.Unlock()
				ids[in.ID]++
				return err
			})
		}
		if err := g.Wait(); err != nil || len(ids) != 1 {
			t.Errorf("12 of one request made %v, %v, want one incident", ids, err)
		}
		if _, _, err := s.CreateIncident(t.Context(), admin, store.Incident{Title: "y"}, "ada key#with hash#other", nil); errs.KindOf(err) != errs.Invalid {
			t.Errorf("the key with another request: %v", err)
		}
		if page, _ := s.Incidents(t.Context(), store.Filter{}); len(page.Items) != 1 {
			t.Errorf("%d incidents, want 1", len(page.Items))
		}
	})
}

func TestIncidentsList(t *testing.T) {
	c := &clock{}
	storetest.Each(t, store.Config{Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx, at := t.Context(), c.now()
		const n = 23
		for i := range n {
			in := store.Incident{
				Title: fmt.Sprint("Slow 100%_done ", i), System: fmt.Sprint("sys", i%2), Severity: store.Severity(1 + i%4), Source: "api",
				Nodes: []string{fmt.Sprint("node", i%3)}, Started: at.Add(time.Duration(i%7) * time.Minute),
			}
			got, _, err := s.CreateIncident(ctx, admin, in, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			if i%5 == 0 {
				if _, err := s.UpdateIncident(ctx, admin, got.ID, 0, func(i *store.Incident) error { i.Status = store.Resolved; i.Assignee = "u7"; return nil }); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := s.SetCase(ctx, admin, "inc-3", true, []byte(`{"node":"x"}`)); err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name string
			f    store.Filter
			want int
		}{
			{"all", store.Filter{}, 23},
			{"open", store.Filter{Status: []store.Status{store.Open}}, 18},
			{"open or resolved", store.Filter{Status: []store.Status{store.Open, store.Resolved}}, 23},
			{"severities", store.Filter{Severity: []store.Severity{store.Major, store.Critical}}, 11},
			{"system and node", store.Filter{System: "sys1", Node: "node0"}, 4},
			{"assignee", store.Filter{Assignee: "u7"}, 5},
			{"progress", store.Filter{Progress: []store.Progress{store.Running}}, 0},
			{"verdict", store.Filter{Verdict: []incident.Verdict{incident.Likely}}, 0},
			{"source", store.Filter{Source: "demo"}, 0},
			{"fault", store.Filter{Fault: "cpu"}, 0},
			{"case", store.Filter{Case: true}, 1},
			{"time", store.Filter{From: at.Add(time.Minute), To: at.Add(3 * time.Minute)}, 7},
			{"words in any case", store.Filter{Text: "SLOW node1"}, 8},
			{"wildcards are none", store.Filter{Text: "100%_d"}, 23},
			{"wildcards match nothing else", store.Filter{Text: "s_ow"}, 0},
			{"backslash", store.Filter{Text: `\`}, 0},
			{"number", store.Filter{Text: "INC-23"}, 1},
		} {
			for _, sort := range []string{"", "-opened", "opened", "-updated", "started", "-severity", "number"} {
				f := tt.f
				f.Sort, f.Limit, f.CountUpTo = sort, 4, 10
				if got := pages(t, s, f, tt.want); got != tt.want {
					t.Errorf("%s by %q: %d incidents, want %d", tt.name, sort, got, tt.want)
				}
			}
		}
		first, _ := s.Incidents(ctx, store.Filter{Limit: 2})
		for name, f := range map[string]store.Filter{"sort": {Sort: "title; DROP TABLE incidents"}, "cursor": {After: "x"}, "cursor of another sort": {After: first.Next, Sort: "number"}} {
			if _, err := s.Incidents(ctx, f); errs.KindOf(err) != errs.Invalid {
				t.Errorf("a wrong %s: %v", name, err)
			}
		}
		cases, err := s.Cases(ctx)
		if err != nil || len(cases) != 1 || cases[0].Incident.ID != "inc-3" || string(cases[0].Truth) != `{"node":"x"}` {
			t.Errorf("cases %+v, %v", cases, err)
		}
	})
}

// pages walks all pages of f and returns how many distinct incidents it saw.
func pages(t *testing.T, s *store.Store, f store.Filter, want int) int {
	t.Helper()
	seen := map[string]bool{}
	for i := 0; ; i++ {
		p, err := s.Incidents(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if p.Total != min(want, 10) || p.More != (want > 10) {
			t.Errorf("%+v: counted %d, more %v, of %d", f, p.Total, p.More, want)
		}
		for _, in := range p.Items {
			seen[in.ID] = true
		}
		if f.After = p.Next; p.Next == "" || i > 20 {
			return len(seen)
		}
	}
}
