package compress

import (
	"cmp"
	"math"
	"slices"
)

// Block is how often something was counted in one stretch of time.
type Block struct {
	Count   int64
	Seconds float64 // above 0; a Block of 0 seconds is ignored
}

// ChangeKind says how counts in a window differ from those before it.
type ChangeKind string

// The kinds of change.
const (
	Steady   ChangeKind = "steady"   // no more difference than chance makes
	New      ChangeKind = "new"      // in the window only
	Vanished ChangeKind = "vanished" // in the baseline only
	Burst    ChangeKind = "burst"    // more often
	Drop     ChangeKind = "drop"     // less often
)

// Change is the outcome of comparing a window with a baseline.
type Change struct {
	Kind       ChangeKind
	Window     int64   // count in the window
	Baseline   int64   // count in the baseline, all blocks
	Expected   float64 // count that the baseline's usual rate gives for the window
	Ratio      float64 // rate in the window by the usual rate, each with half a count added
	G          float64 // log-likelihood ratio, over the dispersion
	Dispersion float64 // variance of the baseline's blocks by that of a Poisson process, 1 or more
	P          float64 // chance of a G as large without a change
}

// ChangeConfig says when a difference is called a change. The zero value takes
// the defaults.
type ChangeConfig struct {
	Alpha    float64 // false discovery rate over all that is compared; default .01
	MinRatio float64 // least ratio, or its inverse, for Burst and Drop; default 1.5
}

// Compare tests whether the rate in the window is that of the baseline.
//
// With k events in T seconds of the window and n in S seconds of the baseline,
// G = 2 (k ln(k/E) + n ln(n/F)), E and F being what one common rate gives; it
// has a chi-square distribution of one degree of freedom if both are Poisson
// processes of one rate. Logs are not: events come in clusters. So G is
// divided by the dispersion of the baseline, phi = max(1, (sum z^2 + 3)/(blocks
// + 3)), z being the block's deviation in Poisson standard deviations; the
// three pseudo-blocks of variance one keep few blocks from deciding. The usual
// rate is that of the blocks left after those beyond 3.5 robust standard
// deviations of the median were dropped, twice: a baseline that holds the start
// of the fault, or one restart, does not hide it. n and S are of those blocks.
// With fewer than two blocks phi is 1 and nothing is dropped.
//
// The kind is Steady here only if window and baseline are both empty or the
// ratio is between 1/MinRatio and MinRatio; significance is decided over all
// comparisons together, see Changes.
//
// Source: G-test, Sokal and Rohlf, "Biometry"; quasi-likelihood dispersion,
// McCullagh and Nelder, "Generalized Linear Models".
func Compare(window, baseline []Block, cfg ChangeConfig) Change {
	cfg = cfg.filled()
	k, t := total(window)
	all, _ := total(baseline)
	usual := trim(baseline)
	n, s := total(usual)
	c := Change{Kind: Steady, Window: k, Baseline: all, Dispersion: 1, P: 1, Ratio: 1}
	if t <= 0 || s <= 0 {
		return c
	}
	c.Expected = float64(n) * t / s
	c.Ratio = (float64(k) + .5) / t / ((float64(n) + .5) / s)
	c.Dispersion = dispersion(usual, float64(n)/s)
	rate := float64(k+n) / (t + s)
	c.G = 2 * (xlogx(k, rate*t) + xlogx(n, rate*s)) / c.Dispersion
	c.G = max(c.G, 0)
	c.P = math.Erfc(math.Sqrt(c.G / 2))
	switch {
	case k == 0 && all == 0:
	case all == 0:
		c.Kind = New
	case k == 0:
		c.Kind = Vanished
	case c.Ratio >= cfg.MinRatio:
		c.Kind = Burst
	case c.Ratio <= 1/cfg.MinRatio:
		c.Kind = Drop
	}
	return c
}

func (c ChangeConfig) filled() ChangeConfig {
	if c.Alpha <= 0 {
		c.Alpha = .01
	}
	if c.MinRatio <= 1 {
		c.MinRatio = 1.5
	}
	return c
}

// xlogx is k ln(k/e), 0 for k of 0.
func xlogx(k int64, e float64) float64 {
	if k == 0 {
		return 0
	}
	return float64(k) * math.Log(float64(k)/e)
}

func total(bs []Block) (n int64, seconds float64) {
	for _, b := range bs {
		if b.Seconds > 0 {
			n += b.Count
			seconds += b.Seconds
		}
	}
	return n, seconds
}

func dispersion(bs []Block, rate float64) float64 {
	if len(bs) < 2 || rate <= 0 {
		return 1
	}
	sum := 3.
	for _, b := range bs {
		e := rate * b.Seconds
		d := float64(b.Count) - e
		sum += d * d / e
	}
	return max(1, sum/float64(len(bs)+3))
}

// trim drops the blocks whose rate is far from the median, twice. At least half
// of the blocks stay.
func trim(bs []Block) []Block {
	keep := make([]Block, 0, len(bs))
	for _, b := range bs {
		if b.Seconds > 0 {
			keep = append(keep, b)
		}
	}
	least := (len(keep) + 1) / 2
	for range 2 {
		if len(keep) < 4 {
			return keep
		}
		rates := make([]float64, len(keep))
		for i, b := range keep {
			rates[i] = float64(b.Count) / b.Seconds
		}
		mid := median(rates)
		for i := range rates {
			rates[i] = math.Abs(rates[i] - mid)
		}
		mad := 1.4826 * median(rates)
		var in []Block
		for _, b := range keep {
			// No block is dropped for less than Poisson noise makes.
			sd := max(mad, math.Sqrt(max(mid*b.Seconds, 1))/b.Seconds)
			if math.Abs(float64(b.Count)/b.Seconds-mid) <= 3.5*sd {
				in = append(in, b)
			}
		}
		if len(in) < least {
			return keep
		}
		keep = in
	}
	return keep
}

func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}

// Counted is one thing to compare: a template on a node, say.
type Counted struct {
	Window, Baseline []Block
}

// Changes compares each of items and calls Steady what the rate of false
// discoveries, held at cfg.Alpha over all of them, does not allow to be called
// a change. The result is parallel to items.
//
// Source: Benjamini and Hochberg, "Controlling the False Discovery Rate",
// JRSS B, 1995.
func Changes(items []Counted, cfg ChangeConfig) []Change {
	cfg = cfg.filled()
	out := make([]Change, len(items))
	order := make([]int, len(items))
	for i, x := range items {
		out[i] = Compare(x.Window, x.Baseline, cfg)
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(out[a].P, out[b].P), cmp.Compare(a, b)) })
	bound := 0.
	for rank, i := range order {
		if out[i].P <= cfg.Alpha*float64(rank+1)/float64(len(items)) {
			bound = out[i].P
		}
	}
	for i := range out {
		if out[i].P > bound {
			out[i].Kind = Steady
		}
	}
	return out
}
