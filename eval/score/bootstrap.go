package score

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Resamples is how many times Bootstrap draws.
const Resamples = 1000

// Measure computes a figure from rows: its value, how many rows it rests on, and
// whether there is one at all.
type Measure func(rows []*Row) (value float64, n int, ok bool)

// Bootstrap returns the 95 % percentile interval of each measure. Rows are drawn
// with replacement by split, since cases of one split are not independent of
// each other. Equal rows and seed give equal intervals. A measure that has no
// value for at least half of the draws gets NaN for both ends.
//
// Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
// chapter 13; resampling of whole clusters as in Davison and Hinkley, "Bootstrap
// Methods and their Application", 1997, section 3.8.
func Bootstrap(rows []*Row, seed uint64, measures []Measure) (low, high []float64) {
	groups := bySplit(rows)
	values := make([][]float64, len(measures))
	rng := rand.New(rand.NewPCG(seed, 0))
	sample := make([]*Row, 0, 2*len(rows))
	for range Resamples {
		sample = sample[:0]
		for range groups {
			sample = append(sample, groups[rng.IntN(len(groups))]...)
		}
		for i, m := range measures {
			if v, _, ok := m(sample); ok {
				values[i] = append(values[i], v)
			}
		}
	}
	low, high = make([]float64, len(measures)), make([]float64, len(measures))
	for i, v := range values {
		low[i], high[i] = math.NaN(), math.NaN()
		if 2*len(v) >= Resamples {
			slices.Sort(v)
			low[i], high[i] = quantile(v, .025), quantile(v, .975)
		}
	}
	return low, high
}

// bySplit groups rows, in the order in which splits first occur.
func bySplit(rows []*Row) [][]*Row {
	at := map[string]int{}
	var out [][]*Row
	for _, r := range rows {
		i, ok := at[r.Split]
		if !ok {
			i = len(out)
			at[r.Split] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], r)
	}
	return out
}

// quantile interpolates linearly between the order statistics of sorted v.
func quantile(v []float64, q float64) float64 {
	at := q * float64(len(v)-1)
	i := int(at)
	if i+1 >= len(v) {
		return v[len(v)-1]
	}
	return v[i] + (at-float64(i))*(v[i+1]-v[i])
}
