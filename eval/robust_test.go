package eval_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"triagent/eval"
	"triagent/eval/score"
	"triagent/internal/errs"
)

// Every case is run again with each perturbation, and what finds nothing to
// change keeps the answer that there was.
func TestPerturbedBesideExact(t *testing.T) {
	dir := set(t)
	writeBundle(t, filepath.Join(dir, "calm"), "calm", "", "4")
	s := &spy{}
	r := run(t, s, eval.Config{Sets: []string{dir}, Perturb: []string{"drop-*"}})
	p := r.Sets[0].Perturbed
	if len(p) != 5 || p[0].Name != "drop-metrics" || len(p[0].Rows) != 4 {
		t.Fatalf("%d perturbations, the first %+v", len(p), p[0])
	}
	if len(s.seen) != 4*5 { // exact and four perturbations: there are no traces to drop
		t.Errorf("%d diagnoses", len(s.seen))
	}
	want := map[string]struct {
		changed int
		right   float64
	}{"drop-metrics": {4, 0}, "drop-logs": {4, 1}, "drop-traces": {0, 1}, "drop-guilty-metrics": {4, 0}, "drop-other-metrics": {4, 1}}
	for _, o := range p {
		f, _ := score.Find(o.Figures, "node_ac1")
		if w := want[o.Name]; o.Changed != w.changed || f.Value != w.right {
			t.Errorf("%s: %d changed, node@1 %v; want %d and %v", o.Name, o.Changed, f.Value, w.changed, w.right)
		}
	}
	// The spy says healthy at .9 where it sees nothing: sure, and wrong.
	if a := p[0].Sure; a.Wrong != 3 || a.Misplaced != 3 || a.Healthy != 1 || a.Alarms != 0 {
		t.Errorf("without metrics: %+v", a)
	}
	c := eval.Config{Sets: []string{dir}, Perturb: []string{"all"}, Rename: eval.RenameNodes, Open: s.open}
	if _, err := eval.Run(t.Context(), c); errs.KindOf(err) != errs.Invalid {
		t.Errorf("with rename: error %v, want kind invalid", err)
	}
}

// Healthy windows lie in what is known to be free of faults, apart from one
// another, with enough before them, and no fault is left in what is normal.
func TestHealthyWindows(t *testing.T) {
	dir := set(t) // window 3 min, baseline 14 min each, all of the same time
	s := &spy{}
	r := run(t, s, eval.Config{Sets: []string{dir}, Healthy: 9})
	rows := r.Sets[0].Exact.Rows
	if len(rows) != 2 || len(s.seen) != 2 || r.Sets[0].Healthy != 2 || r.Sets[0].NoWindows["its stretches are those of other cases"] != 2 {
		t.Fatalf("%d windows, left out %v", len(rows), r.Sets[0].NoWindows)
	}
	for i, k := range s.seen {
		w, b := k.in.Window, k.in.Baseline
		if w.Duration() != 3*time.Minute || w.To.After(t0.Add(14*time.Minute)) || !b.To.Equal(w.From) || b.Duration() < 6*time.Minute {
			t.Errorf("window %v to %v, baseline %v to %v", w.From, w.To, b.From, b.To)
		}
		if !rows[i].Healthy || rows[i].Alarm || rows[0].Split == rows[1].Split {
			t.Errorf("row %+v", rows[i])
		}
	}
	if r = run(t, &spy{}, eval.Config{Sets: []string{dir}, Healthy: 1}); len(r.Sets[0].Exact.Rows) != 1 {
		t.Errorf("%d windows, want the one asked for", len(r.Sets[0].Exact.Rows))
	}
}

// Of a run that names no window, the fault is cut out and all the rest is normal;
// a baseline that holds a fault gives no window.
func TestHealthyWindowsAroundAFault(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs")
	writeBundle(t, filepath.Join(dir, "one"), "one", "alpha-0", "1")
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "one", "incident.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"version":1,"id":"one","title":"?","system":"sys"}`)
	if err := os.RemoveAll(filepath.Join(dir, "one", "logs")); err != nil { // a hole can be cut into metrics only
		t.Fatal(err)
	}
	s := &spy{}
	r := run(t, s, eval.Config{Sets: []string{dir}, Healthy: 9})
	if len(s.seen) == 0 {
		t.Fatalf("no window: %v", r.Sets[0].NoWindows)
	}
	for _, k := range s.seen {
		for m, there := range map[int]bool{10: true, 16: false, 19: true} {
			if at := fmt.Sprint(t0.Add(time.Duration(m) * time.Minute).UnixNano()); strings.Contains(k.text, at) != there {
				t.Errorf("data of minute %d are to be there: %t", m, there)
			}
		}
		if w := k.in.Window; !k.in.Baseline.IsZero() || w.To.After(t0.Add(15*time.Minute+15*time.Second)) && w.From.Before(t0.Add(18*time.Minute+15*time.Second)) {
			t.Errorf("window %v to %v, baseline %v", w.From, w.To, k.in.Baseline)
		}
	}
	write(`{"version":1,"id":"one","title":"?","system":"sys","window":{"from":"` + stamp(15, 0) + `","to":"` + stamp(18, 0) + `"},"baseline":{"from":"` + stamp(0, 0) + `","to":"` + stamp(20, 0) + `"}}`)
	r = run(t, &spy{}, eval.Config{Sets: []string{dir}, Healthy: 9})
	if len(r.Sets[0].Exact.Rows) != 0 || r.Sets[0].NoWindows["its baseline holds the fault"] != 1 {
		t.Errorf("%d windows, left out %v", len(r.Sets[0].Exact.Rows), r.Sets[0].NoWindows)
	}
}
