package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"triagent/api/outbox"
	"triagent/incident"
	"triagent/internal/seal"
	"triagent/report"
	"triagent/store"
)

var someone = store.Actor{Name: "test"}

func sealer(t testing.TB) *seal.Sealer {
	t.Helper()
	s, err := seal.Open(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// quick makes an outbox that polls and retries fast.
func quick(c outbox.Config) outbox.Config {
	c.Poll, c.Retry = 5*time.Millisecond, time.Millisecond
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.PublicURL == nil {
		c.PublicURL = func(context.Context) string { return "https://triagent.example" }
	}
	return c
}

func newOutbox(t testing.TB, c outbox.Config, s *store.Store, k *seal.Sealer) *outbox.Outbox {
	t.Helper()
	o, err := outbox.New(quick(c), s, k)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// start runs an outbox; the function returned stops it and waits for its end.
func start(t testing.TB, o *outbox.Outbox) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := o.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	return stop
}

// eventually asks until it is so, for at most 20 s.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-tick.C {
		if so() {
			return
		}
	}
	t.Fatalf("after 20 s still not: %s", what)
}

func incidentOf(t testing.TB, s *store.Store, in store.Incident) store.Incident {
	t.Helper()
	if in.Title == "" {
		in.Title = "disk is full"
	}
	if in.Severity == 0 {
		in.Severity = store.Critical
	}
	in.Status, in.Progress, in.Source, in.Started = store.Open, store.Waiting, "api", time.Now().Add(-time.Minute)
	out, _, err := s.CreateIncident(t.Context(), someone, in, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func notice(t testing.TB, s *store.Store, n store.Notice) {
	t.Helper()
	if err := s.AddNotice(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

// channel stores a channel through the API, so that its secrets are sealed.
func channel(t testing.TB, o *outbox.Outbox, kind, config string) string {
	t.Helper()
	r := call(t, o, http.MethodPost, "/channels", fmt.Sprintf(`{"name":%q,"kind":%q,"config":%s}`, kind+config, kind, config), "")
	if r.status != http.StatusCreated {
		t.Fatalf("create channel: %d %s", r.status, r.body)
	}
	var c struct{ ID string }
	if err := json.Unmarshal([]byte(r.body), &c); err != nil {
		t.Fatal(err)
	}
	return c.ID
}

func deliveries(t testing.TB, s *store.Store, f store.DeliveryFilter) []store.Delivery {
	t.Helper()
	f.Limit = 500
	out, _, err := s.Deliveries(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func count(ds []store.Delivery, state string) int {
	n := 0
	for _, d := range ds {
		if d.State == state {
			n++
		}
	}
	return n
}

// sink is a receiver of webhooks.
type sink struct {
	*httptest.Server
	mu     sync.Mutex
	got    []got
	answer func(n int, g got) (status int, header string) // nil: 200
}

type got struct {
	ID, Kind, Incident, Title, Text, Severity string
	Steps                                     []string
}

func newSink(t testing.TB, answer func(n int, g got) (int, string)) *sink {
	t.Helper()
	s := &sink{answer: answer}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var g got
		if err := json.NewDecoder(r.Body).Decode(&g); err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		s.got = append(s.got, g)
		n := len(s.got)
		s.mu.Unlock()
		if s.answer != nil {
			status, header := s.answer(n, g)
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(status)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *sink) all() []got {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]got(nil), s.got...)
}

func (s *sink) config() string { return fmt.Sprintf(`{"url":%q}`, s.URL) }

// diagnosed makes the last diagnosis of an incident.
func diagnosed(t testing.TB, s *store.Store, id string) {
	t.Helper()
	if _, err := s.Enqueue(t.Context(), someone, id, "asked", time.Time{}); err != nil {
		t.Fatal(err)
	}
	j, ok, err := s.Take(t.Context(), "w", time.Minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	d := incident.Diagnosis{
		Verdict: incident.Likely, Confidence: 0.81, Summary: incident.Say("summary.cause", "node", "node-7", "fault", "disk_full", "onset", "10:00"),
		Causes: []incident.Cause{{Rank: 1, Node: "node-7", Fault: "disk_full", Probability: 0.81}},
		Plan:   &incident.Plan{ID: "p", Steps: []incident.Action{{Action: "free_disk", Target: "node-7", NeedsApproval: true}}},
	}
	if err := s.Finish(t.Context(), j, d); err != nil {
		t.Fatal(err)
	}
}

var _ report.Words = words

func words(lang, key string) (string, bool) {
	known := map[string][2]string{
		"fault.disk_full": {"disk full", "磁盘已满"}, "verdict.likely": {"likely", "很可能"}, "action.free_disk": {"Free disk space", "清理磁盘"},
	}
	w, ok := known[key]
	if lang == "zh" {
		return w[1], ok
	}
	return w[0], ok
}

// logTo is a logger into a buffer.
func logTo(mu *sync.Mutex, w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(locked{mu, w}, nil))
}

type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
