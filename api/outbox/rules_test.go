package outbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"pgregory.net/rapid"

	"triagent/api/outbox"
	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

func rules(t testing.TB, o *outbox.Outbox, r outbox.Routing) {
	t.Helper()
	for i := range r.Routes { // lists are never null
		r.Routes[i].Channels = append([]string{}, r.Routes[i].Channels...)
	}
	r.Routes, r.Quiet = append([]outbox.Route{}, r.Routes...), append([]outbox.Quiet{}, r.Quiet...)
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if a := call(t, o, http.MethodPut, "/settings/routing", string(b), "*"); a.status != 200 {
		t.Fatal(a)
	}
}

func TestRules(t *testing.T) {
	s := storetest.SQLite(t)
	o := newOutbox(t, outbox.Config{}, s, sealer(t))
	sinks := map[string]*sink{}
	ids := map[string]string{}
	for _, name := range []string{"db", "all", "info"} {
		sinks[name] = newSink(t, nil)
		ids[name] = channel(t, o, "webhook", sinks[name].config())
	}
	rules(t, o, outbox.Routing{
		Routes: []outbox.Route{
			{Name: "db", Match: outbox.Match{Labels: map[string]string{"team": "db"}, Systems: []string{"iotdb"}}, Channels: []string{ids["db"]}, Continue: true},
			{Name: "all", Match: outbox.Match{SeverityAtLeast: "major", Kinds: []string{"opened", "resolved"}}, Channels: []string{ids["all"]}},
			{Name: "nobody", Match: outbox.Match{SeverityAtLeast: "warning"}},
			{Name: "info", Match: outbox.Match{}, Channels: []string{ids["info"], ids["info"]}},
		}, Quiet: []outbox.Quiet{},
	})
	start(t, o)
	db := map[string]string{"team": "db", "x": "y"}
	for _, in := range []store.Incident{
		{Title: "both", Severity: store.Critical, System: "iotdb", Labels: db},
		{Title: "all", Severity: store.Major, System: "redis", Labels: db},
		{Title: "db and nobody", Severity: store.Warning, System: "iotdb", Labels: db},
		{Title: "info", Severity: store.Info, System: "iotdb", Labels: map[string]string{"team": "web"}},
	} {
		incidentOf(t, s, in)
	}
	eventually(t, "all are told", func() bool {
		ds := deliveries(t, s, store.DeliveryFilter{})
		return len(ds) == 5 && count(ds, "sent") == 5
	})
	for name, want := range map[string]int{"db": 2, "all": 2, "info": 1} {
		if n := len(sinks[name].all()); n != want {
			t.Errorf("%s got %d, want %d: %v", name, n, want, sinks[name].all())
		}
	}
	left, err := s.NextNotices(t.Context(), 10)
	if err != nil || len(left) != 0 {
		t.Errorf("%d notices are not routed, %v", len(left), err)
	}
}

// TestQuietHours: messages below the severity wait, and are muted if something
// graver is told meanwhile.
func TestQuietHours(t *testing.T) {
	s, in := storetest.SQLite(t), newSink(t, nil)
	o := newOutbox(t, outbox.Config{}, s, sealer(t))
	id := channel(t, o, "webhook", in.config())
	now := time.Now().UTC()
	rules(t, o, outbox.Routing{Routes: []outbox.Route{}, Quiet: []outbox.Quiet{{
		Name: "now", From: now.Add(-time.Hour).Format("15:04"), To: now.Add(2 * time.Hour).Format("15:04"), Days: []string{}, Below: "critical",
	}}})
	start(t, o)
	inc := incidentOf(t, s, store.Incident{Severity: store.Major})
	eventually(t, "it waits", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "pending") == 1 })
	d := deliveries(t, s, store.DeliveryFilter{Channel: id})[0]
	if wait := d.NextTry.Sub(now); wait < time.Hour || wait > 2*time.Hour || d.Error == "" {
		t.Errorf("it waits %v because of %q", wait, d.Error)
	}
	if _, err := s.UpdateIncident(t.Context(), someone, inc.ID, 0, func(i *store.Incident) error { i.Severity = store.Critical; return nil }); err != nil {
		t.Fatal(err)
	}
	notice(t, s, store.Notice{Incident: inc.ID, Kind: "diagnosed"})
	eventually(t, "the graver one is sent", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent") >= 1 })
	ds := deliveries(t, s, store.DeliveryFilter{Channel: id})
	if count(ds, "muted") != 1 || len(in.all()) != count(ds, "sent") {
		t.Errorf("%+v", ds)
	}
}

// TestAllRouted: whatever the rules and the notices, every notice is either
// routed to channels or recorded as told to nobody, and told exactly to those
// that an independent reading of the rules names.
func TestAllRouted(t *testing.T) {
	severities := []string{"", "info", "warning", "major", "critical"}
	kinds := []string{"opened", "diagnosed", "updated", "resolved", "failed"}
	s := storetest.SQLite(t)
	in := newSink(t, nil)
	o := newOutbox(t, outbox.Config{}, s, sealer(t))
	var ids []string
	for i := range 3 {
		ids = append(ids, channel(t, o, "webhook", fmt.Sprintf(`{"url":"%s/%d"}`, in.URL, i)))
	}
	rapid.Check(t, func(rt *rapid.T) {
		var r outbox.Routing
		for i := range rapid.IntRange(0, 4).Draw(rt, "routes") {
			r.Routes = append(r.Routes, outbox.Route{
				Name: fmt.Sprint(i), Continue: rapid.Bool().Draw(rt, "continue"),
				Channels: rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 0, 3, rapid.ID).Draw(rt, "channels"),
				Match: outbox.Match{
					SeverityAtLeast: rapid.SampledFrom(severities).Draw(rt, "severity"),
					Kinds:           rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 2).Draw(rt, "kinds"),
					Systems:         rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), 0, 1).Draw(rt, "systems"),
				},
			})
		}
		rules(t, o, r)
		sev := store.Severity(rapid.IntRange(1, 4).Draw(rt, "incident severity"))
		system := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "incident system")
		inc := incidentOf(t, s, store.Incident{Severity: sev, System: system})
		told := []string{"opened"}
		for range rapid.IntRange(0, 4).Draw(rt, "notices") {
			k := rapid.SampledFrom(kinds).Draw(rt, "kind")
			notice(t, s, store.Notice{Incident: inc.ID, Kind: k})
			told = append(told, k)
		}
		notice(t, s, store.Notice{Kind: "account", Detail: map[string]string{"email": "a@b.c"}}) // no mail server: nobody
		stop := start(t, o)
		eventually(t, "nothing is left", func() bool {
			left, err := s.NextNotices(t.Context(), 10)
			return err == nil && len(left) == 0
		})
		stop()
		want := 0
		for _, k := range told {
			want += len(expected(r, ids, sev, system, k))
		}
		if ds := deliveries(t, s, store.DeliveryFilter{Incident: inc.ID}); len(ds) != want {
			rt.Fatalf("%d deliveries, want %d: %+v", len(ds), want, r)
		}
	})
}

// expected reads the rules anew, in the plainest way.
func expected(r outbox.Routing, all []string, sev store.Severity, system, kind string) map[string]bool {
	out := map[string]bool{}
	if len(r.Routes) == 0 {
		for _, id := range all {
			out[id] = true
		}
		return out
	}
	rank := map[string]store.Severity{"": 0, "info": 1, "warning": 2, "major": 3, "critical": 4}
	has := func(list []string, x string) bool {
		for _, v := range list {
			if v == x {
				return true
			}
		}
		return len(list) == 0
	}
	for _, route := range r.Routes {
		m := route.Match
		if sev < rank[m.SeverityAtLeast] || !has(m.Kinds, kind) || !has(m.Systems, system) {
			continue
		}
		for _, id := range route.Channels {
			out[id] = true
		}
		if !route.Continue {
			return out
		}
	}
	return out
}

// TestGone: a notice about an incident that is gone is told to nobody.
func TestGone(t *testing.T) {
	s := storetest.SQLite(t)
	if err := s.AddNotice(t.Context(), store.Notice{Incident: "inc-99", Kind: "opened"}); errs.KindOf(err) == "" {
		o := newOutbox(t, outbox.Config{}, s, sealer(t))
		start(t, o)
		eventually(t, "it is routed", func() bool {
			left, err := s.NextNotices(t.Context(), 10)
			return err == nil && len(left) == 0
		})
	}
}
