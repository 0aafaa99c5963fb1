package evidence

import (
	"math"
	"sort"
)

// scale is the location and spread that a series is measured in.
type scale struct {
	median float64 // in the unit of the metric
	spread float64 // in the unit, or of the logarithm
	narrow float64 // the same without the range floor: for the onset search
	log    bool
	offset float64 // added before the logarithm
	centre float64 // median as measured: its logarithm if log
}

// at returns v as measured.
func (s *scale) at(v float64) float64 {
	if !s.log {
		return v
	}
	return math.Log(max(v, 0) + s.offset)
}

// z is the distance of v from the median in spreads.
func (s *scale) z(v float64) float64 { return (s.at(v) - s.centre) / s.spread }

// newScale measures location and spread of a baseline; both base and win are
// ascending and not empty.
func newScale(base, win []float64, step float64, m Meaning) scale {
	s := scale{log: m.Log, median: quantileSorted(base, .5)}
	least := max(m.Floor, unitFloor(m.Unit, step))
	var mad, spread float64
	if s.log {
		if least <= 0 && s.median == 0 { // nothing to take a share of: from 0 every step is infinitely far
			least = resolution(base, win, 0, step)
		}
		s.offset = max(.05*math.Abs(s.median), .1*least, math.SmallestNonzeroFloat32)
		s.centre = s.at(s.median)
		mad = 1.4826 * madLog(base, &s)
		spread = (s.at(quantileSorted(base, .95)) - s.at(quantileSorted(base, .05))) / 3.3
		s.narrow = max(mad, .35)
	} else {
		s.centre = s.median
		mad = 1.4826 * madSorted(base, s.median)
		spread = (quantileSorted(base, .95) - quantileSorted(base, .05)) / 3.3
		if least <= 0 && mad == 0 && spread == 0 {
			least = resolution(base, win, s.median, step)
		}
		if mad == 0 && spread == 0 { // of a series that never moved, "a lot" is all one can say
			far := max(win[len(win)-1]-s.median, s.median-win[0])
			least = max(least, far/appearedScore)
		}
		if mad == 0 { // nearly constant: what it did once it may do again
			spread = max(spread, (base[len(base)-1]-base[0])/4)
		}
		s.narrow = max(mad, .05*math.Abs(s.median), least)
	}
	if s.narrow == 0 {
		s.narrow = 1
	}
	few := 1 + 4/float64(len(base))
	if !s.log && m.Floor <= 0 && flips(base, win) {
		few, spread, s.narrow = 1, 0, 1/flippedScore
	}
	s.spread = max(s.narrow, spread) * few
	s.narrow *= few
	return s
}

// madLog is madSorted of the logarithms, of which only a few are taken: distances
// grow to both sides of the centre, and the middle one of two ascending lists is
// found by halving.
//
// Source: selection from two sorted lists, Knuth, "The Art of Computer
// Programming" 3, section 5.3.3.
func madLog(x []float64, s *scale) float64 {
	n := len(x)
	r := sort.Search(n, func(i int) bool { return s.at(x[i]) >= s.centre })
	side := func(i, count, at int) float64 { // distance i of count on one side, which is that of x[at]
		switch {
		case i < 0:
			return math.Inf(-1)
		case i >= count:
			return math.Inf(1)
		}
		return math.Abs(s.at(x[at]) - s.centre)
	}
	right := func(i int) float64 { return side(i, n-r, r+i) }
	left := func(i int) float64 { return side(i, r, r-1-i) }
	k := n / 2 // of the k smallest, some are right and the others left
	from := max(0, k-r)
	some := from + sort.Search(min(k, n-r)-from, func(i int) bool { return right(from+i) >= left(k-from-i-1) })
	middle := math.Min(right(some), left(k-some))
	if n%2 == 1 {
		return middle
	}
	return (math.Max(right(some-1), left(k-some-1)) + middle) / 2
}

// unitFloor is the least change that matters by the unit alone; 0: no say.
func unitFloor(unit string, step float64) float64 {
	switch unit {
	case "percent", "%":
		return 1
	case "ratio", "share":
		return .01
	case "ms", "ms/s":
		return 1
	case "s":
		return .001
	case "us", "µs":
		return 1e3
	case "ns":
		return 1e6
	case "bytes", "B":
		return 1 << 20
	case "bytes/s", "B/s":
		return 1 << 16
	case "KiB", "kB":
		return 1 << 10
	case "MiB", "MB":
		return 1
	case "1/s", "/s", "per_s", "ops/s":
		if step > 0 {
			return 1 / step // one event a row
		}
	}
	return 0
}

// resolution guesses the least step of a series whose baseline never moves: 1
// for whole numbers, one event a row for rates of rare events. Where it cannot
// tell, a change of any size counts as five steps.
func resolution(base, win []float64, median, step float64) float64 {
	whole, least, most := true, math.Inf(1), 0.0
	for _, x := range [2][]float64{base, win} {
		for _, v := range x {
			whole = whole && v == math.Trunc(v)
			if d := math.Abs(v - median); d > 0 {
				least, most = min(least, d), max(most, d)
			}
		}
	}
	switch {
	case whole:
		return 1
	case math.IsInf(least, 1):
		return 0
	case step > 0 && least*step > .7 && least*step < 1.3:
		return least
	}
	return min(least, most/5)
}

// flips reports whether a series holds only 0 and 1, its baseline only one of
// them and most of its window the other: a flag that flipped and stayed.
func flips(base, win []float64) bool {
	for _, x := range [2][]float64{base, win} {
		for _, v := range x {
			if v != 0 && v != 1 {
				return false
			}
		}
	}
	return base[0] == base[len(base)-1] && quantileSorted(win, .5) == 1-base[0]
}
