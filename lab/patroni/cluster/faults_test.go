package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/collect"
	"triagent/connectors/fetch"
	"triagent/connectors/postgresql"
	"triagent/connectors/prometheus"
	"triagent/incident"
	"triagent/internal/app"
	"triagent/lab/patroni/cluster"
)

// before is how long the cluster runs well before each fault, and during how
// long a fault lasts before its incident is collected.
const (
	before = 60 * time.Second
	during = 40 * time.Second
)

// rig is a cluster with its load and the sources that watch it.
type rig struct {
	*cluster.Cluster
	sys  collect.System
	app  *app.App
	out  string // folder of the bundles
	hook *hook
}

// hook is whom Alertmanager tells.
type hook struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string // name and instance of alerts, with the time at which they came
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			Status string
			Alerts []struct{ Labels map[string]string }
		}
		if json.NewDecoder(r.Body).Decode(&body) != nil || body.Status != "firing" {
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, a := range body.Alerts {
			h.seen = append(h.seen, fmt.Sprintf("%s %s of %s", time.Now().UTC().Format(time.TimeOnly), a.Labels["alertname"], a.Labels["instance"]))
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// told are the alerts since the last call.
func (h *hook) told() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.seen
	h.seen = nil
	return out
}

// TestFaults does each fault to a real cluster and has what the sources tell of
// it diagnosed, with no more of a hint than that something is slow.
func TestFaults(t *testing.T) {
	if os.Getenv("TRIAGENT_TEST_ALL") != "1" {
		t.Skip("it takes six minutes: set TRIAGENT_TEST_ALL=1")
	}
	r := newRig(t)
	for _, f := range []struct {
		name  string
		fault incident.Fault
		do    func(ctx context.Context, begun func(string)) error
	}{
		{"lag", "replica_lag", func(ctx context.Context, begun func(string)) error { return r.Lag(ctx, "", begun) }},
		{"lock", "lock_contention", r.Lock},
		{"kill", "node_down", func(ctx context.Context, begun func(string)) error {
			name, err := r.Kill(ctx, "")
			if err == nil {
				begun(name)
			}
			<-ctx.Done()
			return err
		}},
	} {
		t.Run(f.name, func(t *testing.T) {
			d, node := r.strike(t, f.name, f.do)
			t.Logf("verdict %s, confidence %.2f; want %s %s", d.Verdict, d.Confidence, node, f.fault)
			for _, c := range d.Causes {
				t.Logf("%d. %s %s %.2f", c.Rank, c.Node, c.Fault, c.Probability)
			}
			if len(d.Causes) == 0 || string(d.Causes[0].Node) != node || d.Causes[0].Fault != f.fault {
				t.Errorf("%s of %s is not named first", f.fault, node)
			}
		})
	}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) { // user nobody goes through it
		if err := os.Chmod(d, 0o755); err != nil { //nolint:gosec // holds no secret
			t.Fatal(err)
		}
	}
	told := newHook(t)
	c, err := cluster.Up(t.Context(), cluster.Plan{Dir: filepath.Join(dir, "lab"), Webhook: told.URL}, func(s string) { t.Log("start", s) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Down(); err != nil {
			t.Error(err)
		}
	})
	if err := c.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var g errgroup.Group
	g.Go(func() error {
		c.Run(ctx, cluster.Load{})
		return nil
	})
	t.Cleanup(func() {
		stop()
		_ = g.Wait() // gives no error
	})
	r := watching(t, c)
	r.hook = told
	return r
}

// watching declares the cluster: its nodes, Patroni, and Prometheus.
func watching(t *testing.T, c *cluster.Cluster) *rig {
	t.Helper()
	var set postgresql.Config
	set.User = "triagent"
	for _, n := range c.Node {
		set.Hosts = append(set.Hosts, n.SQL)
		set.Patroni.URLs = append(set.Patroni.URLs, "http://"+n.REST)
	}
	pg, err := postgresql.New(set)
	if err != nil {
		t.Fatal(err)
	}
	prom, err := prometheus.New(prometheus.Config{Settings: fetch.Settings{URL: c.Prometheus}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(app.Config{})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Cluster: c, app: a, out: t.TempDir(), sys: collect.System{Name: "shop", Kind: "postgresql", Sources: []collect.Source{
		{Name: "postgresql", Kind: "postgresql", Source: pg}, {Name: "prometheus", Kind: "prometheus", At: c.Prometheus, Source: prom},
	}}}
	if keep := os.Getenv("LAB_BUNDLES"); keep != "" {
		r.out = keep
	}
	t.Cleanup(func() {
		if err := r.sys.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// strike lets the cluster run, does a fault, collects, and diagnoses.
func (r *rig) strike(t *testing.T, name string, do func(context.Context, func(string)) error) (incident.Diagnosis, string) {
	t.Helper()
	quiet := time.Now()
	ticking(t, before)
	ctx, stop := context.WithCancel(t.Context())
	begun := make(chan string, 1)
	var g errgroup.Group
	g.Go(func() error { return do(ctx, func(node string) { begun <- node }) })
	node := <-begun
	at := time.Now()
	r.hook.told()
	ticking(t, during)
	dst := filepath.Join(r.out, name)
	got, err := r.sys.Bundle(t.Context(), collect.Ask{Incident: incident.Incident{
		ID: incident.ID("lab-" + name), Title: "slow", Alert: incident.Alert{Name: "SlowTransfers", Time: at.Add(20 * time.Second)},
		Window: incident.Window{From: at.Add(-5 * time.Second), To: time.Now()}, Baseline: incident.Window{From: quiet, To: at.Add(-10 * time.Second)},
	}}, dst)
	stop()
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s at %s, alerts: %q", node, at.UTC().Format(time.TimeOnly), r.hook.told())
	for _, m := range got.Missing {
		t.Logf("missing: %s: %s", m.What, m.Why)
	}
	d, err := r.app.Diagnose(t.Context(), dst, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d, node
}

// ticking lets real time pass: what is measured needs it.
func ticking(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, stop := context.WithTimeoutCause(t.Context(), d, fmt.Errorf("%v are over", d))
	defer stop()
	<-ctx.Done()
	if t.Context().Err() != nil {
		t.Fatal(context.Cause(t.Context()))
	}
}
