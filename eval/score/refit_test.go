package score

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// answersOf are a hundred answers of a system at each of some confidences, of which
// share(p) are right.
func answersOf(system string, share func(p float64) float64) []*Row {
	var out []*Row
	for _, p := range []float64{.1, .3, .5, .7, .9} {
		for i := range 100 {
			c := Cause{Node: "b", Fault: "cpu"}
			if float64(i) < math.Round(100*share(p)) {
				c.Node = "a"
			}
			r := faulty("a", "cpu", c)
			r.Case, r.Split, r.Confidence = system, fmt.Sprint(system, p, i), p
			out = append(out, r)
		}
	}
	return out
}

func TestRefits(t *testing.T) {
	sure := func(p float64) float64 { return 1 / (1 + math.Exp(1-logit(p))) } // too sure: a shift of -1
	true0 := func(p float64) float64 { return p }
	system := func(r *Row) string { return r.Case }
	rows := append(append(answersOf("x", sure), answersOf("y", sure)...), answersOf("z", true0)...)
	fits, moved := Refits(rows, system)
	if len(fits) != 3 || len(moved) != len(rows) {
		t.Fatalf("%d fits of %d rows", len(fits), len(moved))
	}
	// What leaves z out sees only those that are too sure; what leaves x out, one of each.
	if f := fits[2]; f.System != "z" || f.Rows != 500 || math.Abs(f.Shift+1) > .1 || math.Abs(f.Slope-1) > .1 {
		t.Errorf("without z: %+v, want shift -1 and slope 1", f)
	}
	if f := fits[0]; math.Abs(f.Shift+.5) > .1 {
		t.Errorf("without x: %+v, want a shift of -.5", f)
	}
	if got, want := fits[2].At(.9), sure(.9); math.Abs(got-want) > .02 {
		t.Errorf(".9 becomes %.2f, want %.2f", got, want)
	}
	for _, r := range moved {
		if r.Case == "z" && math.Abs(r.Confidence-.9) < 1e-9 {
			t.Fatal("a confidence of the system left out stays")
		}
	}
	if rows[len(rows)-1].Confidence != .9 {
		t.Error("the rows themselves were changed")
	}
	alone, _ := Find(Figures(rows[1000:], 1), "ece")
	all := RefitFigures(rows, system, 1)
	if f, ok := Find(all, "ece_refit"); !ok || f.N != 1500 || f.Value < alone.Value || !(f.Low < f.Value && f.Value < f.High) {
		t.Errorf("%+v beside %v of z alone", f, alone.Value)
	}
	if fits, moved := Refits(rows[1000:], system); fits != nil || moved != nil {
		t.Error("one system is refitted on nothing")
	}
}

// A fit exists where right and wrong can be told apart by confidence, and where all are right.
func TestRefitSeparated(t *testing.T) {
	for _, share := range []func(p float64) float64{
		func(p float64) float64 { return math.Round(p - .1) }, func(float64) float64 { return 1 }, func(float64) float64 { return 0 },
	} {
		fits, _ := Refits(append(answersOf("x", share), answersOf("y", share)...), func(r *Row) string { return r.Case })
		for _, f := range fits {
			if math.IsNaN(f.Shift) || math.Abs(f.Shift) > 20 || math.IsNaN(f.Slope) || math.Abs(f.Slope) > 20 {
				t.Errorf("%+v", f)
			}
		}
	}
}

// However few, alike or wrong the trials are, a fit is no worse than none.
func TestPlattDegenerate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 3000 {
		var systems [][]trial
		for range 1 + r.IntN(4) {
			var s []trial
			form, edge := r.IntN(6), r.Float64()
			for range 1 + r.IntN(30) {
				p, right := r.Float64(), r.IntN(2) == 0
				switch form {
				case 0: // one confidence
					p = edge
				case 1: // sure or sure of the opposite
					p = float64(r.IntN(2))
				case 2: // sure and wrong
					p, right = 1, false
				case 3: // all right
					right = true
				case 4: // confidence tells
					right = p > edge
				case 5: // and the wrong way round
					right = p < edge
				}
				s = append(s, trial{x: logit(p), right: right})
			}
			systems = append(systems, s)
		}
		shift, slope := platt(systems)
		if before, after := plattLoss(systems, 0, 1), plattLoss(systems, shift, slope); !(after <= before) {
			t.Fatalf("%d: shift %v and slope %v make the loss %v of %v", n, shift, slope, after, before)
		}
	}
}

// plattLoss is what a fit is to lessen.
func plattLoss(systems [][]trial, shift, slope float64) (sum float64) {
	for _, s := range systems {
		right := 0.
		for _, t := range s {
			right += truth(t.right)
		}
		for _, t := range s {
			want, z := 1/(float64(len(s))-right+2), shift+slope*t.x
			if t.right {
				want = (right + 1) / (right + 2)
			}
			sum += (math.Log1p(math.Exp(-math.Abs(z))) + max(z, 0) - want*z) / float64(len(s))
		}
	}
	return sum
}
