package learn_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"triagent/internal/errs"
	"triagent/learn"
)

// rings are points that are of class 1 within a ring, with noise beside them:
// no line parts the classes.
func rings(n int, seed uint64) *learn.Examples {
	rng := rand.New(rand.NewPCG(seed, 9))
	e := &learn.Examples{Classes: 2}
	for range n {
		x, y := rng.NormFloat64(), rng.NormFloat64()
		class := 0
		if r := math.Hypot(x, y); r > 0.7 && r < 1.6 {
			class = 1
		}
		e.Rows = append(e.Rows, []float64{x, y, rng.NormFloat64(), rng.NormFloat64()})
		e.Class = append(e.Class, class)
	}
	return e
}

func grow(t testing.TB, e *learn.Examples, c learn.ForestConfig) *learn.Forest {
	t.Helper()
	f, err := learn.Grow(t.Context(), e, c)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func right(f *learn.Forest, e *learn.Examples) float64 {
	n := 0
	for i, row := range e.Rows {
		p := f.Predict(row)
		if (p[1] > p[0]) == (e.Class[i] == 1) {
			n++
		}
	}
	return float64(n) / float64(len(e.Rows))
}

func TestForestLearns(t *testing.T) {
	f := grow(t, rings(800, 1), learn.ForestConfig{Trees: 60, Try: 4})
	if got := right(f, rings(400, 2)); got < 0.85 {
		t.Errorf("%.2f of new points right, want .85 or more", got)
	}
	for _, row := range rings(50, 3).Rows {
		if p := f.Predict(row); math.Abs(p[0]+p[1]-1) > 1e-9 || p[0] < 0 || p[1] < 0 {
			t.Fatalf("probabilities %v", p)
		}
	}
}

// The forest depends on the seed, and on nothing else: not on how many trees
// grow at once.
func TestForestIsDeterministic(t *testing.T) {
	e := rings(200, 1)
	a := grow(t, e, learn.ForestConfig{Trees: 20, Seed: 5})
	b := grow(t, e, learn.ForestConfig{Trees: 20, Seed: 5, Jobs: 4})
	c := grow(t, e, learn.ForestConfig{Trees: 20, Seed: 6})
	if !reflect.DeepEqual(a, b) {
		t.Error("jobs changed the forest")
	}
	if reflect.DeepEqual(a, c) {
		t.Error("another seed gave the same forest")
	}
}

// That a value is missing tells as much as any value.
func TestMissing(t *testing.T) {
	e := &learn.Examples{Classes: 2}
	for i := range 40 {
		v := float64(i % 7)
		if i%2 == 0 {
			v = math.NaN()
		}
		e.Rows, e.Class = append(e.Rows, []float64{v, 1}), append(e.Class, i%2)
	}
	f := grow(t, e, learn.ForestConfig{Trees: 30, Try: 2})
	if got := right(f, e); got != 1 {
		t.Errorf("%.2f right, want all", got)
	}
}

// A row of no weight teaches nothing, and weight counts as so many rows.
func TestWeight(t *testing.T) {
	e := &learn.Examples{Classes: 2, Rows: [][]float64{{1}, {1}, {1}}, Class: []int{0, 1, 1}, Weight: []float64{3, 1, 0}}
	if p := grow(t, e, learn.ForestConfig{Trees: 3}).Predict([]float64{1}); math.Abs(p[0]-0.75) > 1e-6 {
		t.Errorf("probability %v, want .75 for the first class", p)
	}
}

func TestRefused(t *testing.T) {
	ok := func() *learn.Examples {
		return &learn.Examples{Classes: 2, Rows: [][]float64{{1, 2}, {3, 4}}, Class: []int{0, 1}}
	}
	for name, spoil := range map[string]func(*learn.Examples){
		"no rows":         func(e *learn.Examples) { e.Rows, e.Class = nil, nil },
		"ragged":          func(e *learn.Examples) { e.Rows[1] = []float64{1} },
		"class too large": func(e *learn.Examples) { e.Class[0] = 2 },
		"no weight":       func(e *learn.Examples) { e.Weight = []float64{0, 0} },
		"weight NaN":      func(e *learn.Examples) { e.Weight = []float64{1, math.NaN()} },
		"too few weights": func(e *learn.Examples) { e.Weight = []float64{1} },
	} {
		e := ok()
		spoil(e)
		if _, err := learn.Grow(t.Context(), e, learn.ForestConfig{Trees: 1}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v, want kind invalid", name, err)
		}
	}
	if _, err := learn.Grow(t.Context(), ok(), learn.ForestConfig{Trees: 1 << 20}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a million trees: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := learn.Grow(ctx, ok(), learn.ForestConfig{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of its context: %v", err)
	}
}

// Values at the ends of what a number can be neither crash nor hang.
func TestExtremes(t *testing.T) {
	e := &learn.Examples{Classes: 2}
	for i, v := range []float64{-math.MaxFloat64, math.MaxFloat64, math.SmallestNonzeroFloat64, 0, math.Inf(1), math.NaN()} {
		e.Rows, e.Class = append(e.Rows, []float64{v}), append(e.Class, i%2)
	}
	f := grow(t, e, learn.ForestConfig{Trees: 50})
	if p := f.Predict([]float64{math.MaxFloat64}); p[1] < p[0] {
		t.Errorf("the greatest value is of class 1, got %v", p)
	}
}

func BenchmarkGrow(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	e := &learn.Examples{Classes: 2}
	for i := range 2000 {
		row := make([]float64, 300)
		for f := range row {
			if rng.IntN(5) == 0 {
				row[f] = rng.Float64()
			}
		}
		e.Rows, e.Class = append(e.Rows, row), append(e.Class, i%2)
	}
	b.ReportAllocs()
	for b.Loop() {
		grow(b, e, learn.ForestConfig{Trees: 20})
	}
}

func BenchmarkPredict(b *testing.B) {
	e := rings(2000, 1)
	f := grow(b, e, learn.ForestConfig{Trees: 300})
	for i := 0; b.Loop(); i++ {
		f.Predict(e.Rows[i%len(e.Rows)])
	}
}
