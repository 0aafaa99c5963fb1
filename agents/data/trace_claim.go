package data

import (
	"slices"

	"triagent/evidence"
	"triagent/incident"
)

// A claim is a text under construction: each number that goes into it is kept
// with the recipe that yields it again from the raw file.
type claim struct {
	text    incident.Text
	numbers []incident.Number
}

func say(key string, pairs ...string) *claim { return &claim{text: incident.Say(key, pairs...)} }

// state puts a number into the text under a name.
func (c *claim) state(name string, v float64, n incident.Number) *claim {
	n.Name, n.Value = name, v
	c.numbers = append(c.numbers, n)
	printed := evidence.Format(v, evidence.UnitOf(n.Stat, ""))
	c.text.Args = append(c.text.Args, incident.Arg{Name: name, Value: printed})
	return c
}

// count states a whole number.
func (c *claim) count(name string, v int, n incident.Number) *claim {
	return c.state(name, float64(v), n)
}

// unrecorded says of records counted before that there were none of any kind: 0
// would be that nothing happened. The number stays.
func (c *claim) unrecorded() {
	for i, a := range c.text.Args {
		if a.Name == "before" {
			c.text.Args[i] = incident.Arg{Name: a.Name, Value: "log.unrecorded", Phrase: true}
		}
	}
}

// records is the recipe for the number of records of a template; an empty
// template selects all.
func records(file, template, arg string, w ...incident.Window) incident.Number {
	return incident.Number{Stat: evidence.Records, File: file, Column: template, Arg: arg, Windows: w}
}

// spans is the recipe for a statistic of the spans that a selector picks.
func spans(stat incident.Stat, file, selector, arg string, w ...incident.Window) incident.Number {
	return incident.Number{Stat: stat, File: file, Column: selector, Arg: arg, Windows: w}
}

// selector picks the spans of an operation, or of all operations where it has
// no name.
func (m *model) selector(o *op) string {
	s := evidence.Selector{Node: m.nodeID(o.node), Peer: evidence.NoPeer}
	if o.peer != none {
		s.Peer = o.peerText
	}
	if o.name != none {
		s.Name = m.ops.text[o.name]
	}
	return s.String()
}

// quantile is the q-quantile of the durations in the bins that in picks, in
// milliseconds, and how many there are.
func (s samples) quantile(q float64, in func(bin int) bool) (ms float64, n int) {
	var v []float64
	for _, d := range s {
		if in(int(d.bin)) {
			v = append(v, float64(d.ms))
		}
	}
	return quantile(v, q), len(v)
}

// since picks the bins of the search from start on.
func (g *grid) since(start int) func(bin int) bool {
	return func(bin int) bool { return bin >= start && bin < g.stop }
}

// lastLine is a line of the file that shows the operation as it was before; 0:
// none does.
func (o *op) lastLine(g *grid) int {
	if o.lastBase > 0 {
		return int(o.lastBase)
	}
	return o.first.from(g.search)
}

// isUsual picks the bins that a text compares with.
func (g *grid) isUsual(bin int) bool {
	if g.before == nil {
		return !g.searching(bin)
	}
	return slices.ContainsFunc(g.before, func(r binRange) bool { return bin >= r.lo && bin < r.hi })
}

// strongest keeps the n strongest pieces of evidence for each node.
func strongest(all []incident.Evidence, n int) []incident.Evidence {
	slices.SortStableFunc(all, func(a, b incident.Evidence) int { return -order64(a.Score, b.Score) })
	per := map[incident.NodeID]int{}
	out := all[:0]
	for _, e := range all {
		if per[e.Node]++; per[e.Node] <= n {
			out = append(out, e)
		}
	}
	return out
}

func order64(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// spanSum sums up the numeric attribute Arg over the spans that Column selects.
const spanSum incident.Stat = "span_sum"
