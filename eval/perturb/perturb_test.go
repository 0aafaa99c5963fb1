package perturb_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"triagent/eval/perturb"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// files is a bundle of two nodes: metrics every 10 s for 20 minutes, the window
// at minute 15, and a line a minute in a log of either form.
func files() map[string]string {
	t0 := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	out := map[string]string{
		"incident.json": `{"version":1,"id":"x","title":"slow","system":"sys","window":{"from":"2026-01-02T10:15:00Z","to":"2026-01-02T10:18:00Z"},"baseline":{"from":"2026-01-02T10:00:00Z","to":"2026-01-02T10:14:00Z"}}`,
		"topology.json": `{"nodes":[{"id":"a","service":"s"},{"id":"b","service":"s"}],"calls":[{"from":"a","to":"b"}]}`,
		"traces.jsonl": `{"trace_id":"1","span_id":"1","parent_id":"","node":"a","service":"s","name":"n","start":1767348000000000000,"duration":5}
{"trace_id":"1","span_id":"2","parent_id":"1","node":"b","service":"s","name":"a","start":"2026-01-02T10:00:00Z","duration":5}
`,
	}
	for _, n := range []string{"a", "b"} {
		var csv, text strings.Builder
		csv.WriteString("time,cpu,mem\n")
		for i := range 120 {
			at := t0.Add(time.Duration(i) * 10 * time.Second)
			csv.WriteString(at.Format(time.RFC3339) + "," + string(rune('0'+i%6)) + ",7\n")
			if i%6 != 0 {
				continue
			}
			if n == "a" {
				text.WriteString(at.Format("2006-01-02 15:04:05,000") + " [main] INFO  c.Main:1 - hello\n  more of it\n")
			} else {
				text.WriteString(`{"time":"` + at.Format(time.RFC3339) + `","level":"INFO","body":"hello"}` + "\n")
			}
		}
		out["metrics/"+n+".csv"] = csv.String()
		out["logs/"+n+map[string]string{"a": ".log", "b": ".jsonl"}[n]] = text.String()
	}
	return out
}

func open(t *testing.T, files map[string]string) *telemetry.Bundle {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := telemetry.Open(t.Context(), dir, telemetry.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// perturbed carries a perturbation out, with a as the guilty node, and opens what
// comes of it.
func perturbed(t *testing.T, name string, from map[string]string) (*telemetry.Bundle, map[string]string, *perturb.Change) {
	t.Helper()
	b := open(t, from)
	list, err := perturb.Choose([]string{name})
	if err != nil {
		t.Fatal(err)
	}
	c, err := list[0].Plan(t.Context(), perturb.Case{Bundle: b, Incident: b.Incident, Guilty: []incident.NodeID{"a"}, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for m, text := range from {
		edit, edited := c.Edits[m]
		if edited && edit == nil {
			continue
		}
		if edited {
			text = written(t, func(w io.Writer) error { return edit(strings.NewReader(from[m]), w) })
		}
		out[m] = text
	}
	for m, write := range c.More {
		out[m] = written(t, write)
	}
	return open(t, out), out, c
}

func written(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func logTimes(t *testing.T, b *telemetry.Bundle, node incident.NodeID) (out []int64, bodies []string) {
	t.Helper()
	err := b.Logs(context.Background(), []incident.NodeID{node}, func(r *telemetry.Record) error {
		out, bodies = append(out, r.Time), append(bodies, string(r.Body))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, bodies
}

func spanStarts(t *testing.T, b *telemetry.Bundle) map[incident.NodeID]int64 {
	t.Helper()
	out := map[incident.NodeID]int64{}
	if err := b.Spans(context.Background(), func(s *telemetry.Span) error { out[s.Node] = s.Start; return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func nodes(b *telemetry.Bundle) string {
	var out []string
	for _, t := range b.Tables {
		out = append(out, string(t.Node))
	}
	return strings.Join(out, " ")
}

func TestDrop(t *testing.T) {
	for _, tt := range []struct {
		name, tables string
		logs         int
		spans        bool
	}{
		{"drop-metrics", "", 2, true},
		{"drop-logs", "a b", 0, true},
		{"drop-traces", "a b", 2, false},
		{"drop-guilty-metrics", "b", 2, true},
		{"drop-other-metrics", "a", 2, true},
	} {
		b, _, _ := perturbed(t, tt.name, files())
		if nodes(b) != tt.tables || len(b.LogNodes) != tt.logs || b.HasSpans != tt.spans {
			t.Errorf("%s: metrics of %q, logs of %v, spans %t", tt.name, nodes(b), b.LogNodes, b.HasSpans)
		}
	}
}

func TestColumns(t *testing.T) {
	before := open(t, files()).Tables[0]
	b, _, _ := perturbed(t, "rename-metrics", files())
	a := b.Tables[0]
	if a.Column("cpu") != nil || a.Columns[0].Name != b.Tables[1].Columns[0].Name || a.Columns[0].Name == a.Columns[1].Name {
		t.Errorf("columns are %s and %s", a.Columns[0].Name, a.Columns[1].Name)
	}
	if !slices.Equal(a.Columns[0].Values, before.Columns[0].Values) || !slices.Equal(a.Times, before.Times) {
		t.Error("renaming changes values or times")
	}
	_, text, _ := perturbed(t, "shuffle-columns", files())
	b = open(t, text)
	if heads := text["metrics/a.csv"][:12] + text["metrics/b.csv"][:12]; heads == "time,cpu,memtime,cpu,mem" {
		t.Error("no column has moved")
	}
	if !slices.Equal(b.Tables[0].Column("cpu").Values, before.Column("cpu").Values) {
		t.Error("shuffling changes values")
	}
	b, _, _ = perturbed(t, "resample-60s", files())
	a = b.Tables[0]
	if len(a.Times) != 20 || perturb.Step(&a) != time.Minute || a.Column("cpu").Values[0] != 2.5 {
		t.Errorf("%d samples, every %s, the first %v; want 20, a minute, the mean of 0 to 5", len(a.Times), perturb.Step(&a), a.Column("cpu").Values[0])
	}
}

func TestSkew(t *testing.T) {
	for _, tt := range []struct {
		name         string
		moved, stays incident.NodeID
	}{{"skew-guilty-clock", "a", "b"}, {"skew-other-clock", "b", "a"}} {
		was := open(t, files())
		b, _, _ := perturbed(t, tt.name, files())
		for node, by := range map[incident.NodeID]int64{tt.moved: int64(90 * time.Second), tt.stays: 0} {
			before, bodies := logTimes(t, was, node)
			after, same := logTimes(t, b, node)
			if len(after) != 20 || after[3]-before[3] != by || !slices.Equal(bodies, same) {
				t.Errorf("%s: log of %s moved by %d, %d records, %q", tt.name, node, after[3]-before[3], len(after), same[3])
			}
			if d := spanStarts(t, b)[node] - spanStarts(t, was)[node]; d != by {
				t.Errorf("%s: span of %s moved by %d", tt.name, node, d)
			}
			i := slices.IndexFunc(b.Tables, func(t telemetry.Table) bool { return t.Node == node })
			if d := b.Tables[i].Times[5] - was.Tables[i].Times[5]; d != by {
				t.Errorf("%s: metrics of %s moved by %d", tt.name, node, d)
			}
		}
	}
}

func TestNoise(t *testing.T) {
	b, _, _ := perturbed(t, "noise-logs", files())
	for _, node := range []incident.NodeID{"a", "b"} {
		times, bodies := logTimes(t, b, node)
		own := 0
		for _, s := range bodies {
			if strings.HasPrefix(s, "hello") {
				own++
			}
		}
		if len(times) != 40 || own != 20 || !slices.IsSorted(times) {
			t.Errorf("%s: %d records, %d its own, sorted %t; want 40, 20 and true", node, len(times), own, slices.IsSorted(times))
		}
	}
}

func TestLoud(t *testing.T) {
	b, _, _ := perturbed(t, "loud-nodes", files())
	if nodes(b) != "a b extra1-0 extra2-0 extra3-0" || len(b.Topology.Nodes) != 5 || len(b.Topology.Calls) != 1 {
		t.Fatalf("metrics of %s, %d nodes in the topology", nodes(b), len(b.Topology.Nodes))
	}
	v := b.Tables[3].Column("cpu_percent").Values
	low, high := slices.Min(v[:84]), slices.Max(v[:84])
	for _, x := range v[90:] { // the window holds nothing that the baseline does not
		if x < low*.8 || x > high*1.2 {
			t.Errorf("%v in the window, %v to %v before it", x, low, high)
		}
	}
	if high/low < 10 {
		t.Errorf("%v to %v is not loud", low, high)
	}
}

func TestShortBaseline(t *testing.T) {
	_, _, c := perturbed(t, "short-baseline", files())
	if w := c.Incident.Baseline; w.Duration() != 2*time.Minute || w.To.Format("15:04") != "10:14" {
		t.Errorf("baseline %v to %v", w.From, w.To)
	}
	spans := files()
	spans["incident.json"] = strings.Replace(spans["incident.json"], "10:14", "11:00", 1)
	if _, _, c = perturbed(t, "short-baseline", spans); c.Incident.Baseline.To != c.Incident.Window.From || c.Incident.Baseline.Duration() != 2*time.Minute {
		t.Errorf("one that spans the window becomes %v", c.Incident.Baseline)
	}
}

// What holds nothing of the sort is not changed, and said to be so; what is
// changed is so in the same way each time.
func TestIdleAndRepeatable(t *testing.T) {
	bare := map[string]string{"incident.json": `{"version":1,"id":"x","title":"slow","system":"sys"}`}
	for _, p := range perturb.All() {
		if _, _, c := perturbed(t, p.Name, bare); !c.Idle(c.Incident) {
			t.Errorf("%s changes an empty bundle", p.Name)
		}
		b, one, c := perturbed(t, p.Name, files())
		_, two, _ := perturbed(t, p.Name, files())
		if c.Idle(open(t, files()).Incident) {
			t.Errorf("%s changes nothing of a full bundle", p.Name)
		}
		for m := range one {
			if one[m] != two[m] {
				t.Errorf("%s: %s differs from run to run", p.Name, m)
			}
		}
		if b.Incident.ID != "x" {
			t.Errorf("%s: incident %s", p.Name, b.Incident.ID)
		}
	}
	if _, err := perturb.Choose([]string{"nothing-like-it"}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("error %v, want kind invalid", err)
	}
}
