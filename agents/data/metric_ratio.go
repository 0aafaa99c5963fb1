package data

import (
	"math"
	"slices"

	"triagent/agents"
	"triagent/evidence"
	"triagent/incident"
	"triagent/telemetry"
)

// A ratio is what one signal comes to for one unit of another: work for one
// transaction, log for one row. Load moves both alike, so it says what raw rates
// do not: whether more is asked or each thing costs more.
type ratio struct {
	is      incident.Signal
	of, per []incident.Signal // the first that is measured, of each
}

// ratios lists what is divided by what.
var ratios = []ratio{
	{is: "cpu.own", of: []incident.Signal{"process.cpu"}, per: []incident.Signal{"cpu.use"}},
	{is: "work.cpu", of: []incident.Signal{"process.cpu"}, per: []incident.Signal{"transaction.rate"}},
	{is: "work.read", of: []incident.Signal{"scan.rows", "rows.read"}, per: []incident.Signal{"transaction.rate"}},
	{is: "work.lock", of: []incident.Signal{"lock.time", "lock.wait"}, per: []incident.Signal{"transaction.rate"}},
	{is: "work.log", of: []incident.Signal{"wal.rate"}, per: []incident.Signal{"rows.written"}},
	{is: "flush.yield", of: []incident.Signal{"rows.written"}, per: []incident.Signal{"flush.rate"}},
	{is: "work.sent", of: []incident.Signal{"net.out"}, per: []incident.Signal{"net.in"}},
}

const (
	// ratioSteps is how many steps a window is cut into where it has more
	// samples: a ratio of two samples scatters more than either.
	ratioSteps = 24
	// leastDivisor is the share of its usual level at which a divisor has
	// collapsed, and a ratio says nothing.
	leastDivisor = 0.2
	// mostRatios bounds the pairs of columns that one ratio is tried on.
	mostRatios = 16
)

// ratio measures the ratios of a table whose columns mean by.
func (m *meter) ratio(t *telemetry.Table, by map[incident.Signal][]moved, strongest map[incident.Signal]int) {
	for i := range ratios {
		r := &ratios[i]
		of, per := firstOf(by, r.of), firstOf(by, r.per)
		if len(of) == 0 || len(per) == 0 {
			continue
		}
		divisor := steadiest(per)
		for k := range of[:min(len(of), mostRatios)] {
			m.divide(t, r, &of[k], divisor, strongest)
		}
	}
}

// firstOf is what is measured of the first of signals that is.
func firstOf(by map[incident.Signal][]moved, signals []incident.Signal) []moved {
	for _, s := range signals {
		if len(by[s]) > 0 {
			return by[s]
		}
	}
	return nil
}

// steadiest is the metric that scatters least for its usual level: the whole
// machine rather than one core.
func steadiest(list []moved) *moved {
	scatter := func(mv *moved) float64 {
		if c := &mv.change; c.BaselineMedian > 0 {
			return c.BaselineSpread / c.BaselineMedian
		}
		return math.Inf(1)
	}
	best := &list[0]
	for i := range list {
		if scatter(&list[i]) < scatter(best) {
			best = &list[i]
		}
	}
	return best
}

// divide measures one ratio of two columns, and keeps it if it moved.
func (m *meter) divide(t *telemetry.Table, r *ratio, of, per *moved, strongest map[incident.Signal]int) {
	if !(of.change.BaselineMedian > 0) || !(per.change.BaselineMedian > 0) || of.change.Samples == 0 {
		return
	}
	info, _ := m.in.Base.Signal(r.is)
	times, values := m.quotients(t, of, per)
	c := m.scorer.Change(times, values, m.frame, evidence.Meaning{Bad: info.Bad})
	if 2*c.Samples <= c.Samples+c.Gaps || c.BaselineSamples == 0 { // for most of the window there was nothing to divide by
		return
	}
	// What a ratio came to for a moment is chance: only what it came to all the
	// while counts.
	if c.Score = c.Shift; c.Level != 0 {
		c.Score = c.Level
	}
	m.seen[agents.Observable{Node: t.Node, Signal: r.is}] = true
	mv := moved{table: t, column: of.column, meaning: of.meaning, info: info, change: c, per: per}
	mv.meaning.Signal = r.is
	if math.Abs(c.Score) < noticed {
		return
	}
	if mv.change.Direction = incident.Up; c.Score < 0 {
		mv.change.Direction = incident.Down
	}
	mv.change.BaselineMedian, mv.change.WindowMedian = m.quotient(&mv, c.Baseline), m.quotient(&mv, []incident.Window{m.frame.Window})
	before, after := mv.change.BaselineMedian, mv.change.WindowMedian
	if up := after > before; math.IsInf(after, 0) || math.IsNaN(after) || math.IsInf(before, 0) || up != (c.Score > 0) {
		return // the ratio of the medians tells another story
	}
	m.keep(mv, strongest)
}

// quotients is the ratio of the sums of two columns over steps of the table; NaN
// where there is nothing to divide by.
func (m *meter) quotients(t *telemetry.Table, of, per *moved) (times []int64, values []float64) {
	from, _ := slices.BinarySearch(t.Times, m.frame.Window.From.UnixNano())
	to, _ := slices.BinarySearch(t.Times, m.frame.Window.To.UnixNano())
	step := max(1, (to-from)/ratioSteps)
	a, b := increments(of), increments(per)
	least := leastDivisor * per.change.BaselineMedian * float64(step)
	at := from % step // a step begins with the window
	for i := at - step; i < len(t.Times); i += step {
		if i < 0 {
			continue
		}
		x, y := sum(a[i:min(i+step, len(a))]), sum(b[i:min(i+step, len(b))])
		q := math.NaN()
		if y >= least && y > 0 {
			q = x / y
		}
		times, values = append(times, t.Times[i]), append(values, q)
	}
	return times, values
}

// increments is what a column adds at each sample: its value, or the growth of a
// counter.
func increments(mv *moved) []float64 {
	values := mv.column.Values
	if !mv.meaning.Counter {
		return values
	}
	out := make([]float64, len(values))
	last := math.NaN()
	for i, v := range values {
		out[i] = math.NaN()
		if !math.IsNaN(v) {
			if v >= last {
				out[i] = v - last
			}
			last = v
		}
	}
	return out
}

// sum adds up x without its gaps; NaN: there is nothing else.
func sum(x []float64) float64 {
	total, n := 0.0, 0
	for _, v := range x {
		if !math.IsNaN(v) {
			total += v
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return total
}

// quotient is the ratio of the medians of the two columns of mv in windows: what
// its text says.
func (m *meter) quotient(mv *moved, in []incident.Window) float64 {
	return m.middle(mv, in) / m.middle(mv.per, in)
}

// middle is the median of a column in windows, of the rates of a counter.
func (m *meter) middle(mv *moved, in []incident.Window) float64 {
	n := m.number(mv, "", 0, .5, in)
	return evidence.Of(n.Stat, mv.table.Times, mv.column.Values, in, n.Arg)
}

// wordRatio puts a ratio into words: that of the medians, each with its recipe.
func (m *meter) wordRatio(mv *moved, e *incident.Evidence) {
	at := func(when string, value float64, in []incident.Window) incident.Number {
		own, per := m.number(mv, "own "+when, m.middle(mv, in), .5, in), m.number(mv.per, "per "+when, m.middle(mv.per, in), .5, in)
		e.Numbers = append(e.Numbers, own, per)
		return incident.Number{Name: when, Value: value, Stat: evidence.Ratio, File: mv.table.File, Arg: own.Name + "/" + per.Name}
	}
	before := at("before", mv.change.BaselineMedian, mv.change.Baseline)
	after := at("after", mv.change.WindowMedian, []incident.Window{m.frame.Window})
	e.Numbers = append(e.Numbers, before, after)
	e.Text = incident.Say("metric.ratio", "name", mv.column.Name, "per", mv.per.column.Name,
		"before", printed(&before, e.Unit), "after", printed(&after, e.Unit), "onset", onsetText(mv.change.Onset)).
		With("shape", "shape."+string(mv.change.Shape))
}
