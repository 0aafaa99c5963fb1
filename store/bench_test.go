package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"triagent/incident"
	"triagent/store"
	"triagent/store/storetest"
)

// The benchmarks run on SQLite, and on PostgreSQL where it is installed, with
// TRIAGENT_TEST_FSYNC=on as in production.
func benchEach(b *testing.B, run func(b *testing.B, s *store.Store)) {
	b.Run(store.SQLite, func(b *testing.B) { run(b, storetest.SQLite(b)) })
	b.Run(store.PostgreSQL, func(b *testing.B) { run(b, storetest.With(b, store.Config{URL: storetest.Postgres(b)})) })
}

// BenchmarkTakeAlerts has 64 callers take one new alert in at a time, of 50
// incidents.
func BenchmarkTakeAlerts(b *testing.B) {
	benchEach(b, func(b *testing.B, s *store.Store) {
		var n atomic.Int64
		var wg sync.WaitGroup
		at := time.Now()
		b.ResetTimer()
		for range 64 {
			wg.Go(func() {
				for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
					a := firing(fmt.Sprint("f", i), fmt.Sprint("node-", i%200), at)
					if _, err := s.TakeAlerts(context.Background(), []store.Placed{placed(a, fmt.Sprint("k", i%50))}); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "alerts/s")
	})
}

// BenchmarkTakeFinish takes and finishes diagnoses one after the other.
func BenchmarkTakeFinish(b *testing.B) {
	benchEach(b, func(b *testing.B, s *store.Store) {
		ctx := b.Context()
		var d incident.Diagnosis
		d.Causes = []incident.Cause{{Node: "db-1", Fault: "cpu_saturation"}}
		for i := range 40 {
			d.Graph.Nodes = append(d.Graph.Nodes, incident.GraphNode{ID: incident.NodeID(fmt.Sprint("n", i))})
			d.Charts = append(d.Charts, incident.Chart{Values: make([]float64, 500), Times: make([]time.Time, 500)})
		}
		for range b.N {
			if _, _, err := s.CreateIncident(ctx, admin, store.Incident{Title: "x"}, "", &store.Job{}); err != nil {
				b.Fatal(err)
			}
			j, ok, err := s.Take(ctx, "w", time.Minute)
			if err != nil || !ok {
				b.Fatal(ok, err)
			}
			if err := s.Finish(ctx, j, d); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// fill makes 10,000 incidents and 100,000 alerts.
func fill(b *testing.B, s *store.Store) {
	b.Helper()
	ctx, start := b.Context(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := 0; i < 10000; i += 500 {
		var ps []store.Placed
		for j := i; j < i+500; j++ {
			for k := range 10 {
				a := store.Alert{
					Source: "alertmanager", Fingerprint: fmt.Sprintf("%d-%d", j, k), Name: []string{"HighLatency", "DiskFull", "PodCrash"}[k%3],
					Node: fmt.Sprintf("node-%04d", (j*7+k)%5000), Severity: store.Severity(1 + j%4), Starts: start.Add(time.Duration(j*60+k) * time.Second),
					Labels:      map[string]string{"job": "shop", "instance": fmt.Sprintf("10.0.%d.%d:9100", j%256, k), "namespace": fmt.Sprint("ns-", j%40)},
					Annotations: map[string]string{"summary": fmt.Sprintf("latency of request %d is above the limit of 500 ms for 5 minutes", j*10+k), "runbook": "look at the dashboard"},
				}
				if j < 9900 {
					a.Ends = a.Starts.Add(time.Hour)
				}
				ps = append(ps, store.Placed{Alert: a, Open: &store.Incident{Title: fmt.Sprintf("Trouble with service %d", j%97), Source: "alertmanager", Key: fmt.Sprint("key", j), System: fmt.Sprint("sys", j%5), Labels: a.Labels}})
			}
		}
		if _, err := s.TakeAlerts(ctx, ps); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLists reports the 95th percentile of queries over 10,000 incidents
// and 100,000 alerts.
func BenchmarkLists(b *testing.B) {
	if testing.Short() {
		b.Skip("filling takes a while")
	}
	for _, dialect := range []string{store.SQLite, store.PostgreSQL} {
		b.Run(dialect, func(b *testing.B) {
			cfg := store.Config{Path: filepath.Join(b.TempDir(), "a.db")}
			if dialect == store.PostgreSQL {
				cfg = store.Config{URL: storetest.Postgres(b)}
			}
			s := storetest.With(b, cfg)
			began := time.Now()
			fill(b, s)
			b.Logf("filled in %v", time.Since(began).Round(time.Millisecond))
			if dialect == store.PostgreSQL {
				analyze(b, cfg.URL)
			}
			page, err := s.Incidents(b.Context(), store.Filter{Limit: 500})
			if err != nil {
				b.Fatal(err)
			}
			queries(b, s, page.Next)
		})
	}
}

func analyze(b *testing.B, url string) {
	b.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec("VACUUM ANALYZE"); err != nil {
		b.Fatal(err)
	}
}

func queries(b *testing.B, s *store.Store, next string) {
	incidents := func(f store.Filter) func() (int, error) {
		return func() (int, error) {
			p, err := s.Incidents(b.Context(), f)
			return len(p.Items), err
		}
	}
	alerts := func(f store.AlertFilter) func() (int, error) {
		return func() (int, error) {
			p, _, err := s.Alerts(b.Context(), f)
			return len(p), err
		}
	}
	for _, q := range []struct {
		name string
		run  func() (int, error)
	}{
		{"incidents/first", incidents(store.Filter{})},
		{"incidents/counted", incidents(store.Filter{CountUpTo: 10000})},
		{"incidents/page", incidents(store.Filter{After: next})},
		{"incidents/open", incidents(store.Filter{Status: []store.Status{store.Open}, CountUpTo: 1000})},
		{"incidents/node", incidents(store.Filter{Node: "node-0123"})},
		{"incidents/severity", incidents(store.Filter{Severity: []store.Severity{store.Critical}, Sort: "-severity", System: "sys3"})},
		{"incidents/text-common", incidents(store.Filter{Text: "trouble", CountUpTo: 1000})},
		{"incidents/text-rare", incidents(store.Filter{Text: "inc-9876"})},
		{"incidents/text-none", incidents(store.Filter{Text: "nowhere to be found", CountUpTo: 1000})},
		{"incidents/text-short", incidents(store.Filter{Text: "zz", CountUpTo: 1000})},
		{"alerts/first", alerts(store.AlertFilter{})},
		{"alerts/firing", alerts(store.AlertFilter{Firing: true})},
		{"alerts/node", alerts(store.AlertFilter{Node: "node-0123"})},
		{"alerts/text-common", alerts(store.AlertFilter{Text: "latency limit"})},
		{"alerts/text-rare", alerts(store.AlertFilter{Text: "request 98765"})},
		{"alerts/text-none", alerts(store.AlertFilter{Text: "nowhere"})},
		{"alerts/text-short", alerts(store.AlertFilter{Text: "zz"})},
	} {
		b.Run(q.name, func(b *testing.B) {
			var took []time.Duration
			found := 0
			for range b.N {
				began := time.Now()
				n, err := q.run()
				if err != nil {
					b.Fatal(err)
				}
				took, found = append(took, time.Since(began)), n
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
			b.ReportMetric(float64(found), "rows")
		})
	}
}
