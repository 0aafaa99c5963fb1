package evidence

import (
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"triagent/incident"
)

// labDir is the folder of the recorded bundles; the test is skipped without it.
func labDir(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("TRIAGENT_DATASETS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "datasets")
	}
	dir = filepath.Join(dir, "iotdb-lab")
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("no recorded bundles: %v (set TRIAGENT_DATASETS)", err)
	}
	return dir
}

type labTable struct {
	node   string
	times  []int64
	names  []string
	values [][]float64
}

type labCase struct {
	frame  Frame
	tables []labTable
	node   string // the faulty one; empty: healthy
	fault  string
	from   time.Time
}

// readLab reads a bundle's metrics and truth with the standard library alone.
func readLab(tb testing.TB, dir string) labCase {
	tb.Helper()
	var in struct{ Window, Baseline incident.Window }
	var truth struct {
		Causes []struct {
			Node, Fault string
			From        time.Time
		}
	}
	for name, to := range map[string]any{"incident.json": &in, "truth.json": &truth} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = json.Unmarshal(b, to)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	c := labCase{frame: Frame{
		Window: in.Window, Baseline: []incident.Window{in.Baseline},
		Search: incident.Window{From: in.Window.From.Add(-90 * time.Second), To: in.Window.To},
	}}
	if len(truth.Causes) > 0 {
		c.node, c.fault, c.from = truth.Causes[0].Node, truth.Causes[0].Fault, truth.Causes[0].From
	}
	files, err := filepath.Glob(filepath.Join(dir, "metrics", "*.csv.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	sort.Strings(files)
	for _, f := range files {
		c.tables = append(c.tables, readLabTable(tb, f))
	}
	return c
}

func readLabTable(tb testing.TB, path string) labTable {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	t := labTable{node: strings.TrimSuffix(filepath.Base(path), ".csv.gz"), names: rows[0][1:]}
	t.values = make([][]float64, len(t.names))
	for _, r := range rows[1:] {
		ms, err := strconv.ParseInt(r[0], 10, 64)
		if err != nil {
			tb.Fatal(err)
		}
		t.times = append(t.times, ms*1e6)
		for i, cell := range r[1:] {
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				v = nan
			}
			t.values[i] = append(t.values[i], v)
		}
	}
	return t
}

// labMeaning guesses what knowledge would say, from the naming scheme of the
// recordings.
func labMeaning(name string) Meaning {
	var m Meaning
	switch {
	case strings.HasSuffix(name, "bytes_per_s"):
		m.Unit = "bytes/s"
	case strings.HasSuffix(name, "_per_s"), strings.HasSuffix(name, "iops"):
		m.Unit = "1/s"
	case strings.HasSuffix(name, "_ms"):
		m.Unit, m.Log, m.Bad = "ms", true, incident.Up
	case strings.HasSuffix(name, "bytes"):
		m.Unit = "bytes"
	case strings.HasSuffix(name, "percent"):
		m.Unit = "percent"
	}
	return m
}

// telling is a metric that must tell each fault on the faulty node.
var telling = map[string]string{
	"cpu_saturation": "cpu_throttled_percent",
	"io_saturation":  "disk_write_iops",
	"disk_full":      "disk_used_percent",
	"workload_spike": "rpc_query_per_s",
}

// TestLab checks, on recorded faults, that the telling metric is found with
// its onset, also when the alarm is a minute late, and that a node that hangs
// or stops is silent.
func TestLab(t *testing.T) {
	dirs, _ := filepath.Glob(filepath.Join(labDir(t), "iotdb-lab-*"))
	var s Scorer
	told, quiet := 0, 0
	for _, d := range dirs {
		c := readLab(t, d)
		late := c.frame
		late.Window.From = c.from.Add(60 * time.Second)
		late.Baseline = []incident.Window{{From: c.frame.Baseline[0].From, To: late.Window.From}}
		late.Search.From = late.Window.From.Add(-90 * time.Second)
		silent := map[string]int{}
		for _, tb := range c.tables {
			for i, n := range tb.names {
				m := labMeaning(n)
				ch := s.Change(tb.times, tb.values[i], c.frame, m)
				if ch.Shape == incident.Silent {
					silent[tb.node]++
				}
				if tb.node != c.node || telling[c.fault] != n {
					continue
				}
				told++
				after := s.Change(tb.times, tb.values[i], late, m)
				for name, ch := range map[string]Change{"on time": ch, "late": after} {
					from, to := ch.Onset.From.Add(-6*time.Second), ch.Onset.To.Add(6*time.Second)
					if name == "late" && late.Window.Duration() < 15*time.Second {
						continue // hardly anything left to see
					}
					if ch.Score < 20 || ch.Shape == incident.Flat || c.from.Before(from) || c.from.After(to) {
						t.Errorf("%s %s %s %s: score %.1f %s, onset %v, true %v", filepath.Base(d), n, name, c.fault, ch.Score, ch.Shape, ch.Onset, c.from)
					}
				}
			}
		}
		for node, n := range silent {
			wanted := node == c.node && (c.fault == "process_hang" || c.fault == "node_down")
			if wanted {
				quiet++
			}
			if wanted && n < 40 || !wanted && n > 40 { // a node cut off has idle operations
				t.Errorf("%s %s on %s: %d silent metrics on %s", filepath.Base(d), c.fault, c.node, n, node)
			}
		}
	}
	if told < 8 || quiet < 5 {
		t.Errorf("%d telling metrics and %d silent nodes seen", told, quiet)
	}
}

// BenchmarkLab measures all series of one recorded bundle: 850 series of 48.
func BenchmarkLab(b *testing.B) {
	c := readLab(b, filepath.Join(labDir(b), "iotdb-lab-19e25c3b"))
	var s Scorer
	n := 0
	for b.Loop() {
		n = 0
		for _, tb := range c.tables {
			for i := range tb.names {
				s.Change(tb.times, tb.values[i], c.frame, labMeaning(tb.names[i]))
				n++
			}
		}
	}
	b.ReportMetric(float64(n), "series")
}

func readLabFirst(tb testing.TB) labCase {
	return readLab(tb, filepath.Join(labDir(tb), "iotdb-lab-175c8446"))
}

func unixTime(ns int64) time.Time { return time.Unix(0, ns).UTC() }
