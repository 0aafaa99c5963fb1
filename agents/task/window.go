package task

import (
	"math"

	"triagent/agents"
	"triagent/incident"
)

// Bounds of the search for an abnormal window.
const (
	maxBins   = 240  // the run is thinned to so many time steps
	minInside = 4    // steps that a window has at least
	minBefore = 8    // steps before it that show what normal is
	maxShare  = 0.75 // share of the run that a window has at most
	telling   = 0.3  // share of a node's columns, the most shifted ones, that decides
	maxTold   = 1000 // columns that are searched, those that vary most beyond their noise
	shiftCap  = 12.0 // units of noise beyond which a sample is no odder
	goesOn    = 0.3  // share of a box's score from which what follows it belongs to it
	mostParts = 4    // boxes that one window is made of
)

// FindWindow looks for the abnormal stretch of a bundle that names neither a
// window nor a baseline: the box in time that explains most of what its metrics
// did, by a mean of its own against one of all the rest. It reports false where
// the bundle says itself what to examine, or has too few samples to tell.
//
// Columns are put on a log scale, sign(v) ln(1+|v|), what only ever grows as its
// growth, and measured in their own noise, which is taken from first
// differences, so that plateaus weigh more than spikes. A column says of a box
// the logarithm of the likelihood ratio of two means against one, with its
// noise added to the variance that is left; a box scores the mean of what the
// most shifted 30 % of a node's columns say. What follows the box belongs to it
// as long as it scores nearly as much against what is left: trouble may change
// its face before it ends, and some of it outlasts its cause. The warm-up of the
// run counts neither way, and between it and the box there must be a stretch
// that shows what normal is: where two parts of a run differ, the earlier is the
// normal one. Apart is what the best box scores.
//
// Sources: the alternative of one box is that of Levin and Kline (1985); its
// search in sequences is the circular binary segmentation of Olshen et al.
// (Biostatistics 2004), the sum over sequences that of Zhang et al. (Biometrika
// 2010). The noise, the share of columns and what belongs to the box are ours.
func FindWindow(in agents.Input) (f agents.Frame, apart float64, ok bool) {
	b := in.Bundle
	if !b.Incident.Window.IsZero() || !b.Incident.Baseline.IsZero() || len(b.Tables) == 0 {
		return agents.Frame{}, 0, false
	}
	all := in.Frame.Window
	g := newGrid(b.Tables, all)
	if g == nil {
		return agents.Frame{}, 0, false
	}
	lo, hi, apart := g.stretch()
	w := incident.Window{From: g.time(lo), To: g.time(hi)}
	if hi == g.bins || w.To.After(all.To) {
		w.To = all.To
	}
	f = agents.Frame{Window: w, Search: w}
	f.Baseline = g.around(f, all)
	return f, apart, true
}

// FindBaseline tells what is normal in a bundle that names a window and no
// baseline: all that its metrics recorded outside the window, less the warm-up
// of the run. An onset is searched for in the second half of what lies before
// the window at most; a metric whose trouble began there is measured by the rest.
// It reports false where the bundle says so itself, or has too few samples to
// tell.
func FindBaseline(in agents.Input) (agents.Frame, bool) {
	b, f := in.Bundle, in.Frame
	if b.Incident.Window.IsZero() || !b.Incident.Baseline.IsZero() || len(b.Tables) == 0 {
		return f, false
	}
	all := recorded(b.Tables)
	if !all.Overlaps(f.Window) {
		return f, false
	}
	g := newGrid(b.Tables, all)
	if g == nil {
		return f, false
	}
	if begins := g.time(g.warm); begins.Before(f.Window.From) {
		if half := begins.Add(f.Window.From.Sub(begins) / 2); f.Search.From.Before(half) {
			f.Search.From = half
		}
	}
	f.Baseline = g.around(f, all)
	return f, len(f.Baseline) > 0
}

// around is what was recorded before and after the frame, less the warm-up.
func (g *grid) around(f agents.Frame, all incident.Window) []incident.Window {
	var out []incident.Window
	if from := g.time(g.warm); from.Before(f.Window.From) {
		out = append(out, incident.Window{From: from, To: f.Window.From})
	}
	if f.Window.To.Before(all.To) {
		out = append(out, incident.Window{From: f.Window.To, To: all.To})
	}
	return out
}

// stretch returns the bins [lo, hi) of the abnormal stretch: the best box, and
// what follows it for as long as that is not normal either. Top is the score of
// the best box.
func (g *grid) stretch() (lo, hi int, top float64) {
	most := int(maxShare * float64(g.bins-g.warm))
	s := newSearch(g, g.warm, g.warm)
	for i := g.warm + minBefore; i < g.bins; i++ {
		for j := i + minInside; j <= min(g.bins, i+most); j++ {
			if v := s.score(i, j); v > top {
				top, lo, hi = v, i, j
			}
		}
	}
	if hi == 0 { // nothing varies by more than its noise
		return g.warm + minBefore, g.warm + minBefore + minInside, 0
	}
	for range mostParts - 1 {
		rest := newSearch(g, lo, hi)
		best, next := 0.0, hi
		for j := hi + minInside; j <= min(g.bins, lo+most); j++ {
			if v := rest.score(hi, j); v > best {
				best, next = v, j
			}
		}
		if best < goesOn*top {
			break
		}
		hi = next
	}
	return lo, hi, top
}

// search scores boxes of a grid from which the bins of an earlier find are left
// out.
type search struct {
	g        *grid
	n        float64   // bins that are searched
	total    []float64 // by column: sum over the bins searched
	variance []float64 // by column: squares about the mean of these, plus the noise
	// explained is scratch: the share of its variance, below 1, that a box
	// explains, of each column.
	explained []float64
}

func newSearch(g *grid, from, to int) *search {
	k := len(g.sums)
	s := &search{g: g, n: float64(g.bins - g.warm - (to - from))}
	s.total, s.variance, s.explained = make([]float64, k), make([]float64, k), make([]float64, k)
	for c, sum := range g.sums {
		s.total[c] = sum[g.bins] - sum[g.warm] - (sum[to] - sum[from])
		q := g.squares[c]
		s.variance[c] = q[g.bins] - q[g.warm] - (q[to] - q[from]) - s.total[c]*s.total[c]/s.n + s.n
	}
	return s
}

// score is the mean log likelihood ratio of the box [i, j), which must not
// overlap what is left out, over the columns that say most.
func (s *search) score(i, j int) float64 {
	in, out := float64(j-i), s.n-float64(j-i)
	if out <= 0 {
		return 0
	}
	scale := s.n / (in * out)
	for c, sum := range s.g.sums {
		apart := sum[j] - sum[i] - s.total[c]*in/s.n // what the box has beyond its share
		s.explained[c] = apart * apart * scale / s.variance[c]
	}
	k := min(s.g.telling, len(s.explained))
	largestFirst(s.explained, k)
	var sum float64
	for _, v := range s.explained[:k] {
		sum -= math.Log1p(-v)
	}
	return s.n / 2 * sum / float64(k)
}

// largestFirst reorders v so that its k largest come first (Hoare's selection).
func largestFirst(v []float64, k int) {
	for lo, hi := 0, len(v)-1; lo < hi; {
		pivot, i, j := v[lo+(hi-lo)/2], lo, hi
		for i <= j {
			for v[i] > pivot {
				i++
			}
			for v[j] < pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case k-1 <= j:
			hi = j
		case k-1 >= i:
			lo = i
		default:
			return
		}
	}
}
