package importer

import (
	"os"
	"path/filepath"
	"testing"

	"triagent/telemetry"
)

// datasets is the folder of the public sets; the test is skipped without it.
func datasets(t *testing.T, set string) string {
	t.Helper()
	root := os.Getenv("TRIAGENT_DATASETS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "datasets")
	}
	dir := filepath.Join(root, set)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("data set %s is not here: set TRIAGENT_DATASETS", set)
	}
	return dir
}

func TestRealSets(t *testing.T) {
	if testing.Short() {
		t.Skip("imports whole data sets")
	}
	for _, tt := range []struct {
		kind  Kind
		cases map[string]int // by set
	}{
		{DBSherlock, map[string]int{"dbsherlock-single": 110, "dbsherlock-compound": 66}},
		{Raft, map[string]int{"iotdb-raft": 1}},
		{TVDiag, map[string]int{"tvdiag-sockshop": 489, "tvdiag-hotel": 200}},
	} {
		for _, m := range imported(t, tt.kind, datasets(t, string(tt.kind))) {
			if got := len(m.Cases); got != tt.cases[m.Name] {
				t.Errorf("%s: %d cases, want %d", m.Name, got, tt.cases[m.Name])
			}
			for _, e := range m.Cases {
				p := filepath.Join(m.Dir, e.Path)
				if _, err := telemetry.Open(t.Context(), p, telemetry.Limits{}); err != nil {
					t.Fatalf("%s: %v", e.ID, err)
				}
				if truth, err := telemetry.ReadTruth(t.Context(), p); err != nil || len(truth.Causes) == 0 {
					t.Fatalf("%s: truth %+v, %v", e.ID, truth, err)
				}
			}
		}
	}
}

// TestRealNezhaTraps reads the three places of the set that need care.
func TestRealNezhaTraps(t *testing.T) {
	src := datasets(t, "nezha")
	table, err := readPodTable(filepath.Join(src, "rca_data", "2022-08-22", "metric", "adservice-5f6585d649-fnmft_metric.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if first := table.times[0] / 1e9; first != 1661140279 { // the stamp column says 1861140279
		t.Errorf("first sample at %d, want 2022-08-22 03:51:19", first)
	}
	d := &nezhaDay{logs: map[string][]stamped{}, hosts: map[string]string{}}
	if err := d.eachGzip(filepath.Join(src, "rca_data", "2023-01-29", "log", "10_06_log.csv.gz"), d.addLog); err != nil {
		t.Fatal(err)
	}
	if d.damaged != 2 {
		t.Errorf("%d damaged lines, want 2", d.damaged)
	}
	n := 0
	for _, l := range d.logs {
		n += len(l)
	}
	if n != 2129 {
		t.Errorf("%d lines, want 2129", n)
	}
}
