package data

import (
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"triagent/agents"
	"triagent/evidence"
	"triagent/incident"
	"triagent/knowledge"
	"triagent/telemetry"
)

// gauges are metric names and alerts that mean the signals named.
const gauges = `
signals:
  - {signal: rig.busy, bad: up, nature: internal, en: busy, zh: 忙}
  - {signal: rig.served, bad: down, nature: load, en: served, zh: 已服务}
metrics:
  - table: rig
    rules:
      - {if: "rig busy", is: rig.busy, unit: percent}
      - {if: "rig served", is: rig.served, unit: count, counter: "yes"}
`

// Rows of a record: one every 10 s for 15 minutes; the window is the last five
// minutes, the baseline the first nine.
const (
	rowStep   = 10
	rowCount  = 90
	windowRow = 60
)

// record is the metrics of nodes, in memory.
type record struct {
	in  agents.Input
	rng *rand.Rand
}

func newRecord(t *testing.T) *record {
	t.Helper()
	base, err := knowledge.Load(fstest.MapFS{"rig.yaml": {Data: []byte(gauges)}})
	if err != nil {
		t.Fatal(err)
	}
	w := window(windowRow*rowStep, rowCount*rowStep)
	return &record{rng: rand.New(rand.NewPCG(3, 4)), in: agents.Input{
		Base: base, Bundle: &telemetry.Bundle{Incident: incident.Incident{Window: w}},
		Frame: agents.Frame{Window: w, Search: w, Baseline: []incident.Window{window(0, (windowRow-6)*rowStep)}},
	}}
}

// node adds a node with metrics; each is a function of the row, 100 where nil,
// and gets a noise of 1 %.
func (r *record) node(id incident.NodeID, metrics map[string]func(row int) float64) {
	t := telemetry.Table{Node: id}
	for i := range rowCount {
		t.Times = append(t.Times, at(float64(i*rowStep)).UnixNano())
	}
	var names []string
	for name := range metrics {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		col := telemetry.Column{Name: name}
		for i := range rowCount {
			v := 100 * (1 + 0.01*r.rng.NormFloat64())
			if f := metrics[name]; f != nil {
				v = f(i) * v / 100
			}
			col.Values = append(col.Values, v)
		}
		t.Columns = append(t.Columns, col)
	}
	r.in.Bundle.Tables = append(r.in.Bundle.Tables, t)
	r.in.Bundle.Topology.Nodes = append(r.in.Bundle.Topology.Nodes, incident.Node{ID: id})
	r.in.Nodes = append(r.in.Nodes, id)
}

// from is a metric that has one value before a row and another from it on.
func from(row int, before, after float64) func(int) float64 {
	return func(i int) float64 {
		if i < row {
			return before
		}
		return after
	}
}

// ends is a metric without samples from a row on.
func ends(row int) func(int) float64 { return from(row, 100, math.NaN()) }

// measured writes the record as a bundle and lets the agent see it, so that
// what it says is looked up in the raw data.
func measured(t *testing.T, r *record) agents.Result {
	t.Helper()
	dst, made := filepath.Join(t.TempDir(), "bundle"), r.in.Bundle
	if err := telemetry.Write(t.Context(), dst, func(w *telemetry.Writer) error {
		err := w.Incident(made.Incident, time.UTC)
		for i := range made.Tables {
			err = errors.Join(err, w.Table(&made.Tables[i]))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.in.Bundle, err = telemetry.Open(t.Context(), dst, telemetry.Limits{}); err != nil {
		t.Fatal(err)
	}
	return investigate(t, Metric{}, r.in)
}

// about lists the evidence of a signal.
func about(res agents.Result, s incident.Signal) (out []incident.Evidence) {
	for _, e := range res.Evidence {
		if e.Signal == s {
			out = append(out, e)
		}
	}
	return out
}

func TestMetricStep(t *testing.T) {
	r := newRecord(t)
	r.node("a", map[string]func(int) float64{"rig_busy": from(70, 20, 80), "rig_served": func(i int) float64 { return 50 * float64(i) }})
	res := measured(t, r)
	got := about(res, "rig.busy")
	if len(got) != 1 {
		t.Fatalf("evidence %+v, want one of rig.busy", res.Evidence)
	}
	e := got[0]
	if e.Node != "a" || e.Direction != incident.Up || e.Shape != incident.Step || e.Score < noticed || e.Unit != "percent" {
		t.Errorf("evidence %+v, want a step up at a, in percent", e)
	}
	if e.Onset.From.After(at(700)) || e.Onset.To.Before(at(690)) || e.Onset.To.After(at(720)) {
		t.Errorf("onset %v, want about row 70", e.Onset)
	}
	if e.Source.File != "metrics/a.csv.gz" || e.Source.Line < 70 || e.Source.Line > 75 {
		t.Errorf("source %+v, want the line of the onset", e.Source)
	}
	if len(e.Numbers) != 2 || math.Abs(e.Numbers[0].Value-20) > 1 || math.Abs(e.Numbers[1].Value-80) > 61 {
		t.Errorf("numbers %+v, want about 20 before", e.Numbers)
	}
	if len(res.Charts) != 1 || res.Charts[0].Evidence != e.ID || len(res.Charts[0].Times) == 0 {
		t.Errorf("charts %d, want one, of the evidence", len(res.Charts))
	}
}

// What was measured and did not move is told as seen, not as evidence.
func TestMetricQuiet(t *testing.T) {
	r := newRecord(t)
	r.node("a", map[string]func(int) float64{"rig_busy": nil})
	res := measured(t, r)
	if len(res.Evidence)+len(res.Findings) != 0 {
		t.Errorf("evidence %+v, want none", res.Evidence)
	}
	for _, s := range []incident.Signal{"rig.busy", nodeSilent, processSilent} {
		if !slices.Contains(res.Seen, agents.Observable{Node: "a", Signal: s}) {
			t.Errorf("%s at a is not among what was seen", s)
		}
	}
	if len(res.Reductions) != 1 || res.Reductions[0].In != 1 || res.Reductions[0].Out != 0 {
		t.Errorf("reductions %+v, want 1 series to 0", res.Reductions)
	}
}

// A counter grows all the time; what moves is its rate, and its numbers are
// rates.
func TestMetricCounter(t *testing.T) {
	grows := func(rate func(row int) float64) func(int) float64 {
		return func(row int) (sum float64) {
			for i := range row {
				sum += rate(i) * rowStep
			}
			return sum
		}
	}
	r := newRecord(t)
	r.node("a", map[string]func(int) float64{"rig_served": grows(func(int) float64 { return 5 })})
	r.node("b", map[string]func(int) float64{"rig_served": grows(from(65, 5, 0))})
	for i := range r.in.Bundle.Tables { // noise on a sum would be noise of the rate many times over
		for k, f := range []func(int) float64{grows(func(int) float64 { return 5 }), grows(from(65, 5, 0))} {
			if k == i {
				for row := range rowCount {
					r.in.Bundle.Tables[i].Columns[0].Values[row] = f(row)
				}
			}
		}
	}
	got := about(measured(t, r), "rig.served")
	if len(got) != 1 || got[0].Node != "b" || got[0].Direction != incident.Down {
		t.Fatalf("evidence %+v, want b to serve less, and nothing of a, that grows evenly", got)
	}
	if n := got[0].Numbers; n[0].Stat != evidence.RateQ || math.Abs(n[0].Value-5) > .01 || n[1].Value != 0 {
		t.Errorf("numbers %+v, want rates of 5 and 0 a second", n)
	}
}

// A process fell silent where its host is measured still, a node where nothing
// is; one metric that ends is neither.
func TestMetricSilence(t *testing.T) {
	for _, tt := range []struct {
		name   string
		ending []string
		want   incident.Signal
	}{
		{"all", []string{"rig_busy", "heap_used", "threads", "host_cpu"}, nodeSilent},
		{"most", []string{"rig_busy", "heap_used", "threads"}, processSilent},
		{"one of four", []string{"rig_busy"}, ""},
		{"none", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, metrics := newRecord(t), map[string]func(int) float64{"rig_busy": nil, "heap_used": nil, "threads": nil, "host_cpu": nil}
			for _, name := range tt.ending {
				metrics[name] = ends(66)
			}
			r.node("a", metrics)
			r.node("b", map[string]func(int) float64{"rig_busy": nil})
			res := measured(t, r)
			for _, s := range []incident.Signal{nodeSilent, processSilent} {
				got := about(res, s)
				if want := s == tt.want; want != (len(got) == 1) || len(got) > 1 {
					t.Fatalf("%d of %s, want that only of %q", len(got), s, tt.want)
				}
				if len(got) == 1 && (got[0].Node != "a" || got[0].Direction != incident.Gone || !got[0].Onset.To.Equal(at(660))) {
					t.Errorf("evidence %+v, want a gone from row 66", got[0])
				}
			}
		})
	}
}

// Rows that are missing altogether are silence too.
func TestMetricRowsEnd(t *testing.T) {
	r := newRecord(t)
	r.node("a", map[string]func(int) float64{"rig_busy": nil, "heap_used": nil})
	tab := &r.in.Bundle.Tables[0]
	tab.Times = tab.Times[:66]
	for i := range tab.Columns {
		tab.Columns[i].Values = tab.Columns[i].Values[:66]
	}
	if got := about(measured(t, r), nodeSilent); len(got) != 1 || got[0].Source.Line != 67 {
		t.Errorf("evidence %+v, want a silent, by its last row", got)
	}
}

// Metrics that nobody understands say that something moved, in few words.
func TestMetricUnnamed(t *testing.T) {
	r, metrics := newRecord(t), map[string]func(int) float64{"rig_busy": from(65, 20, 40)}
	for _, s := range strings.Fields("qwa qwb qwc qwd qwe qwf qwg qwh") {
		metrics["zzz_"+s] = from(65, 1, 9)
	}
	r.node("a", metrics)
	res := measured(t, r)
	if got := len(about(res, "")); got != unnamed {
		t.Errorf("%d unnamed metrics, want %d", got, unnamed)
	}
	if len(about(res, "rig.busy")) != 1 {
		t.Error("they crowd out what is understood")
	}
	if x := res.Reductions[0]; x.In != 9 || x.Out != unnamed+1 {
		t.Errorf("reduced %d to %d, want 9 to %d", x.In, x.Out, unnamed+1)
	}
}

// A signal is told by the metric of it that moved most, each way.
func TestMetricStrongestOfSignal(t *testing.T) {
	r := newRecord(t)
	r.node("a", map[string]func(int) float64{"rig_busy_1": from(65, 20, 30), "rig_busy_2": from(65, 20, 90), "rig_busy_3": from(65, 60, 5)})
	got := about(measured(t, r), "rig.busy")
	if len(got) != 2 {
		t.Fatalf("evidence %+v, want one up, one down", got)
	}
	for _, e := range got {
		if want := map[incident.Direction]string{incident.Up: "rig_busy_2", incident.Down: "rig_busy_3"}[e.Direction]; e.Name != want {
			t.Errorf("%s is told by %s, want %s", e.Direction, e.Name, want)
		}
	}
}

// Without anything to measure against, the result says so.
func TestMetricWithoutBaseline(t *testing.T) {
	r := newRecord(t)
	r.node("a", map[string]func(int) float64{"rig_busy": from(65, 20, 80)})
	r.in.Frame = agents.Frame{Window: window(0, rowCount*rowStep), Search: window(0, rowCount*rowStep)}
	res := measured(t, r)
	if len(res.Evidence) != 0 || len(res.Missing) != 1 || res.Missing[0].What != "baseline" {
		t.Errorf("evidence %d, missing %+v, want none and the baseline", len(res.Evidence), res.Missing)
	}
}

func TestCountSamples(t *testing.T) {
	nan := math.NaN()
	tab := &telemetry.Table{Times: []int64{at(0).UnixNano(), at(10).UnixNano(), at(20).UnixNano(), at(30).UnixNano()}}
	col := &telemetry.Column{Values: []float64{1, nan, 1, 1}}
	if n := countSamples(tab, col, []incident.Window{window(0, 25), window(15, 25)}); n != 2 {
		t.Errorf("%d samples, want 2: each once, none for the gap", n)
	}
}

func TestOnsetText(t *testing.T) {
	w := incident.Window{From: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), To: time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))}
	if got := onsetText(w); got != "02:04:05" || onsetText(incident.Window{}) != "" {
		t.Errorf("onset is told as %q, want 02:04:05, in UTC", got)
	}
}
