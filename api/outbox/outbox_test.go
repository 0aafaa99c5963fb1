package outbox_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"triagent/api/outbox"
	"triagent/store"
	"triagent/store/storetest"
)

// TestStory follows an incident from its opening to its end, on both databases.
func TestStory(t *testing.T) {
	storetest.Each(t, store.Config{}, func(t *testing.T, s *store.Store) {
		in := newSink(t, nil)
		o := newOutbox(t, outbox.Config{Words: words}, s, sealer(t))
		id := channel(t, o, "webhook", in.config())
		start(t, o)
		inc := incidentOf(t, s, store.Incident{Title: "writes are slow"})
		eventually(t, "opened is told", func() bool { return len(in.all()) == 1 })
		diagnosed(t, s, inc.ID)
		eventually(t, "diagnosed is told", func() bool { return len(in.all()) == 2 })
		if _, err := s.UpdateIncident(t.Context(), someone, inc.ID, 0, func(i *store.Incident) error { i.Status = store.Resolved; return nil }); err != nil {
			t.Fatal(err)
		}
		eventually(t, "resolved is told", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent") == 3 })
		got := in.all()
		for i, want := range []struct{ kind, title string }{
			{"opened", "New incident inc-1: writes are slow"}, {"diagnosed", "Diagnosed inc-1: writes are slow"}, {"resolved", "Resolved inc-1: writes are slow"},
		} {
			if got[i].Kind != want.kind || got[i].Title != want.title || got[i].Incident != inc.ID || got[i].Severity != "critical" {
				t.Errorf("message %d is %+v, want %+v", i, got[i], want)
			}
		}
		if !strings.Contains(got[1].Text, "node-7") || !slices.Equal(got[1].Steps, []string{"Free disk space: node-7 (needs approval)"}) {
			t.Errorf("the diagnosis is told as %q, %q", got[1].Text, got[1].Steps)
		}
	})
}

func TestChinese(t *testing.T) {
	s, in := storetest.SQLite(t), newSink(t, nil)
	o := newOutbox(t, outbox.Config{Words: words}, s, sealer(t))
	channel(t, o, "webhook", fmt.Sprintf(`{"url":%q,"lang":"zh"}`, in.URL))
	start(t, o)
	inc := incidentOf(t, s, store.Incident{})
	diagnosed(t, s, inc.ID)
	eventually(t, "both are told", func() bool { return len(in.all()) == 2 })
	if g := in.all()[1]; g.Title != "诊断完成 inc-1：disk is full" || !slices.Equal(g.Steps, []string{"清理磁盘: node-7（需审批）"}) {
		t.Errorf("%+v", g)
	}
}

func TestRetries(t *testing.T) {
	s := storetest.SQLite(t)
	in := newSink(t, func(n int, _ got) (int, string) {
		if n < 4 {
			return 500, ""
		}
		return 200, ""
	})
	o := newOutbox(t, outbox.Config{}, s, sealer(t))
	id := channel(t, o, "webhook", in.config())
	start(t, o)
	incidentOf(t, s, store.Incident{})
	eventually(t, "it is sent", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent") == 1 })
	for _, g := range in.all() {
		if g.ID != in.all()[0].ID || g.ID == "" {
			t.Errorf("tries have IDs %q and %q", in.all()[0].ID, g.ID)
		}
	}
	if d := deliveries(t, s, store.DeliveryFilter{Channel: id})[0]; d.Tries != 4 || len(in.all()) != 4 {
		t.Errorf("%d tries, %d arrived", d.Tries, len(in.all()))
	}
}

// TestRefusedForGood: what the channel refuses is not tried again, and can be by hand.
func TestRefusedForGood(t *testing.T) {
	s := storetest.SQLite(t)
	in := newSink(t, func(n int, _ got) (int, string) {
		if n == 1 {
			return 400, ""
		}
		return 200, ""
	})
	o := newOutbox(t, outbox.Config{}, s, sealer(t))
	id := channel(t, o, "webhook", in.config())
	start(t, o)
	incidentOf(t, s, store.Incident{})
	eventually(t, "it is given up", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "failed") == 1 })
	r := call(t, o, http.MethodGet, "/deliveries?state=failed", "", "")
	if r.status != 200 || !strings.Contains(r.body, "400 Bad Request") || strings.Contains(r.body, in.URL) {
		t.Errorf("the page is told %s", r.body)
	}
	d := deliveries(t, s, store.DeliveryFilter{Channel: id})[0]
	if r := call(t, o, http.MethodPost, fmt.Sprintf("/deliveries/%d/retry", d.ID), "", ""); r.status != 204 {
		t.Fatalf("retry gives %+v", r)
	}
	eventually(t, "it is sent by hand", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent") == 1 })
	if r := call(t, o, http.MethodPost, fmt.Sprintf("/deliveries/%d/retry", d.ID), "", ""); r.status != 422 {
		t.Errorf("a retry of what was sent gives %d", r.status)
	}
	if r := call(t, o, http.MethodPost, "/deliveries/999/retry", "", ""); r.status != 404 {
		t.Errorf("a retry of nothing gives %d", r.status)
	}
}

// TestGivesUp: after a day a delivery has failed.
func TestGivesUp(t *testing.T) {
	s := storetest.SQLite(t)
	in := newSink(t, func(int, got) (int, string) { return 500, "" })
	o := newOutbox(t, outbox.Config{GiveUp: 4 * time.Second}, s, sealer(t))
	id := channel(t, o, "webhook", in.config())
	start(t, o)
	incidentOf(t, s, store.Incident{})
	eventually(t, "it is given up", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "failed") == 1 })
	if len(in.all()) < 2 {
		t.Error("it was given up after one try")
	}
}

// TestAskedToWait: a channel that says when to come back is left alone until
// then, by all deliveries.
func TestAskedToWait(t *testing.T) {
	s := storetest.SQLite(t)
	in := newSink(t, func(n int, _ got) (int, string) {
		if n == 1 {
			return 429, "3600"
		}
		return 200, ""
	})
	o := newOutbox(t, outbox.Config{}, s, sealer(t))
	id := channel(t, o, "webhook", in.config())
	incidentOf(t, s, store.Incident{})
	incidentOf(t, s, store.Incident{})
	incidentOf(t, s, store.Incident{})
	start(t, o)
	later := func() int {
		n := 0
		for _, d := range deliveries(t, s, store.DeliveryFilter{Channel: id}) {
			if d.State == "pending" && d.NextTry.After(time.Now().Add(50*time.Minute)) {
				n++
			}
		}
		return n
	}
	eventually(t, "all wait", func() bool { return later() == 3 })
	if n := len(in.all()); n != 1 {
		t.Errorf("%d requests in the time that it asked for", n)
	}
}

// TestSlowChannel: a channel that hangs keeps no other back.
func TestSlowChannel(t *testing.T) {
	s := storetest.SQLite(t)
	held := make(chan struct{})
	release := sync.OnceFunc(func() { close(held) })
	defer release()
	slow := newSink(t, func(int, got) (int, string) { <-held; return 200, "" })
	fast := newSink(t, nil)
	o := newOutbox(t, outbox.Config{}, s, sealer(t))
	a, b := channel(t, o, "webhook", slow.config()), channel(t, o, "webhook", fast.config())
	const n = 9 // within the burst of a channel
	for range n {
		incidentOf(t, s, store.Incident{})
	}
	stop := start(t, o)
	eventually(t, "the fast channel has all", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: b}), "sent") == n })
	if sent := count(deliveries(t, s, store.DeliveryFilter{Channel: a}), "sent"); sent != 0 {
		t.Errorf("%d sent on the channel that hangs", sent)
	}
	release()
	eventually(t, "the slow channel has all", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: a}), "sent") == n })
	stop()
	if len(slow.all()) != n || len(fast.all()) != n {
		t.Errorf("%d and %d requests, want %d each", len(slow.all()), len(fast.all()), n)
	}
}

// TestOrder: messages about one incident arrive in order, whatever fails.
func TestOrder(t *testing.T) {
	s := storetest.SQLite(t)
	var mu sync.Mutex
	failed := map[string]bool{}
	in := newSink(t, func(_ int, g got) (int, string) {
		mu.Lock()
		defer mu.Unlock()
		if !failed[g.ID] { // everything fails once
			failed[g.ID] = true
			return 502, ""
		}
		return 200, ""
	})
	o := newOutbox(t, outbox.Config{}, s, sealer(t))
	id := channel(t, o, "webhook", in.config())
	var ids []string
	for range 3 {
		ids = append(ids, incidentOf(t, s, store.Incident{}).ID)
	}
	for _, kind := range []string{"diagnosed", "failed", "resolved"} {
		for _, inc := range ids {
			notice(t, s, store.Notice{Incident: inc, Kind: kind})
		}
	}
	start(t, o)
	eventually(t, "all are sent", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent") == 12 })
	order := map[string][]string{}
	seen := map[string]int{}
	for _, g := range in.all() {
		if seen[g.ID]++; seen[g.ID] == 2 {
			order[g.Incident] = append(order[g.Incident], g.Kind)
		}
	}
	for _, inc := range ids {
		if !slices.Equal(order[inc], []string{"opened", "diagnosed", "failed", "resolved"}) {
			t.Errorf("%s: %v", inc, order[inc])
		}
	}
}

// TestUpdatesFold: of several updates the last goes out.
func TestUpdatesFold(t *testing.T) {
	s, in := storetest.SQLite(t), newSink(t, nil)
	o := newOutbox(t, outbox.Config{}, s, sealer(t))
	id := channel(t, o, "webhook", in.config())
	inc := incidentOf(t, s, store.Incident{})
	for range 20 {
		notice(t, s, store.Notice{Incident: inc.ID, Kind: "updated"})
	}
	start(t, o)
	eventually(t, "nothing waits", func() bool {
		ds := deliveries(t, s, store.DeliveryFilter{Channel: id})
		return len(ds) == 21 && count(ds, "pending") == 0
	})
	ds := deliveries(t, s, store.DeliveryFilter{Channel: id})
	if count(ds, "sent") != 2 || count(ds, "muted") != 19 || ds[0].State != "sent" {
		t.Errorf("%d sent, %d muted, the last is %s", count(ds, "sent"), count(ds, "muted"), ds[0].State)
	}
}

// TestRestart stops and starts outboxes while messages are on their way: none
// is lost, and none comes twice.
func TestRestart(t *testing.T) {
	s, k, in := storetest.SQLite(t), sealer(t), newSink(t, func(int, got) (int, string) { return 200, "" })
	first := newOutbox(t, outbox.Config{}, s, k)
	id := channel(t, first, "loki", `{"url":"http://127.0.0.1:1"}`) // never there; must not matter
	sinkID := channel(t, first, "webhook", in.config())
	const n = 30
	for range n {
		incidentOf(t, s, store.Incident{})
	}
	for i := 1; count(deliveries(t, s, store.DeliveryFilter{Channel: sinkID}), "sent") < n; i++ {
		if i > 200 {
			t.Fatal("200 starts were not enough")
		}
		stop := start(t, newOutbox(t, outbox.Config{}, s, k))
		want := min(i*3, n)
		eventually(t, "some more arrive", func() bool { return len(in.all()) >= want })
		stop()
	}
	seen := map[string]int{}
	for _, g := range in.all() {
		seen[g.ID]++
	}
	if len(seen) != n || len(in.all()) != n {
		t.Errorf("%d messages in %d requests, want %d", len(seen), len(in.all()), n)
	}
	if sent := count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent"); sent != 0 {
		t.Errorf("%d sent to nowhere", sent)
	}
}

// TestTwoProcesses: two outboxes on one store send everything once.
func TestTwoProcesses(t *testing.T) {
	s, k, in := storetest.SQLite(t), sealer(t), newSink(t, nil)
	a, b := newOutbox(t, outbox.Config{}, s, k), newOutbox(t, outbox.Config{}, s, k)
	id := channel(t, a, "webhook", in.config())
	start(t, a)
	start(t, b)
	const n = 15
	for range n {
		incidentOf(t, s, store.Incident{})
	}
	eventually(t, "all are sent", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent") == n })
	if len(in.all()) != n {
		t.Errorf("%d requests for %d messages", len(in.all()), n)
	}
}

func TestSwitchedOffAndDeleted(t *testing.T) {
	s, in := storetest.SQLite(t), newSink(t, nil)
	o := newOutbox(t, outbox.Config{}, s, sealer(t))
	off, gone := channel(t, o, "webhook", in.config()), channel(t, o, "webhook", fmt.Sprintf(`{"url":"%s/gone"}`, in.URL))
	body := fmt.Sprintf(`{"name":"off","kind":"webhook","enabled":false,"config":{"url":%q}}`, in.URL)
	if r := call(t, o, http.MethodPut, "/channels/"+off, body, "*"); r.status != 200 {
		t.Fatal(r)
	}
	if r := call(t, o, http.MethodDelete, "/channels/"+gone, "", "*"); r.status != 204 {
		t.Fatal(r)
	}
	start(t, o)
	incidentOf(t, s, store.Incident{})
	eventually(t, "it is muted", func() bool { return count(deliveries(t, s, store.DeliveryFilter{}), "muted") == 1 })
	if len(in.all()) != 0 {
		t.Error("it was sent")
	}
	// The test button works on a channel that is switched off.
	if r := call(t, o, http.MethodPost, "/channels/"+off+"/test", "", ""); r.status != 200 || !strings.Contains(r.body, `"ok":true`) {
		t.Errorf("test: %+v", r)
	}
	if g := in.all(); len(g) != 1 || g[0].Kind != "test" {
		t.Errorf("%+v", g)
	}
}

func TestTestButtonFails(t *testing.T) {
	s := storetest.SQLite(t)
	in := newSink(t, func(int, got) (int, string) { return 403, "" })
	o := newOutbox(t, outbox.Config{}, s, sealer(t))
	id := channel(t, o, "webhook", in.config())
	r := call(t, o, http.MethodPost, "/channels/"+id+"/test", "", "")
	if r.status != 200 || !strings.Contains(r.body, `"ok":false`) || !strings.Contains(r.body, "403") || strings.Contains(r.body, in.URL) {
		t.Errorf("%+v", r)
	}
	if r := call(t, o, http.MethodPost, "/channels/nowhere/test", "", ""); r.status != 404 {
		t.Errorf("%+v", r)
	}
}

// TestManyForSlowChannel: hundreds of messages for a channel that takes few keep
// no other channel back.
func TestManyForSlowChannel(t *testing.T) {
	s := storetest.SQLite(t)
	var mu sync.Mutex
	ding := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		ding++
		_, _ = io.WriteString(w, `{"errcode":0}`)
	}))
	defer srv.Close()
	fast := newSink(t, nil)
	o := newOutbox(t, outbox.Config{}, s, sealer(t))
	slow := channel(t, o, "dingtalk", fmt.Sprintf(`{"url":%q}`, srv.URL))
	const n = 250
	for range n {
		incidentOf(t, s, store.Incident{})
	}
	start(t, o)
	eventually(t, "all are routed", func() bool { return len(deliveries(t, s, store.DeliveryFilter{Channel: slow})) == n })
	id := channel(t, o, "webhook", fast.config())
	incidentOf(t, s, store.Incident{})
	eventually(t, "the fast channel has its message", func() bool { return count(deliveries(t, s, store.DeliveryFilter{Channel: id}), "sent") == 1 })
	mu.Lock()
	defer mu.Unlock()
	if ding > 5 {
		t.Errorf("%d messages at once to a robot that is shut out after 20 a minute", ding)
	}
	for _, d := range deliveries(t, s, store.DeliveryFilter{Channel: slow}) {
		if d.State != "pending" && d.State != "sent" {
			t.Errorf("one is %s: %s", d.State, d.Error)
		}
	}
}
