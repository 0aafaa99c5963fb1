package data

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestQuantile(t *testing.T) {
	for _, tt := range []struct {
		x    []float64
		q    float64
		want float64
	}{
		{[]float64{3}, .5, 3},
		{[]float64{4, 1, 3, 2}, .5, 2.5},
		{[]float64{5, 1}, 1, 5},
		{[]float64{5, 1}, 0, 1},
		{[]float64{0, 10}, .9, 9},
	} {
		if got := quantile(slices.Clone(tt.x), tt.q); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("quantile(%v, %v) = %v, want %v", tt.x, tt.q, got, tt.want)
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing = %v, want NaN", got)
	}
}

func TestShareNorm(t *testing.T) {
	quiet := func(blocks int, k, n float64) (ks, ns []float64) {
		for range blocks {
			ks, ns = append(ks, k), append(ns, n)
		}
		return ks, ns
	}
	k, n := quiet(10, 20, 20)
	if got := shareNorm(k, n); got.level < .99 || got.phi != 1 || got.used != 10 {
		t.Errorf("always: %+v", got)
	}
	// Four of ten blocks hold another fault; the rest must decide.
	for i := range 4 {
		k[i] = 2
	}
	if got := shareNorm(k, n); got.level < .99 || got.used != 6 {
		t.Errorf("with a fault in four blocks of ten: %+v", got)
	}
	// What swings between blocks is over-dispersed: chance alone would not do it.
	for i := range k {
		k[i] = float64(5 + 10*(i%2))
	}
	if got := shareNorm(k, n); got.phi < 2 || math.Abs(got.level-.5) > .05 {
		t.Errorf("swinging: %+v", got)
	}
	if got := shareNorm(nil, nil); got.used != 0 || got.phi != 1 {
		t.Errorf("no blocks: %+v", got)
	}
}

func TestG(t *testing.T) {
	for _, tt := range []struct {
		name      string
		got, want float64
	}{
		{"as expected", gShare(5, 10, .5), 0},
		{"none of ten", gShare(0, 10, .5), 2 * 10 * math.Ln2},
		{"all of ten", gShare(10, 10, .5), 2 * 10 * math.Ln2},
		{"no trials", gShare(0, 0, .5), 0},
		{"rate as expected", gRate(7, 7), 0},
		{"no events", gRate(0, 8), 16},
	} {
		if math.Abs(tt.got-tt.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}

// The estimates must be finite and in range whatever comes, and not depend on
// the order of the blocks.
func TestNormProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		blocks := rapid.IntRange(0, 20).Draw(t, "blocks")
		k, n := make([]float64, blocks), make([]float64, blocks)
		for i := range n {
			n[i] = float64(rapid.IntRange(0, 50).Draw(t, "n"))
			k[i] = float64(rapid.IntRange(0, int(n[i])).Draw(t, "k"))
		}
		a := shareNorm(k, n)
		if a.used > 0 && (a.level <= 0 || a.level >= 1) || a.phi < 1 || math.IsNaN(a.phi) || math.IsInf(a.phi, 0) {
			t.Fatalf("%+v", a)
		}
		slices.Reverse(k)
		slices.Reverse(n)
		if b := shareNorm(k, n); math.Abs(a.level-b.level) > 1e-6 && a.used == b.used {
			t.Fatalf("reversed: %+v and %+v", a, b)
		}
	})
}
