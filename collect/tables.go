package collect

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

// What the tables of a bundle may have in cells, all together: twice the samples,
// so that a gap beside every sample is nothing to worry about. The least is 64 MB
// once it is read, the most is half of what a bundle is read with; see
// telemetry.Limits.
const (
	leastCells = 8 << 20
	mostCells  = 64 << 20
)

// table is the metrics of a node, to be put side by side: a row for every time at
// which any of them has a sample. Metrics with times of their own make many rows
// of few samples each, so what is in memory is the samples and not the cells.
type table struct {
	node  incident.NodeID
	list  []series // by name
	times []int64  // of the rows, ascending
	step  int64    // nanoseconds that a row stands for, from its time on
}

func (t *table) cells() int64 { return int64(len(t.times)) * int64(len(t.list)+1) }

func (t *table) samples() (n int64) {
	for _, s := range t.list {
		n += int64(len(s.times))
	}
	return n
}

func (g *gathering) writeMetrics(w *telemetry.Writer) error {
	list := g.tables()
	g.fit(list, leastCells, mostCells)
	for _, t := range list {
		if err := g.writeTable(w, t); err != nil {
			return err
		}
	}
	return nil
}

// tables puts together what is of one node, in the order of their IDs.
func (g *gathering) tables() (out []*table) {
	by := make(map[incident.NodeID]*table)
	for _, name := range slices.Sorted(maps.Keys(g.series)) {
		id := g.nodes.id(name)
		if by[id] == nil {
			by[id] = &table{node: id, step: 1}
			out = append(out, by[id])
		}
		by[id].list = append(by[id].list, g.series[name]...)
	}
	for _, t := range out {
		slices.SortStableFunc(t.list, func(a, b series) int { return cmp.Compare(a.name, b.name) })
		t.times = grid(t.list)
	}
	slices.SortFunc(out, func(a, b *table) int { return compare(a.node, b.node) })
	return out
}

// grid is every time at which a series has a sample, ascending.
func grid(list []series) []int64 {
	var all []int64
	seen := make(map[*int64]bool) // most series of a node share their times
	for _, s := range list {
		if !seen[&s.times[0]] {
			seen[&s.times[0]] = true
			all = append(all, s.times...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// fit makes tables with too many cells smaller, the largest ones first, until all
// together have twice as many as there are samples, or least, and never more
// than most.
func (g *gathering) fit(list []*table, least, most int64) {
	sizes, samples := make([]int64, len(list)), int64(0)
	for i, t := range list {
		sizes[i] = t.cells()
		samples += t.samples()
	}
	each := level(sizes, min(max(2*samples, least), most))
	for _, t := range list {
		if t.cells() > each {
			t.coarsen(g.span.From.UnixNano(), max(1, int(each/int64(len(t.list)+1))))
		}
	}
}

// level is how many of room each may have that wants more: those that want less
// get what they want, and leave the rest to the others.
func level(wanted []int64, room int64) int64 {
	wanted = slices.Sorted(slices.Values(wanted))
	for i, n := range wanted {
		share := room / int64(len(wanted)-i)
		if n > share {
			return share
		}
		room -= n
	}
	return math.MaxInt64
}

// coarsen lets rows stand for longer, in round steps from a time on, until there
// are no more than some.
func (t *table) coarsen(from int64, rows int) {
	fits := func(step int64) bool {
		n, last := 0, int64(math.MinInt64)
		for _, at := range t.times {
			if k := (at - from) / step; k != last {
				n, last = n+1, k
			}
		}
		return n <= rows
	}
	step := int64(time.Millisecond)
	for k := 0; !fits(step); k++ {
		step = step * []int64{2, 5, 2}[k%3] / []int64{1, 2, 1}[k%3] // 1, 2, 5, 10 ...
	}
	t.step = step
	for i, at := range t.times {
		t.times[i] = from + (at-from)/step*step
	}
	t.times = slices.Compact(t.times)
}

// writeTable writes a table and by which query each of its columns was come by.
func (g *gathering) writeTable(w *telemetry.Writer, t *table) error {
	names, next, kept := t.names(), make([]int, len(t.list)), int64(0)
	for c, s := range t.list {
		g.collected.Queries = append(g.collected.Queries, telemetry.Query{
			File: "metrics/" + string(t.node) + ".csv", Column: names[c], Source: s.source, Text: s.query,
		})
	}
	err := w.Rows(t.node, names, t.times, func(i int, cells []float64) {
		end := t.times[i] + t.step
		for c := range t.list {
			s, at := &t.list[c], next[c]
			for at < len(s.times) && s.times[at] < end { // of several the last counts
				at++
			}
			cells[c] = math.NaN()
			if at > next[c] {
				cells[c], next[c] = s.values[at-1], at
				kept++
			}
		}
	})
	if t.step > 1 {
		g.collected.Reductions = append(g.collected.Reductions, incident.Reduction{
			Stage: "collect", In: t.samples(), Out: kept, Unit: "samples",
			How:  fmt.Sprintf("%d metrics of %s have times of their own, which were rounded down to %v", len(t.list), t.node, time.Duration(t.step)),
			Rest: "ask for a shorter span, or match fewer metrics",
		})
	}
	return err
}

// names are those of the columns. Of two with one name the second says its source,
// and further ones are numbered.
func (t *table) names() []string {
	used, times := map[string]bool{"time": true}, make(map[string]int)
	out := make([]string, len(t.list))
	for i, s := range t.list {
		name := s.name
		for used[name] {
			name = s.name + " (" + s.source
			times[name]++
			if n := times[name]; n > 1 {
				name += " " + strconv.Itoa(n)
			}
			name += ")"
		}
		used[name] = true
		out[i] = name
	}
	return out
}
