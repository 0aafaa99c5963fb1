package telemetry

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"triagent/incident"
)

// TestCollected writes how a bundle was come by, reads it back and copies it.
func TestCollected(t *testing.T) {
	want := Collected{
		Sources: []SourceUse{
			{Name: "prom", Kind: "prometheus", At: "http://127.0.0.1:9090", Requests: 12, Bytes: 4096, Took: 1500 * time.Millisecond, Gave: "312 series"},
			{Name: "logs", Kind: "loki", Failed: "nothing listens there"},
		},
		Queries:    []Query{{File: "metrics/n1.csv", Column: "up", Source: "prom", Text: `up{instance="n1:9090"}`}, {File: "traces.jsonl", Source: "jaeger", Text: "/api/traces"}},
		Clocks:     []ClockOffset{{Of: "prom", Least: -time.Second, Most: 20 * time.Millisecond}},
		Missing:    []incident.Missing{{What: "logs", Why: "loki: nothing listens there"}},
		Reductions: []incident.Reduction{{Stage: "collect", In: 400, Out: 300, Unit: "series", How: "the first by name", Rest: "raise max_series"}},
	}
	dir := filepath.Join(t.TempDir(), "b")
	err := Write(t.Context(), dir, func(w *Writer) error {
		if err := w.Collected(&want); err != nil {
			return err
		}
		return w.Incident(incident.Incident{ID: "x"}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, copied(t, dir)} {
		b, err := Open(t.Context(), path, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, b.Collected); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
		if b.Missing[0] != want.Missing[0] {
			t.Errorf("missing %v", b.Missing)
		}
	}
	// A line of a kind that is not known is passed over, one that is no JSON is named.
	file := filepath.Join(dir, "collected.jsonl")
	if err := os.Remove(file + ".gz"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("{\"kind\":\"later\",\"x\":{}}\n{\"kind\":\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), dir, Limits{}); err == nil || !strings.Contains(err.Error(), "collected.jsonl:2:") {
		t.Errorf("error %v, want one that names line 2", err)
	}
}

func copied(t *testing.T, from string) string {
	t.Helper()
	b, err := Open(t.Context(), from, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "c.tar.gz")
	if err := Copy(t.Context(), to, b, nil); err != nil {
		t.Fatal(err)
	}
	return to
}
