package prometheus

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"triagent/incident"
)

// page is how many samples are asked for at once, about: some 25 MB of answer.
const page = 1_000_000

// longestPoints is how many points of a series a query on a grid may give.
const longestPoints = 11_000

// family is a metric of a target with all its parts.
type family struct {
	base   string
	series int
	names  []string // of the parts that are fetched
}

// plan is what is fetched of one target.
type plan struct {
	families []family // in the order of their names
	kept     int      // series
	left     int      // series that are left out, parts of distributions not among them
	omitted  []family // the metrics that these belong to
	parts    int      // series of buckets and quantiles
}

// newPlan chooses among the series of a target: those of distributions that
// nothing is made of are out, and of the others at most most stay. Metrics with
// the most series go first: each of theirs says the least.
func newPlan(sets []map[string]string, t types, most int, second bool) plan {
	names := make(map[string]int)
	for _, set := range sets {
		names[set["__name__"]]++
	}
	var p plan
	by := make(map[string]*family)
	quantiles := make(map[string]int)
	for _, set := range sets {
		if set["quantile"] != "" {
			quantiles[set["__name__"]]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		k, base := t.kind(name, names)
		n := names[name] - quantiles[name]
		p.parts += quantiles[name]
		switch {
		case name == "" || name == "up":
			continue
		case k == unused:
			p.parts += n
			continue
		case second && ofExporter(name):
			p.parts += n
			continue
		case n == 0:
			continue
		}
		if by[base] == nil {
			by[base] = &family{base: base}
		}
		by[base].series += n
		by[base].names = append(by[base].names, name)
	}
	for _, f := range by {
		p.families = append(p.families, *f)
	}
	slices.SortFunc(p.families, func(a, b family) int {
		return cmp.Or(cmp.Compare(a.series, b.series), strings.Compare(a.base, b.base))
	})
	for i, f := range p.families {
		if p.kept+f.series > most {
			p.omitted = slices.Clone(p.families[i:])
			p.families = p.families[:i]
			break
		}
		p.kept += f.series
	}
	for _, f := range p.omitted {
		p.left += f.series
	}
	slices.SortFunc(p.families, func(a, b family) int { return strings.Compare(a.base, b.base) })
	return p
}

// ofExporter reports whether a metric is of the exporter's own process: beside
// what it tells of, that is noise.
func ofExporter(name string) bool {
	return strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") || strings.HasPrefix(name, "promhttp_") || strings.HasPrefix(name, "scrape_")
}

// names of the parts that nothing is made of, in a query.
var noParts = []matcher{{Name: "__name__", Op: "!~", Value: ".+_bucket|.+_created|up"}, {Name: "quantile", Op: "=", Value: ""}}

// question is one or more queries, one after another in time, for some metrics
// of a target.
type question struct {
	sel   string
	spans []incident.Window
}

// questions splits what is fetched into pages: by metrics first, so that all of
// a metric comes at once, and by time where a metric alone is too much.
func (p *plan) questions(sel selector, span incident.Window, points int, step time.Duration) []question {
	sel = sel.with(noParts...)
	var out []question
	for from := 0; from < len(p.families); {
		to, n := from, 0
		for to < len(p.families) && (to == from || (n+p.families[to].series)*points <= page) {
			n += p.families[to].series
			to++
		}
		q := question{sel: sel.String(), spans: split(span, (n*points+page-1)/page, points, step)}
		if to-from < len(p.families) || len(p.omitted) > 0 {
			q.sel = sel.with(matcher{Name: "__name__", Op: "=~", Value: alternatives(p.families[from:to])}).String()
		}
		out = append(out, q)
		from = to
	}
	return out
}

// alternatives is a regular expression of all names in families.
func alternatives(list []family) string {
	var names []string
	for _, f := range list {
		for _, name := range f.names {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	return strings.Join(names, "|")
}

// split cuts a span into parts of equal length, at least so many, and so many
// that no query on a grid gives more points than a server allows.
func split(span incident.Window, parts, points int, step time.Duration) []incident.Window {
	parts = max(parts, 1)
	if step > 0 {
		parts = max(parts, points/longestPoints+1)
	}
	each := span.Duration() / time.Duration(parts)
	if step > 0 {
		each = max(each.Truncate(step), step)
	} else {
		each = max(each.Truncate(time.Millisecond), time.Millisecond)
	}
	var out []incident.Window
	for from := span.From; ; from = from.Add(each) {
		to := from.Add(each)
		if len(out) == parts-1 && step == 0 || !to.Before(span.To) {
			return append(out, incident.Window{From: from, To: span.To})
		}
		out = append(out, incident.Window{From: from, To: to})
	}
}

// omission says what is left out of a node because it has too many series;
// false: nothing is.
func (p *plan) omission(of, sel string, most int) (incident.Reduction, bool) {
	if p.left == 0 {
		return incident.Reduction{}, false
	}
	var worst []string
	for _, f := range p.omitted[max(0, len(p.omitted)-5):] {
		worst = append(worst, f.base)
	}
	return incident.Reduction{
		Stage: "metrics", In: int64(p.kept + p.left), Out: int64(p.kept), Unit: "series",
		How:  fmt.Sprintf("of %s, the %d metrics with the most series were left out, as %s: max_series is %d", of, len(p.omitted), strings.Join(worst, ", "), most),
		Rest: sel,
	}, true
}

// tally counts series in and out of one kind of reduction, of several nodes.
type tally struct{ in, out, nodes int64 }

func (t *tally) add(in, out int) {
	if in > out {
		t.in, t.out, t.nodes = t.in+int64(in), t.out+int64(out), t.nodes+1
	}
}

// reductions say what was left out of all nodes alike.
func (g *gathering) reductions() []incident.Reduction {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []incident.Reduction
	if t := g.parts; t.nodes > 0 {
		out = append(out, incident.Reduction{
			Stage: "metrics", In: t.in, Out: t.out, Unit: "series",
			How: fmt.Sprintf("of %d nodes, buckets and quantiles of histograms and summaries were left out, whose rates and means are there, "+
				"and what a machine's exporter tells of itself", t.nodes),
			Rest: g.s.match.String(),
		})
	}
	if t := g.cores; t.nodes > 0 {
		out = append(out, incident.Reduction{
			Stage: "metrics", In: t.in, Out: t.out, Unit: "series",
			How:  fmt.Sprintf("of %d nodes, counters of single cores became means of all cores", t.nodes),
			Rest: g.s.match.with(matcher{Name: core, Op: "!=", Value: ""}).String(),
		})
	}
	return out
}
