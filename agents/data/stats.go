package data

import (
	"math"
	"slices"
)

// madScale turns a median absolute deviation into a standard deviation, for
// normal data.
const madScale = 1.4826

// median returns the median of x, NaN for none. It may reorder x.
func median(x []float64) float64 { return quantile(x, .5) }

// quantile returns the q-quantile of x (0..1) by linear interpolation between
// order statistics, NaN for none. It sorts x.
func quantile(x []float64, q float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	slices.Sort(x)
	at := q * float64(len(x)-1)
	lo := int(at)
	if lo+1 >= len(x) {
		return x[len(x)-1]
	}
	return x[lo] + (at-float64(lo))*(x[lo+1]-x[lo])
}

// robust returns the median of x and its spread, 1.4826 times the median
// absolute deviation; both are NaN for no x. It reorders x.
func robust(x []float64) (location, scale float64) {
	location = median(x)
	dev := make([]float64, len(x))
	for i, v := range x {
		dev[i] = math.Abs(v - location)
	}
	return location, madScale * median(dev)
}

// norm is what is normal for a share or a rate: its level and how much more it
// varies between blocks of time than chance alone would make it.
type norm struct {
	level float64 // share (0..1) or events per unit of exposure; smoothed, never 0
	phi   float64 // dispersion, >= 1
	used  int     // blocks that the level rests on
	n     float64 // trials or exposure in those blocks
}

// trimAt is how many robust standard deviations a block may be off before it
// is taken for part of another trouble.
const trimAt = 3.5

// shareNorm estimates the normal share of successes from blocks of k[i] among
// n[i]. It starts at the weighted median of the blocks' shares and twice drops
// blocks beyond 3.5 robust standard deviations, so that up to half of the
// blocks may hold another fault.
func shareNorm(k, n []float64) norm {
	return trimmed(k, n, func(level, n float64) float64 { return n * level * (1 - level) })
}

// rateNorm is shareNorm for counts k[i] over exposures n[i].
func rateNorm(k, n []float64) norm {
	return trimmed(k, n, func(level, n float64) float64 { return n * level })
}

func trimmed(k, n []float64, variance func(level, n float64) float64) norm {
	in := make([]int, 0, len(n))
	for i, v := range n {
		if v > 0 {
			in = append(in, i)
		}
	}
	if len(in) == 0 {
		return norm{phi: 1}
	}
	level := weightedMedian(k, n, in)
	z := make([]float64, 0, len(in))
	for range 2 {
		z = z[:0]
		for _, i := range in {
			z = append(z, deviation(k[i], n[i], level, variance))
		}
		_, scale := robust(slices.Clone(z))
		limit := trimAt * max(scale, 1)
		keep := in[:0]
		for j, i := range in {
			if math.Abs(z[j]) <= limit {
				keep = append(keep, i)
			}
		}
		if len(keep) == 0 {
			break
		}
		in = keep
		level, _ = pooled(k, n, in)
	}
	out := norm{used: len(in)}
	out.level, out.n = pooled(k, n, in)
	sum := 3.0
	for _, i := range in {
		d := deviation(k[i], n[i], out.level, variance)
		sum += d * d
	}
	out.phi = max(1, sum/float64(len(in)+3))
	return out
}

func deviation(k, n, level float64, variance func(level, n float64) float64) float64 {
	return (k - n*level) / math.Sqrt(max(variance(level, n), .25))
}

// pooled is the smoothed level over the blocks in, half an event added to
// either side, and their total exposure.
func pooled(k, n []float64, in []int) (level, total float64) {
	var sum float64
	for _, i := range in {
		sum += k[i]
		total += n[i]
	}
	return (sum + .5) / (total + 1), total
}

func weightedMedian(k, n []float64, in []int) float64 {
	order := slices.Clone(in)
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := k[a]/n[a], k[b]/n[b]; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	var total, run float64
	for _, i := range order {
		total += n[i]
	}
	for _, i := range order {
		if run += n[i]; 2*run >= total {
			return k[i] / n[i]
		}
	}
	return 0
}

// gShare is the G statistic (twice the log likelihood ratio) of k successes in
// n trials against the share p, 0 < p < 1.
//
// Source: Sokal and Rohlf, Biometry, the G-test of goodness of fit.
func gShare(k, n, p float64) float64 {
	if n <= 0 {
		return 0
	}
	g := 0.0
	if k > 0 {
		g += k * math.Log(k/n/p)
	}
	if k < n {
		g += (n - k) * math.Log((n-k)/n/(1-p))
	}
	return max(0, 2*g)
}

// gRate is the G statistic of k events where mu > 0 are expected, for a
// Poisson count.
func gRate(k, mu float64) float64 {
	g := mu - k
	if k > 0 {
		g += k * math.Log(k/mu)
	}
	return max(0, 2*g)
}
