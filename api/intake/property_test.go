package intake_test

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"triagent/api/intake"
	"triagent/connectors"
	"triagent/store"
	"triagent/store/storetest"
)

// TestOrderOfArrival draws alerts of failures whose alerts are all tied to each
// other and whose failures are not tied, and takes them in any order, in calls
// of any size, with repeats: there is one incident for each failure, always.
func TestOrderOfArrival(t *testing.T) {
	s := storetest.SQLite(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++ // the names of a round are its own: the store is one for all
		c := newClock()
		base := c.now().Add(-time.Hour)
		failures := rapid.IntRange(1, 4).Draw(rt, "failures")
		var all []connectors.Alert
		of := make(map[string]int) // failure by alert name
		for f := range failures {
			kind := rapid.SampledFrom([]string{"node", "group", "call"}).Draw(rt, "kind")
			for i := range rapid.IntRange(1, 5).Draw(rt, "alerts") {
				name := fmt.Sprintf("A%d-%d-%d", round, f, i)
				of[name] = f
				a := connectors.Alert{
					Source: "alertmanager", Name: name, Labels: map[string]string{"alertname": name},
					Starts: base.Add(time.Duration(rapid.IntRange(0, 590).Draw(rt, "second")) * time.Second),
				}
				switch kind {
				case "node":
					a.Labels["instance"] = fmt.Sprintf("n%d-%d:%d", round, f, 9000+i)
				case "group":
					a.Group = fmt.Sprintf("g%d-%d", round, f)
					a.Labels["node"] = fmt.Sprintf("n%d-%d-%d", round, f, i)
				case "call":
					a.Labels["node"], a.Labels["peer"] = fmt.Sprintf("n%d-%d-%d", round, f, i), fmt.Sprintf("hub%d-%d", round, f)
				}
				for range rapid.IntRange(1, 3).Draw(rt, "times") {
					all = append(all, a)
				}
			}
		}
		all = rapid.Permutation(all).Draw(rt, "order")
		in := start(t, s, c)
		defer func(all []connectors.Alert) { end(t, in, c, all) }(all)
		incidents := make(map[int]map[string]bool)
		opened := 0
		for len(all) > 0 {
			n := rapid.IntRange(1, len(all)).Draw(rt, "call")
			opened += take(t, in, all[:n]...).Opened
			for _, a := range all[:n] {
				again := take(t, in, a)
				if again.Opened != 0 || len(again.Incidents) != 1 {
					rt.Fatalf("a repeat of %s: %+v", a.Name, again)
				}
				f := of[a.Name]
				if incidents[f] == nil {
					incidents[f] = make(map[string]bool)
				}
				incidents[f][again.Incidents[0]] = true
			}
			all = all[n:]
			if rapid.IntRange(0, 9).Draw(rt, "restart") == 0 {
				in = start(t, s, c)
			}
		}
		if opened != failures {
			rt.Fatalf("%d incidents of %d failures", opened, failures)
		}
		for f, ids := range incidents {
			if len(ids) != 1 {
				rt.Fatalf("failure %d is in %v", f, slices.Collect(maps.Keys(ids)))
			}
		}
	})
}

// end resolves all alerts, so that a round does not see those before it.
func end(t *testing.T, in *intake.Intake, c *clock, all []connectors.Alert) {
	for i := range all {
		all[i].Ends = c.now()
	}
	take(t, in, all...)
}

// TestOrderWithinCall draws any alerts at all and takes them in one call, in two
// orders: how many incidents there are is the same.
func TestOrderWithinCall(t *testing.T) {
	s := storetest.SQLite(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		c := newClock()
		base := c.now().Add(-time.Hour)
		var all []connectors.Alert
		for i := range rapid.IntRange(1, 10).Draw(rt, "alerts") {
			a := alert(base, fmt.Sprintf("A%d %s", i, rapid.SampledFrom([]string{"a", "b", "c", "x", "y", "q", "c>x", ""}).Draw(rt, "node")))
			a.Starts = base.Add(time.Duration(rapid.IntRange(0, 40).Draw(rt, "minute")) * time.Minute)
			a.Group = rapid.SampledFrom([]string{"", "", "g", "h"}).Draw(rt, "group")
			a.Labels["cluster"] = rapid.SampledFrom([]string{"s", "s", "r", ""}).Draw(rt, "system")
			all = append(all, a)
		}
		count := func(list []connectors.Alert) int {
			round++
			list = slices.Clone(list)
			for i := range list { // another start is another alert
				list[i].Starts = list[i].Starts.Add(time.Duration(round) * time.Millisecond)
			}
			in := start(t, graphed{s}, c)
			if err := in.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer end(t, in, c, list)
			return take(t, in, list...).Opened
		}
		if a, b := count(all), count(rapid.Permutation(all).Draw(rt, "order")); a != b {
			rt.Fatalf("%d incidents in one order, %d in another", a, b)
		}
	})
}

// TestProcesses lets two processes and many callers take the same storm in:
// there is one incident for each group, and every alert is counted.
func TestProcesses(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		c := newClock()
		base := c.now()
		const callers, groups, each = 16, 3, 12
		var wg sync.WaitGroup
		opened := make([]int, 2*callers)
		first, second := start(t, s, c), start(t, s, c)
		for n := range opened {
			in := first
			if n%2 == 1 {
				in = second
			}
			wg.Go(func() {
				for i := range each {
					a := alert(base, fmt.Sprintf("A%d node%d-%d #group%d", n, n, i, i%groups))
					sum, err := in.Take(t.Context(), []connectors.Alert{a})
					if err != nil {
						t.Error(err)
						return
					}
					opened[n] += sum.Opened
				}
			})
		}
		wg.Wait()
		total := 0
		for _, n := range opened {
			total += n
		}
		if total != groups {
			t.Errorf("%d incidents of %d groups", total, groups)
		}
		open, err := s.OpenIncidents(t.Context())
		if err != nil || len(open) != groups {
			t.Fatalf("%d incidents are open, %v", len(open), err)
		}
		alerts := 0
		for _, inc := range open {
			alerts += inc.Alerts
		}
		if alerts != 2*callers*each {
			t.Errorf("%d alerts are stored of %d", alerts, 2*callers*each)
		}
	})
}
