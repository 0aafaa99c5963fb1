package evidence

import (
	"cmp"
	"math"
	"slices"
)

// nullBlocks is how many blocks a baseline is cut into at least, so that two
// thirds of it remain to measure each block against.
const nullBlocks = 3

// sample is a sample with its row within the baseline.
type sample struct {
	value float64
	row   int
}

// Null measures what scores the baseline gives by itself: for block after block
// of it, as long as the window or a third of the baseline if that is shorter,
// the score of the block against the rest, as Change would give it. It appends
// them to dst, one a block, NaN for a block without two samples, and returns it.
//
// The blocks lie at the same rows for every column of a table, half a block
// apart: the largest score of a block over all columns is one draw of "the
// largest of so many scores while all is well". dst grows by nothing where the
// baseline has fewer than 6 rows.
func (s *Scorer) Null(dst []float64, times []int64, values []float64, f Frame, m Meaning) []float64 {
	s.load(times, values, f, m)
	s.sorted = s.sorted[:0]
	n := 0
	for _, b := range s.l.baseline {
		for i := b.from; i < b.to; i++ {
			if v := s.x[i]; v == v {
				s.sorted = append(s.sorted, sample{v, n})
			}
			n++
		}
	}
	if n < 2*nullBlocks {
		return dst
	}
	sortSamples(s.sorted)
	length := max(2, min(max(s.l.expected, 1), n/nullBlocks))
	for from := 0; from+length <= n; from += max(1, length/2) {
		dst = append(dst, s.nullScore(from, from+length, m))
	}
	return dst
}

// nullScore is the score of the baseline's rows [from, to) against the others.
func (s *Scorer) nullScore(from, to int, m Meaning) float64 {
	s.rest, s.win = s.rest[:0], s.win[:0]
	for _, v := range s.sorted { // both stay sorted
		if v.row >= from && v.row < to {
			s.win = append(s.win, v.value)
		} else {
			s.rest = append(s.rest, v.value)
		}
	}
	if len(s.win) < 2 || len(s.rest) < 3 {
		return math.NaN()
	}
	s.scale = newScale(s.rest, s.win, s.l.step, m)
	c := Change{WindowMedian: quantileSorted(s.win, .5)}
	all := s.base
	s.base = s.rest
	s.measure(&c, m)
	s.base = all
	return c.Score
}

// NullMax is the largest score, by size, that the baseline gives by itself: 0
// if it is too short to say. A score of the window that is not clearly above it
// is the series' own habit. Where Change cut the baseline, pass what it used.
func (s *Scorer) NullMax(times []int64, values []float64, f Frame, m Meaning) float64 {
	most := 0.0
	var buf [32]float64
	for _, z := range s.Null(buf[:0], times, values, f, m) {
		if z = math.Abs(z); z > most { // false for NaN
			most = z
		}
	}
	return most
}

func sortSamples(x []sample) {
	if len(x) > 40 {
		slices.SortFunc(x, func(a, b sample) int { return cmp.Compare(a.value, b.value) })
		return
	}
	for i := 1; i < len(x); i++ {
		v := x[i]
		j := i
		for ; j > 0 && x[j-1].value > v.value; j-- {
			x[j] = x[j-1]
		}
		x[j] = v
	}
}
