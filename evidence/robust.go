package evidence

import (
	"math"
	"slices"
)

// sortFloats sorts x ascending. Most of our slices have 5 to 50 elements, where
// insertion beats the library's general sort several times over.
func sortFloats(x []float64) {
	if len(x) > radixFrom {
		radixSort(x)
		return
	}
	if len(x) > 40 {
		slices.Sort(x)
		return
	}
	for i := 1; i < len(x); i++ {
		v := x[i]
		j := i
		for ; j > 0 && x[j-1] > v; j-- {
			x[j] = x[j-1]
		}
		x[j] = v
	}
}

// quantileSorted is the quantile q (0..1) of ascending x by linear
// interpolation (type 7 of Hyndman and Fan, 1996); NaN if x is empty.
func quantileSorted(x []float64, q float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	pos := min(max(q, 0), 1) * float64(len(x)-1)
	i := int(pos)
	if i+1 >= len(x) {
		return x[len(x)-1]
	}
	return x[i] + (pos-float64(i))*(x[i+1]-x[i])
}

// madSorted is the median of the distances of ascending x from m, found by
// walking outwards from m: linear time, no copy.
func madSorted(x []float64, m float64) float64 {
	n := len(x)
	if n == 0 {
		return math.NaN()
	}
	r, _ := slices.BinarySearch(x, m)
	l := r - 1
	var last, d float64
	for range n/2 + 1 {
		last = d
		if l < 0 || (r < n && x[r]-m <= m-x[l]) {
			d = x[r] - m
			r++
		} else {
			d = m - x[l]
			l--
		}
	}
	if n%2 == 1 {
		return d
	}
	return (last + d) / 2
}
