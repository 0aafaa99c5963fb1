package score

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestRanksShareTies(t *testing.T) {
	got := Ranks([]Scored{{"a", 3}, {"b", 1}, {"c", 1}, {"d", 1}, {"a", .5}, {"e", math.NaN()}})
	want := map[string]float64{"a": 1, "b": 3, "c": 3, "d": 3, "e": 5}
	for n, w := range want {
		if got[n] != w {
			t.Errorf("rank of %s = %v, want %v", n, got[n], w)
		}
	}
}

func TestPlaceOf(t *testing.T) {
	for _, tt := range []struct {
		name   string
		ranks  map[string]float64
		truths []string
		ac     [5]float64
		mrr    float64
	}{
		{"first", map[string]float64{"a": 1, "b": 2}, []string{"a"}, [5]float64{1, 1, 1, 1, 1}, 1},
		{"third", map[string]float64{"a": 3}, []string{"a"}, [5]float64{0, 0, 1, 1, 1}, 1. / 3},
		{"tie for first of two", map[string]float64{"a": 1.5, "b": 1.5}, []string{"a"}, [5]float64{0, 1, 1, 1, 1}, 1 / 1.5},
		{"not ranked", map[string]float64{"b": 1}, []string{"a"}, [5]float64{}, 0},
		{"two causes, one found first", map[string]float64{"a": 1, "x": 2, "b": 3}, []string{"a", "b"}, [5]float64{1, .5, 1, 1, 1}, 1},
		{"three tied, two of them true", map[string]float64{"a": 2, "b": 2, "c": 2}, []string{"a", "b", "c"}, [5]float64{0, 1, 1, 1, 1}, .5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := PlaceOf(tt.ranks, tt.truths)
			for k := range p.AC {
				if !near(p.AC[k], tt.ac[k]) {
					t.Errorf("AC@%d = %v, want %v", k+1, p.AC[k], tt.ac[k])
				}
			}
			if !near(p.MRR, tt.mrr) {
				t.Errorf("MRR = %v, want %v", p.MRR, tt.mrr)
			}
		})
	}
}

func faulty(node string, fault incident.Fault, causes ...Cause) *Row {
	return &Row{
		Case: node, Split: node, Alarm: true, Truth: []Cause{{Node: incident.NodeID(node), Fault: fault}},
		Causes: causes, Nodes: 3,
	}
}

func TestNodePlaceUsesProbabilityAndOrder(t *testing.T) {
	r := faulty("a", "x", Cause{Node: "b", Probability: .5}, Cause{Node: "a", Probability: .5}, Cause{Node: "b", Probability: .2})
	if p, _ := r.NodePlace(); p.MRR != 1/1.5 {
		t.Errorf("equal probabilities: MRR %v, want that of rank 1.5", p.MRR)
	}
	r = faulty("a", "x", Cause{Node: "b"}, Cause{Node: "a"})
	if p, _ := r.NodePlace(); p.MRR != .5 {
		t.Errorf("no probabilities: MRR %v, want that of the second place", p.MRR)
	}
	r.Nodes = 1
	if _, ok := r.NodePlace(); ok {
		t.Error("a place among one node means nothing")
	}
	if p, ok := faulty("a", "x").NodePlace(); !ok || p.MRR != 0 {
		t.Errorf("no causes: %v, %v; want 0 that counts", p, ok)
	}
}

func TestTyping(t *testing.T) {
	rows := []*Row{
		faulty("1", "cpu", Cause{Node: "1", Fault: "cpu"}),
		faulty("2", "cpu", Cause{Node: "2", Fault: "io"}),
		faulty("3", "io", Cause{Node: "9", Fault: "io"}),
		faulty("4", "io", Cause{Node: "4", Fault: incident.UnknownFault}),
		faulty("5", "net"),
		{Case: "6", Split: "6", Healthy: true, Alarm: true, Causes: []Cause{{Node: "1", Fault: "cpu"}}},
	}
	rows[4].Truth[0].Accept = []string{"loss"}
	// By class: cpu tp 1 fn 1 -> 2/3; io tp 1 fp 1 fn 1 -> 1/2; net fn 1 -> 0.
	if got, want := macro(typeTallies(rows)), (2./3+.5)/3; !near(got, want) {
		t.Errorf("macro-F1 = %v, want %v", got, want)
	}
	// tp 2, fp 2 (io, unknown), fn 3.
	if got, want := micro(typeTallies(rows)), 4./9; !near(got, want) {
		t.Errorf("micro-F1 = %v, want %v", got, want)
	}
	// Strict: only case 1 is right. Named something: 1, 2, 3, 4 and the healthy 6.
	s := total(strictTallies(rows))
	if s != (tally{tp: 1, fp: 4, fn: 4}) {
		t.Errorf("strict = %+v, want 1 right, 4 false, 4 missed", s)
	}
	c := Confuse(rows)
	if !slices.Equal(c.Labels, []string{"cpu", "io", "net", NoFault, "unknown"}) {
		t.Errorf("labels = %q", c.Labels)
	}
	rows[4].Causes = []Cause{{Node: "5", Fault: "loss"}}
	if right, ok := rows[4].Strict(); !right || !ok {
		t.Error("an accepted name is not right")
	}
	if got := typeTallies(rows)["net"]; got != (tally{tp: 1}) {
		t.Errorf("accepted name counts as %+v, want as the true one", got)
	}
}

func TestUnknownIsNeverRight(t *testing.T) {
	r := faulty("a", incident.UnknownFault, Cause{Node: "a", Fault: incident.UnknownFault})
	r.Truth[0].Accept = []string{"unknown", ""}
	if right, _ := r.Strict(); right {
		t.Error("unknown counts as a right diagnosis")
	}
	if got := micro(typeTallies([]*Row{r})); got != 0 {
		t.Errorf("micro-F1 of unknown = %v", got)
	}
}

func TestTopFaultsOfSeveralCauses(t *testing.T) {
	r := &Row{Truth: []Cause{{Fault: "cpu"}, {Fault: "io"}, {Fault: "net", Accept: []string{"bandwidth"}}}}
	for _, tt := range []struct {
		faults []incident.Fault
		want   float64
	}{
		{[]incident.Fault{"cpu", "io", "bandwidth"}, 1},
		{[]incident.Fault{"cpu", "cpu", "io", "lock", "net"}, 2. / 3},
		{[]incident.Fault{"net", "bandwidth", "x"}, 1. / 3},
		{nil, 0},
	} {
		r.Causes = nil
		for _, f := range tt.faults {
			r.Causes = append(r.Causes, Cause{Fault: f})
		}
		if got, _ := r.TopFaults(3); !near(got, tt.want) {
			t.Errorf("top 3 of %q = %v, want %v", tt.faults, got, tt.want)
		}
	}
}

func TestDetection(t *testing.T) {
	row := func(healthy, alarm bool, err string) *Row {
		return &Row{Healthy: healthy, Alarm: alarm, Error: err, Hours: .5}
	}
	rows := []*Row{
		row(false, true, ""), row(false, true, ""), row(false, false, ""), row(false, false, "lost"),
		row(true, true, ""), row(true, false, ""), row(true, false, ""), row(true, false, "lost"),
	}
	c := alarms(rows)
	if c.tp != 2 || c.fn != 2 || c.fp != 2 || c.tn != 2 {
		t.Fatalf("counts = %+v", c)
	}
	for name, f := range map[string]func() (float64, bool){
		"precision .5": c.precision, "recall .5": c.recall, "F1 .5": c.f1, "balanced .5": c.balanced,
	} {
		if v, ok := f(); !ok || !near(v, .5) {
			t.Errorf("%s: got %v, %v", name, v, ok)
		}
	}
	if v, _ := c.always(); !near(v, 2./3) {
		t.Errorf("always faulty: F1 %v, want 2/3", v)
	}
	if v, _ := c.falseAlarmsPerHour(); !near(v, 1) {
		t.Errorf("false alarms an hour: %v, want 2 in 2 h", v)
	}
	if _, ok := Find(Figures(rows[:4], 1), "detect_recall"); ok {
		t.Error("detection figures without a healthy case")
	}
}

func TestCalibration(t *testing.T) {
	right, wrong := Cause{Node: "a", Fault: "f"}, Cause{Node: "b", Fault: "f"}
	rows := []*Row{
		faulty("a", "f", right), faulty("a", "f", wrong), faulty("a", "f", right),
		{Healthy: true, Verdict: incident.Healthy},
		{Healthy: true, Verdict: incident.Inconclusive},
		faulty("a", "f"),
	}
	rows[5].Verdict = incident.Healthy
	for i, c := range []float64{.95, .85, .25, 1, .35, .88} {
		rows[i].Confidence = c
	}
	// Bins: .2 (.25, right), .3 (.35, suspects somebody though nothing is wrong),
	// .8 (.85, wrong; .88, healthy though something is), .9 (.95 right, 1 right).
	if v, n, _ := ece(rows); n != 6 || !near(v, (.75+.35+.85+.88+2*.025)/6) {
		t.Errorf("ECE = %v over %d", v, n)
	}
	if v, _, _ := brier(rows); !near(v, (.05*.05+.85*.85+.75*.75+.35*.35+.88*.88)/6) {
		t.Errorf("Brier = %v", v)
	}
	if v, n, _ := sureRight(rows); n != 4 || !near(v, 2./4) {
		t.Errorf("right among the sure = %v of %d, want 2 of 4", v, n)
	}
}

func TestIoU(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	w := func(a, b int) incident.Window { return incident.Window{From: at(a), To: at(b)} }
	for _, tt := range []struct {
		a, b incident.Window
		want float64
	}{{w(0, 10), w(0, 10), 1}, {w(0, 10), w(5, 15), 1. / 3}, {w(0, 10), w(10, 20), 0}, {w(0, 0), w(0, 0), 0}} {
		if got := IoU(tt.a, tt.b); !near(got, tt.want) {
			t.Errorf("IoU(%v, %v) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
	var r Row
	truth := telemetry.Truth{Causes: []telemetry.TrueCause{{Window: w(0, 10)}, {Window: w(5, 20)}}}
	r.SetIoU(incident.Diagnosis{Detection: incident.Detection{Spans: []incident.Span{{Window: w(0, 10)}, {Window: w(0, 20)}}}}, truth)
	if r.IoU == nil || *r.IoU != .5 {
		t.Errorf("IoU of the best window = %v, want .5: the second one does not count", r.IoU)
	}
}

func TestBootstrap(t *testing.T) {
	var rows []*Row
	for i := range 40 {
		c := Cause{Node: "b"}
		if i%4 == 0 {
			c.Node = "a"
		}
		r := faulty("a", "f", c)
		r.Split = string(rune('A' + i/2)) // two of a split
		rows = append(rows, r)
	}
	one, two := Figures(rows, 7), Figures(rows, 7)
	a, _ := Find(one, "node_ac1")
	b, _ := Find(two, "node_ac1")
	if a != b {
		t.Errorf("equal seeds: %+v and %+v", a, b)
	}
	if a.Value != .25 || !(a.Low < .25 && a.High > .25 && a.Low >= 0) {
		t.Errorf("figure = %+v", a)
	}
	if c, _ := Find(Figures(rows, 8), "node_ac1"); c == a {
		t.Error("another seed gives the same interval")
	}
	// Splits stay together: with one split there is nothing to vary.
	for _, r := range rows {
		r.Split = "all"
	}
	if c, _ := Find(Figures(rows, 7), "node_ac1"); !math.IsNaN(c.Low) || !math.IsNaN(c.High) {
		t.Errorf("one split: %+v, want no interval", c)
	}
}

func TestFigureJSON(t *testing.T) {
	in := []Figure{{Key: "k", N: 2, Value: .5, Low: math.NaN(), High: math.NaN()}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out []Figure
	if err := json.Unmarshal(b, &out); err != nil || out[0].Value != .5 || !math.IsNaN(out[0].Low) {
		t.Errorf("%s read back as %+v, %v", b, out, err)
	}
}

func TestSignTest(t *testing.T) {
	for _, tt := range []struct {
		better, worse int
		want          float64
	}{{0, 0, 1}, {5, 0, .0625}, {0, 5, .0625}, {3, 3, 1}, {8, 2, .109375}} {
		if got := SignTest(tt.better, tt.worse); !near(got, tt.want) {
			t.Errorf("SignTest(%d, %d) = %v, want %v", tt.better, tt.worse, got, tt.want)
		}
	}
}

func TestBetter(t *testing.T) {
	right, other := Cause{Node: "a", Fault: "f"}, Cause{Node: "b", Fault: "f"}
	good, second, bad := faulty("a", "f", right), faulty("a", "f", other, right), faulty("a", "f", other)
	if Better(bad, good) <= 0 || Better(good, second) >= 0 || Better(bad, second) <= 0 || Better(good, good) != 0 {
		t.Error("right is not above second place, or second place not above none")
	}
	calm, alarm := &Row{Healthy: true}, &Row{Healthy: true, Alarm: true}
	if Better(alarm, calm) <= 0 {
		t.Error("no alarm on a healthy case is not better")
	}
}

func TestDeltasArePaired(t *testing.T) {
	var before, after []*Row
	for i := range 20 {
		b, a := faulty("a", "f", Cause{Node: "b"}), faulty("a", "f", Cause{Node: "a"})
		b.Split = string(rune('A' + i))
		a.Split = b.Split
		before, after = append(before, b), append(after, a)
	}
	for _, d := range Deltas(before, after, 1) {
		if d.Key == "node_ac1" && (d.Before != 0 || d.After != 1 || d.Low != 1 || d.High != 1) {
			t.Errorf("every case got better by one, interval %v to %v", d.Low, d.High)
		}
	}
}

// An exception taken for a wrong return value is right where both count as one,
// and only there; without a true fault in code there is no such figure.
func TestCoarse(t *testing.T) {
	answer := func(f incident.Fault) Cause { return Cause{Node: "a", Fault: f} }
	rows := []*Row{faulty("a", "code_return", answer("code_exception")), faulty("a", "code_exception", answer("cpu_saturation"))}
	fs := Figures(rows, 1)
	for key, want := range map[string]float64{"strict_recall": 0, "strict_recall_coarse": .5, "type_macro_f1": 0, "type_macro_f1_coarse": 2. / 3} {
		if f, ok := Find(fs, key); !ok || !near(f.Value, want) {
			t.Errorf("%s = %v, want %v", key, f.Value, want)
		}
	}
	if rows[0].Truth[0].Fault != "code_return" {
		t.Error("the row itself was changed")
	}
	if _, ok := Find(Figures([]*Row{faulty("a", "cpu_saturation", answer("code_return"))}, 1), "strict_recall_coarse"); ok {
		t.Error("a coarse figure without a fault in code")
	}
}
