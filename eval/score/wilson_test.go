package score

import (
	"fmt"
	"math"
	"testing"
)

func TestWilson(t *testing.T) {
	for _, tt := range []struct {
		share     float64
		n         int
		low, high float64
	}{
		{1, 10, .7225, 1},    // 10/(10+3.84)
		{0, 10, 0, .2775},    // its mirror image
		{.9, 10, .596, .982}, // published tables
		{.5, 100, .404, .596},
		{1, 1, .2065, 1},
		{1, 0, 0, 1},
	} {
		low, high := Wilson(tt.share, tt.n)
		if math.Abs(low-tt.low) > 5e-4 || math.Abs(high-tt.high) > 5e-4 {
			t.Errorf("Wilson(%v, %d) = %.4f to %.4f, want %.4f to %.4f", tt.share, tt.n, low, high, tt.low, tt.high)
		}
	}
}

// Ten cases that agree are no proof; two answers of one split count as one.
func TestFiguresWiden(t *testing.T) {
	var rows []*Row
	for i := range 20 {
		r := faulty(fmt.Sprint(i%10), "cpu", Cause{Node: "db", Fault: "cpu", Probability: .9})
		r.Truth[0].Node, r.Nodes, r.Alarm, r.Confidence, r.Claims, r.Sound = "db", 3, true, .9, 7, 7
		rows = append(rows, r)
	}
	for _, tt := range []struct {
		key       string
		low, high float64
	}{
		{"node_ac1", .7225, 1},
		{"node_mrr", .7225, 1},
		{"strict_recall", .7225, 1},
		{"strict_precision", .7225, 1},
		{"sure_right", .7225, 1},
		{"sound", .7225, 1},
		{"rejected", 0, .2775},
	} {
		f, ok := Find(Figures(rows, 1), tt.key)
		if !ok || math.Abs(f.Low-tt.low) > 5e-4 || math.Abs(f.High-tt.high) > 5e-4 {
			t.Errorf("%s: %.4f to %.4f (%v), want %.4f to %.4f", tt.key, f.Low, f.High, ok, tt.low, tt.high)
		}
	}
	if f, ok := Find(Figures(rows, 1), "type_macro_f1"); !ok || f.Value != 1 || !math.IsNaN(f.Low) || !math.IsNaN(f.High) {
		t.Errorf("type_macro_f1: %+v, want 1 without an interval", f)
	}
	rows[0].Causes[0].Node = "web" // one is wrong: the bootstrap shows it
	f, _ := Find(Figures(rows, 1), "node_ac1")
	low, high := Bootstrap(rows, 1, []Measure{place((*Row).NodePlace, func(p Place) float64 { return p.AC[0] })})
	if f.Low != low[0] || f.High != high[0] || f.Low == f.High {
		t.Errorf("node_ac1 with one wrong: %v to %v, want the bootstrap's %v to %v", f.Low, f.High, low[0], high[0])
	}
}

// Every figure that Wilson's interval is for exists.
func TestCountedExist(t *testing.T) {
	known := map[string]bool{}
	for _, d := range definitions() {
		known[d.key] = true
	}
	for key := range counted() {
		if !known[key] {
			t.Errorf("no figure %s", key)
		}
	}
}
