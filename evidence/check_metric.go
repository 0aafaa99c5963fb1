package evidence

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"

	"triagent/incident"
)

// column gathers what numbers of one metric column ask for.
type column struct {
	index  int
	wanted []*gather
}

// gather holds the samples that one number rests on.
type gather struct {
	*number
	samples []float64
	gaps    int
	series  []point // of the whole column, for rates
}

type point struct {
	at    int64
	value float64
}

// readMetrics goes over a metrics file once, with encoding/csv.
func (c *checker) readMetrics(f *file, in *lineReader) error {
	r := csv.NewReader(in)
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	index := map[string]int{}
	for i, name := range header {
		index[strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))] = i
	}
	timeAt, ok := index["time"]
	if !ok {
		return fmt.Errorf("no column named time")
	}
	delete(index, "time")
	columns := columnsOf(f, index)
	rows := rowChecks(c, f, index)
	line, _ := r.FieldPos(0)
	next := 0
	for _, p := range f.at(line, &next) {
		p.problem = fmt.Sprintf("line %d of %s is its header", line, f.name)
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		at, ok := readInstant(strings.TrimSpace(row[timeAt]))
		if !ok {
			return fmt.Errorf("line %d: %q is no time", line, row[timeAt])
		}
		for i := range columns {
			columns[i].take(at, cell(row, columns[i].index))
		}
		for i := range rows {
			rows[i].take(line, at, row)
		}
		f.at(line, &next)
	}
	for i := range columns {
		for _, g := range columns[i].wanted {
			g.again, g.ready = g.compute(), true
		}
	}
	for i := range rows {
		rows[i].conclude()
	}
	return nil
}

func columnsOf(f *file, index map[string]int) []column {
	by := map[string]int{}
	var columns []column
	for _, n := range f.numbers {
		i, ok := index[n.Column]
		if !ok || !ofMetric(n.Stat) {
			continue
		}
		k, ok := by[n.Column]
		if !ok {
			k = len(columns)
			by[n.Column] = k
			columns = append(columns, column{index: i})
		}
		columns[k].wanted = append(columns[k].wanted, &gather{number: n})
	}
	return columns
}

func ofMetric(s incident.Stat) bool {
	switch s {
	case Median, Quantile, Min, Max, Top, Bottom, Samples, Gaps, RateQ:
		return true
	}
	return false
}

// cell reads a sample; NaN is a gap.
func cell(row []string, i int) float64 {
	if i >= len(row) {
		return math.NaN()
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(row[i]), 64)
	if err != nil || math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

func (c *column) take(at int64, v float64) {
	for _, g := range c.wanted {
		switch {
		case g.Stat == RateQ:
			if !math.IsNaN(v) {
				g.series = append(g.series, point{at, v})
			}
		case !covered(at, g.Windows):
		case math.IsNaN(v):
			g.gaps++
		default:
			g.samples = append(g.samples, v)
		}
	}
}

// compute is the statistic, written out plainly.
func (g *gather) compute() float64 {
	if g.Stat == RateQ {
		g.samples = g.rates()
	}
	x := g.samples
	sort.Float64s(x)
	n := len(x)
	switch g.Stat {
	case Samples:
		return float64(n)
	case Gaps:
		return float64(g.gaps)
	}
	if n == 0 {
		return math.NaN()
	}
	switch g.Stat {
	case Min:
		return x[0]
	case Max:
		return x[n-1]
	case Median:
		return (x[(n-1)/2] + x[n/2]) / 2
	case Top, Bottom:
		k, err := strconv.Atoi(g.Arg)
		if err != nil || k < 1 || k > n {
			return math.NaN()
		}
		if g.Stat == Bottom {
			return x[k-1]
		}
		return x[n-k]
	}
	return plainQuantile(x, g.Arg)
}

// plainQuantile is the quantile of sorted samples, between the two nearest in
// proportion.
func plainQuantile(x []float64, arg string) float64 {
	q, err := strconv.ParseFloat(arg, 64)
	if err != nil || q < 0 || q > 1 || len(x) == 0 {
		return math.NaN()
	}
	low, part := math.Modf(q * float64(len(x)-1))
	high := math.Min(low+1, float64(len(x)-1))
	return x[int(low)]*(1-part) + x[int(high)]*part
}

// rates are the increases a second between neighbouring samples.
func (g *gather) rates() []float64 {
	sort.SliceStable(g.series, func(i, j int) bool { return g.series[i].at < g.series[j].at })
	var out []float64
	for i := 1; i < len(g.series); i++ {
		a, b := g.series[i-1], g.series[i]
		if covered(b.at, g.Windows) && b.value >= a.value && b.at > a.at {
			out = append(out, (b.value-a.value)/(float64(b.at-a.at)/1e9))
		}
	}
	return out
}

// rowCheck finds the row that metric evidence must lead to: the first at or
// after the end of its onset (the start of its window, if the onset is unknown)
// that has a sample, or any row for a series that is gone; the last row if
// there is none.
type rowCheck struct {
	*place
	column int // -1: none
	from   int64
	found  int   // line of the row; 0: none yet
	last   int   // line of the last row
	latest int64 // its time
}

func rowChecks(c *checker, f *file, index map[string]int) []rowCheck {
	var out []rowCheck
	for _, p := range f.places {
		e := p.of
		i, known := index[e.Name]
		switch {
		case e.Kind != incident.Metric:
			continue
		case !known:
			p.problem = fmt.Sprintf("%s has no column %q", f.name, e.Name)
			continue
		case c.ownerOf(f.name) != e.Node:
			p.problem = fmt.Sprintf("%s is not of node %q", f.name, e.Node)
			continue
		}
		if q := e.Source.Query; q != "" && q != e.Name {
			p.problem = fmt.Sprintf("its source is column %q, not %q", q, e.Name)
			continue
		}
		for _, n := range e.Numbers {
			if ofMetric(n.Stat) && (n.Column != e.Name && !divides(e, n.Name) || n.File != f.name) {
				p.problem = fmt.Sprintf("number %q is of %q in %s", n.Name, n.Column, n.File)
			}
		}
		from := e.Window.From
		if !e.Onset.IsZero() {
			from = e.Onset.To
		}
		out = append(out, rowCheck{place: p, column: i, from: from.UnixNano()})
	}
	return out
}

// divides reports whether a number is what a ratio of the evidence divides by,
// which may be of another column.
func divides(e *incident.Evidence, name string) bool {
	for _, n := range e.Numbers {
		if _, by, ok := strings.Cut(n.Arg, "/"); ok && n.Stat == Ratio && by == name {
			return true
		}
	}
	return false
}

// ownerOf is the node whose metrics a member holds.
func (c *checker) ownerOf(name string) incident.NodeID {
	for i := range c.b.Tables {
		if c.b.Tables[i].File == name {
			return c.b.Tables[i].Node
		}
	}
	return ""
}

func (r *rowCheck) take(line int, at int64, row []string) {
	r.last, r.latest = line, at
	if r.found == 0 && at >= r.from && (r.of.Direction == incident.Gone || !math.IsNaN(cell(row, r.column))) {
		r.found = line
		if !inScope(r.of, at) {
			r.problem = fmt.Sprintf("line %d lies outside its window", line)
		}
	}
}

func (r *rowCheck) conclude() {
	if r.found == 0 {
		r.found = r.last
	}
	if r.problem == "" && r.line != 0 && r.line != r.found {
		r.problem = fmt.Sprintf("line %d is not where it begins, %d is", r.line, r.found)
	}
}
