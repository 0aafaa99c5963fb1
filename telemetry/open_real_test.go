package telemetry

import (
	"os"
	"path/filepath"
	"testing"
)

// labBundles returns the recorded bundles, or skips the test.
func labBundles(tb testing.TB) []string {
	tb.Helper()
	root := os.Getenv("TRIAGENT_DATASETS")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "datasets")
	}
	dirs, _ := filepath.Glob(filepath.Join(root, "iotdb-lab", "*", "incident.json"))
	if len(dirs) == 0 {
		tb.Skipf("no iotdb-lab bundles under %s: set TRIAGENT_DATASETS", root)
	}
	for i, d := range dirs {
		dirs[i] = filepath.Dir(d)
	}
	return dirs
}

func TestOpenRecorded(t *testing.T) {
	dirs := labBundles(t)
	if len(dirs) != 46 {
		t.Errorf("%d bundles, want 46", len(dirs))
	}
	var records, spans, timed, levelled, failures int
	for _, dir := range dirs {
		b, err := Open(t.Context(), dir, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Tables) != 7 || len(b.LogNodes) != 6 || !b.HasSpans || len(b.Topology.Nodes) != 7 || b.Incident.Window.IsZero() {
			t.Errorf("%s: %d tables, %d logs, spans %v, %d nodes", dir, len(b.Tables), len(b.LogNodes), b.HasSpans, len(b.Topology.Nodes))
		}
		err = b.Logs(t.Context(), nil, func(r *Record) error {
			records++
			if r.Time != 0 {
				timed++
			}
			if r.Level != NoLevel {
				levelled++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = b.Spans(t.Context(), func(s *Span) error {
			spans++
			if s.Failed {
				failures++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadTruth(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d records (%d timed, %d with a level), %d spans (%d failed)", records, timed, levelled, spans, failures)
	if timed != records || levelled != records {
		t.Errorf("of %d records %d have a time and %d a level", records, timed, levelled)
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := labBundles(b)[0]
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		if _, err := Open(b.Context(), dir, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSpans(b *testing.B) {
	bundle, err := Open(b.Context(), labBundles(b)[0], Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		if err := bundle.Spans(b.Context(), func(*Span) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLogs(b *testing.B) {
	bundle, err := Open(b.Context(), labBundles(b)[0], Limits{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		if err := bundle.Logs(b.Context(), nil, func(*Record) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
