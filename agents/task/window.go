package task

import (
	"math"
	"slices"
	"time"

	"triagent/agents"
	"triagent/incident"
	"triagent/telemetry"
)

// Bounds of the search for an abnormal window.
const (
	maxBins   = 240  // the run is thinned to so many time steps
	minInside = 4    // steps that a window has at least
	minBefore = 8    // steps before it that show what normal is
	maxShare  = 0.75 // share of the run that a window has at most
	telling   = 10   // most shifted columns that decide
	shiftCap  = 12.0 // one column alone decides nothing
)

// FindWindow looks for the abnormal stretch of a bundle that names neither a
// window nor a baseline: the box in time whose inside differs most from its
// outside, over the columns that shift most. It reports false where the bundle
// says itself what to examine, or has too few samples to tell.
//
// Columns are put on a log scale, sign(v) ln(1+|v|), and measured in their own
// noise, which is taken from first differences, so that plateaus weigh more than
// spikes. A box scores the mean difference inside to outside of its 10 most
// shifted columns times the root of its effective length, as a two-sample
// statistic. The warm-up of the run counts neither way, and between it and the
// box there must be a stretch that shows what normal is: where two parts of a
// run differ, the earlier is the normal one. The search by prefix sums is that
// of scan statistics (Kulldorff 1997); the measure is ours.
func FindWindow(in agents.Input) (agents.Frame, bool) {
	b := in.Bundle
	if !b.Incident.Window.IsZero() || !b.Incident.Baseline.IsZero() || len(b.Tables) == 0 {
		return agents.Frame{}, false
	}
	all := in.Frame.Window
	g := newGrid(b.Tables, all)
	if g == nil {
		return agents.Frame{}, false
	}
	lo, hi := g.bestBox()
	w := incident.Window{From: g.time(lo), To: g.time(hi)}
	f := agents.Frame{Window: w, Search: w}
	if all.From.Before(w.From) {
		f.Baseline = append(f.Baseline, incident.Window{From: all.From, To: w.From})
	}
	if w.To.Before(all.To) {
		f.Baseline = append(f.Baseline, incident.Window{From: w.To, To: all.To})
	}
	return f, true
}

// grid holds the prefix sums of all columns over a common, thinned time axis.
type grid struct {
	from time.Time
	step time.Duration
	bins int
	sums [][]float64 // by column: sum of the values of the bins before each
	warm int         // bins of warm-up at the start
}

// newGrid returns nil where there is nothing to search in.
func newGrid(tables []telemetry.Table, all incident.Window) *grid {
	rows := 0
	for _, t := range tables {
		rows = max(rows, len(t.Times))
	}
	bins := min(rows, maxBins)
	if bins < 4*minInside {
		return nil
	}
	g := &grid{from: all.From, bins: bins, step: all.Duration() / time.Duration(bins)}
	var left []int
	for i := range tables {
		for j := range tables[i].Columns {
			if y := g.normalised(&tables[i], tables[i].Columns[j].Values); y != nil {
				g.sums = append(g.sums, cumulate(y))
				left = append(left, leaves(y))
			}
		}
	}
	if len(g.sums) == 0 {
		return nil
	}
	slices.Sort(left)
	g.warm = min(left[len(left)*4/5], bins*15/100)
	return g
}

// leaves returns the first bin at which y is no longer what it was at first.
func leaves(y []float64) int {
	return max(0, slices.IndexFunc(y, func(v float64) bool { return math.Abs(v-y[0]) > 1 }))
}

func (g *grid) time(bin int) time.Time {
	return g.from.Add(time.Duration(bin) * g.step).Truncate(time.Millisecond)
}

// normalised bins a column and divides it by its noise; nil for a column that
// says nothing.
func (g *grid) normalised(t *telemetry.Table, values []float64) []float64 {
	y, n := make([]float64, g.bins), make([]float64, g.bins)
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		k := min(g.bins-1, max(0, int((t.Times[i]-g.from.UnixNano())/int64(g.step))))
		y[k] += math.Copysign(math.Log1p(math.Abs(v)), v)
		n[k]++
	}
	last := math.NaN()
	for k := range y {
		if n[k] > 0 {
			last = y[k] / n[k]
		}
		y[k] = last
	}
	return scaleByNoise(y)
}

// scaleByNoise divides y, whose head may be NaN, by its noise. A column that
// hardly ever moves gets a share of its range as noise.
func scaleByNoise(y []float64) []float64 {
	first := slices.IndexFunc(y, func(v float64) bool { return !math.IsNaN(v) })
	if first < 0 || first > len(y)/2 {
		return nil
	}
	for k := range first {
		y[k] = y[first]
	}
	diff := make([]float64, 0, len(y))
	for k := 1; k < len(y); k++ {
		diff = append(diff, math.Abs(y[k]-y[k-1]))
	}
	slices.Sort(diff)
	spread := slices.Max(y) - slices.Min(y)
	if spread < 1e-9 {
		return nil
	}
	noise := max(1.4826*diff[len(diff)/2]/math.Sqrt2, diff[len(diff)*9/10]/2.33, 0.02*spread)
	sorted := slices.Sorted(slices.Values(y))
	median := sorted[len(sorted)/2]
	for k := range y {
		y[k] = math.Max(-shiftCap, math.Min(shiftCap, (y[k]-median)/noise))
	}
	return y
}

func cumulate(y []float64) []float64 {
	s := make([]float64, len(y)+1)
	for i, v := range y {
		s[i+1] = s[i] + v
	}
	return s
}

// bestBox returns the bins [lo, hi) of the box that stands out most.
func (g *grid) bestBox() (lo, hi int) {
	best := math.Inf(-1)
	shifts := make([]float64, len(g.sums))
	for i := g.warm + minBefore; i < g.bins; i++ {
		for j := i + minInside; j <= g.bins; j++ {
			if float64(j-i) > maxShare*float64(g.bins-g.warm) {
				break
			}
			if s := g.score(i, j, shifts); s > best {
				best, lo, hi = s, i, j
			}
		}
	}
	return lo, hi
}

func (g *grid) score(i, j int, shifts []float64) float64 {
	in, out := float64(j-i), float64(g.bins-g.warm-(j-i))
	for k, s := range g.sums {
		inside := s[j] - s[i]
		outside := s[g.bins] - s[g.warm] - inside
		shifts[k] = math.Min(shiftCap, math.Abs(inside/in-outside/out))
	}
	n := min(telling, len(shifts))
	return topMean(shifts, n) * math.Sqrt(in*out/(in+out))
}

// topMean is the mean of the n largest of v. It reorders v.
func topMean(v []float64, n int) float64 {
	var sum float64
	for range n {
		top := 0
		for k := range v {
			if v[k] > v[top] {
				top = k
			}
		}
		sum += v[top]
		v[top] = v[len(v)-1]
		v = v[:len(v)-1]
	}
	return sum / float64(n)
}
