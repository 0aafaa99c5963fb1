package score

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
)

// Delta is a figure before and after.
type Delta struct {
	Key, Name     string
	N             int // cases that both runs hold
	Before, After float64
	Low, High     float64 // 95 % interval of After - Before; NaN: none
}

// MarshalJSON writes missing numbers as null.
func (d Delta) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Key    string   `json:"key"`
		Name   string   `json:"name"`
		N      int      `json:"n"`
		Before *float64 `json:"before"`
		After  *float64 `json:"after"`
		Low    *float64 `json:"low"`
		High   *float64 `json:"high"`
	}{d.Key, d.Name, d.N, orNull(d.Before), orNull(d.After), orNull(d.Low), orNull(d.High)})
}

// Deltas computes every figure that both lists of rows allow, and the interval
// of the difference by a paired bootstrap: each draw takes the same cases from
// both (see Bootstrap). Row i of both lists must be the same case.
func Deltas(before, after []*Row, seed uint64) []Delta {
	var out []Delta
	var ms []Measure
	for _, d := range definitions() {
		a, n, ok1 := d.measure(before)
		b, _, ok2 := d.measure(after)
		if !ok1 || !ok2 {
			continue
		}
		out = append(out, Delta{Key: d.key, Name: d.name, N: n, Before: a, After: b})
		ms = append(ms, d.measure)
	}
	groups := map[string][]int{}
	var order []string
	for i, r := range before {
		if groups[r.Split] == nil {
			order = append(order, r.Split)
		}
		groups[r.Split] = append(groups[r.Split], i)
	}
	diffs := make([][]float64, len(out))
	rng := rand.New(rand.NewPCG(seed, 0))
	for range Resamples {
		var a, b []*Row
		for range order {
			for _, i := range groups[order[rng.IntN(len(order))]] {
				a, b = append(a, before[i]), append(b, after[i])
			}
		}
		for i, m := range ms {
			va, _, ok1 := m(a)
			vb, _, ok2 := m(b)
			if ok1 && ok2 {
				diffs[i] = append(diffs[i], vb-va)
			}
		}
	}
	for i, v := range diffs {
		out[i].Low, out[i].High = math.NaN(), math.NaN()
		if 2*len(v) >= Resamples {
			slices.Sort(v)
			out[i].Low, out[i].High = quantile(v, .025), quantile(v, .975)
		}
	}
	return out
}

// Better compares two answers to one case: above 0 if b is better than a, below
// 0 if worse. What counts, in this order: the answer is right as a whole, the
// place of the true node, the true faults among the first three, the window.
func Better(a, b *Row) int {
	ra, _ := a.Correct()
	rb, _ := b.Correct()
	na, _ := a.NodePlace()
	nb, _ := b.NodePlace()
	ta, _ := a.TopFaults(3)
	tb, _ := b.TopFaults(3)
	return cmp.Or(
		cmp.Compare(truth(rb), truth(ra)), cmp.Compare(nb.MRR, na.MRR), cmp.Compare(tb, ta),
		cmp.Compare(math.Round(50*orZero(b.IoU)), math.Round(50*orZero(a.IoU))), // smaller shifts are no change
	)
}

// SignTest is the two-sided p-value of a sign test: how likely so uneven a split
// is if better and worse are equally likely. No change at all gives 1.
func SignTest(better, worse int) float64 {
	n, k := better+worse, min(better, worse)
	p := 0.0
	for i := 0; i <= k; i++ {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(i + 1))
		c, _ := math.Lgamma(float64(n - i + 1))
		p += math.Exp(a - b - c - float64(n)*math.Ln2)
	}
	return min(1, 2*p)
}
