package knowledge_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"triagent/knowledge"
)

// datasets returns the folder of the fault data, or skips the test.
func datasets(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TRIAGENT_DATASETS")
	if dir == "" {
		dir = "../../shared/datasets"
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no fault data at %s: set TRIAGENT_DATASETS", dir)
	}
	return dir
}

// header returns the columns of a CSV file without those of time, labels and
// names of nodes.
func header(t *testing.T, file string) []string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Skip(err)
	}
	defer f.Close() //nolint:errcheck // only read from
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for name := range strings.SplitSeq(strings.TrimSpace(line), ",") {
		if !slices.Contains([]string{"time", "Time", "TimeStamp", "PodName", "is_abnormal", "Epoch"}, name) {
			out = append(out, name)
		}
	}
	return out
}

// first returns the first file that fits a pattern.
func first(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Skipf("no file %s", pattern)
	}
	return files[0]
}

// alertNames returns the distinct names of metric alerts (third-last of node,
// name, direction).
func alertNames(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Skip(err)
	}
	var cases map[string][][]string
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, alerts := range cases {
		for _, a := range alerts {
			if len(a) == 3 && !slices.Contains(out, a[1]) {
				out = append(out, a[1])
			}
		}
	}
	slices.Sort(out)
	return out
}

// TestCoverage prints what the columns of real data are taken for, and wants
// nearly all of them understood.
func TestCoverage(t *testing.T) {
	dir := datasets(t)
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	lab := first(t, dir+"/iotdb-lab/iotdb-lab-*/metrics")
	for _, tt := range []struct {
		name, system, service string
		columns               []string
	}{
		{"iotdb-lab datanode", "iotdb", "datanode", header(t, lab+"/datanode-1.csv.gz")},
		{"iotdb-lab confignode", "iotdb", "confignode", header(t, lab+"/confignode-1.csv.gz")},
		{"iotdb-lab client", "iotdb", "client", header(t, lab+"/client-1.csv.gz")},
		{"nezha pod", "", "", header(t, first(t, dir+"/nezha/rca_data/*/metric/*_metric.csv*"))},
		{"dbsherlock as mysql", "mysql", "", header(t, first(t, dir+"/dbsherlock/single/*.csv"))},
		{"dbsherlock, system unknown", "", "", header(t, first(t, dir+"/dbsherlock/single/*.csv"))},
		{"tvdiag sockshop", "microservice", "", alertNames(t, dir+"/tvdiag/sockshop/raw/metrics.json")},
		{"tvdiag hotel", "microservice", "", alertNames(t, dir+"/tvdiag/hotel/raw/metrics.json")},
		{"docker stats", "", "", []string{"CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS"}},
	} {
		t.Run(tt.name, func(t *testing.T) { cover(t, base, tt.system, tt.service, tt.columns) })
	}
}

// cover checks and prints one list of names.
func cover(t *testing.T, base *knowledge.Base, system, service string, columns []string) {
	var known int
	var lost []string
	var table strings.Builder
	for _, name := range columns {
		m, ok := base.Metric(system, service, name)
		if ok {
			known++
		} else {
			lost = append(lost, name)
		}
		fmt.Fprintf(&table, "%-48s %-26s %-10s %-8s counter=%-5v scale=%g log=%v\n", name, m.Signal, m.Scope, m.Unit, m.Counter, m.Scale, m.Log)
	}
	share := float64(known) / float64(max(len(columns), 1))
	t.Logf("%d of %d understood (%.1f %%)\n%s", known, len(columns), 100*share, table.String())
	if share < 0.95 {
		t.Errorf("only %.1f %% understood; not: %s", 100*share, strings.Join(lost, ", "))
	}
}
