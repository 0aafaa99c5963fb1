package task

import (
	"cmp"
	"math"
	"slices"
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

// grid holds the prefix sums of all columns over a common, thinned time axis.
type grid struct {
	from    time.Time
	step    time.Duration
	bins    int
	sums    [][]float64 // by column: sum of the values of the bins before each
	squares [][]float64 // by column: the same of their squares
	warm    int         // bins of warm-up at the start
	telling int         // how many columns decide
}

// newGrid returns nil where there is nothing to search in.
func newGrid(tables []telemetry.Table, all incident.Window) *grid {
	rows, widest := 0, 0
	for _, t := range tables {
		rows, widest = max(rows, len(t.Times)), max(widest, len(t.Columns))
	}
	bins := min(rows, maxBins)
	if bins < 4*minInside {
		return nil
	}
	// The last row stands for the step that begins with it.
	length := all.Duration() + all.Duration()/time.Duration(rows-1)
	g := &grid{from: all.From, bins: bins, step: length / time.Duration(bins)}
	var columns [][]float64
	for i := range tables {
		for j := range tables[i].Columns {
			if y := g.normalised(&tables[i], tables[i].Columns[j].Values); y != nil {
				columns = append(columns, y)
			}
		}
	}
	if len(columns) == 0 {
		return nil
	}
	left := make([]int, len(columns))
	for i, y := range columns {
		left[i] = leaves(y)
	}
	slices.Sort(left)
	g.warm = min(left[len(left)*4/5], bins*15/100)
	g.telling = max(1, min(int(math.Ceil(telling*float64(widest))), len(columns)))
	for _, y := range g.livelier(columns) {
		g.sums = append(g.sums, cumulate(y, func(v float64) float64 { return v }))
		g.squares = append(g.squares, cumulate(y, func(v float64) float64 { return v * v }))
	}
	return g
}

// recorded is the time from the first row of the tables to the last.
func recorded(tables []telemetry.Table) incident.Window {
	var w incident.Window
	for _, t := range tables {
		if len(t.Times) == 0 {
			continue
		}
		from, to := time.Unix(0, t.Times[0]).UTC(), time.Unix(0, t.Times[len(t.Times)-1]+1).UTC()
		if w.IsZero() || from.Before(w.From) {
			w.From = from
		}
		if to.After(w.To) {
			w.To = to
		}
	}
	return w
}

// livelier keeps the maxTold columns that vary most after the warm-up: what
// varies no more than its noise has nothing to say of any box.
func (g *grid) livelier(columns [][]float64) [][]float64 {
	if len(columns) <= maxTold {
		return columns
	}
	vary := make([]float64, len(columns))
	order := make([]int, len(columns))
	for i, y := range columns {
		var sum, squares float64
		for _, v := range y[g.warm:] {
			sum += v
			squares += v * v
		}
		order[i], vary[i] = i, squares-sum*sum/float64(g.bins-g.warm)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(vary[b], vary[a]) })
	out := make([][]float64, maxTold)
	for i := range out {
		out[i] = columns[order[i]]
	}
	return out
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
	growth := grows(values)
	last := math.NaN()
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		x := v
		if growth {
			if x = max(0, v-last); math.IsNaN(last) {
				last = v
				continue
			}
		}
		last = v
		k := min(g.bins-1, max(0, int((t.Times[i]-g.from.UnixNano())/int64(g.step))))
		y[k] += math.Copysign(math.Log1p(math.Abs(x)), x)
		n[k]++
	}
	last = math.NaN()
	for k := range y {
		if n[k] > 0 {
			last = y[k] / n[k]
		}
		y[k] = last
	}
	return scaleByNoise(y)
}

// grows reports whether a column only ever grows, and does so often: a total,
// whose level says nothing but how much time has passed.
func grows(values []float64) bool {
	up, down, n := 0, 0, 0
	last := math.NaN()
	for _, v := range values {
		if math.IsNaN(v) {
			continue
		}
		switch {
		case v > last:
			up++
		case v < last:
			down++
		}
		last = v
		n++
	}
	return 100*down <= n && 10*up >= 3*n // it may be reset
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

func cumulate(y []float64, of func(float64) float64) []float64 {
	s := make([]float64, len(y)+1)
	for i, v := range y {
		s[i+1] = s[i] + of(v)
	}
	return s
}
