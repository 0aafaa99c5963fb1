package otlp

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"triagent/connectors"
	"triagent/connectors/otlp/ring"
	"triagent/incident"
)

// nodeMetrics are the metrics of one node.
type nodeMetrics struct {
	from, to int64 // of points that count; Unix nanoseconds
	by       map[string]*series
	left     *int64 // points that may still be kept, of all nodes
	lost     int64  // points that were not
	key      []byte
	pairs    [][2]string
}

// lead is how long before the span points are looked for: the first rate within
// it needs the point before.
const lead = int64(5 * 60 * 1e9)

// collectMetrics hands over the metrics, node after node in the order in which
// they were asked for.
func (g *gathering) collectMetrics(ctx context.Context, _ ring.Seen) error {
	left := int64(maxPoints)
	by := make(map[string]*nodeMetrics)
	_, err := g.read(ctx, ring.Want{Kinds: []ring.Kind{ring.Metrics}, From: g.from - lead, To: g.to}, func(b ring.Batch) error {
		m, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(b.Body)
		if err != nil {
			return unreadable(err)
		}
		for _, rm := range m.ResourceMetrics().All() {
			n, ok := g.node(rm.Resource(), ring.Metrics, 1)
			if !ok {
				continue
			}
			of := by[n.Names[0]]
			if of == nil {
				of = &nodeMetrics{from: g.from - lead, to: g.to, by: make(map[string]*series), left: &left}
				by[n.Names[0]] = of
			}
			for _, sm := range rm.ScopeMetrics().All() {
				for _, x := range sm.Metrics().All() {
					of.add(x)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return g.giveMetrics(ctx, by)
}

func (g *gathering) giveMetrics(ctx context.Context, by map[string]*nodeMetrics) error {
	var given, all, lost int64
	for _, node := range g.ranked(by) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		for _, s := range by[node].columns() {
			s.Node, s.Query = node, g.query("metric "+s.Query+" of "+node)
			s.trim(g.from)
			if len(s.Times) == 0 {
				continue
			}
			all += int64(len(s.Times))
			if most := g.ask.Limit.Samples; most > 0 && given+int64(len(s.Times)) > most {
				continue
			}
			given += int64(len(s.Times))
			if err := g.sink.Series(s.Series); err != nil {
				return err
			}
		}
		lost += by[node].lost
	}
	if all += lost; all == given {
		return nil
	}
	return g.sink.Reduced(incident.Reduction{
		Stage: "metrics", In: all, Out: given, Unit: "samples", Rest: g.query("metrics"),
		How: "whole series, those of the nodes that matter most first; ask for fewer nodes or a shorter span for the rest",
	})
}

// ranked lists nodes in the order in which they are asked for, then by name.
func (g *gathering) ranked(by map[string]*nodeMetrics) []string {
	rank := func(id string) int {
		for i, a := range g.ask.Nodes {
			if slices.ContainsFunc(a.Names, func(name string) bool { return slices.Contains(g.nodes[id].Names, name) }) {
				return i
			}
		}
		return len(g.ask.Nodes)
	}
	return slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b)) })
}

// column is a series to be handed over; its Query is still only a name.
type column struct{ connectors.Series }

// trim takes off what lies before the span.
func (c *column) trim(from int64) {
	i, _ := slices.BinarySearch(c.Times, from)
	c.Times, c.Values = c.Times[i:], c.Values[i:]
}

// telling are attributes that say what is measured, not of which thing: they stay
// in the name of a column even where they are the same on all series.
var telling = []string{"action", "area", "direction", "event", "kind", "level", "mode", "name", "operation", "stage", "state", "status", "type"}

// columns makes the columns of a node, in order of names.
func (n *nodeMetrics) columns() []column {
	metrics := make(map[string][]*series)
	for _, s := range n.by {
		s.sort()
		metrics[s.metric] = append(metrics[s.metric], s)
	}
	var out []column
	for _, list := range metrics {
		keep := telltale(list)
		for _, s := range list {
			out = append(out, s.columns(keep)...)
		}
	}
	slices.SortFunc(out, func(a, b column) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// telltale finds the attributes that tell the series of one metric apart.
func telltale(list []*series) []string {
	seen := make(map[string]bool)
	for _, s := range list {
		for k := range s.attrs {
			seen[k] = true
		}
	}
	var keep []string
	for k := range seen {
		last := k[strings.LastIndexByte(k, '.')+1:]
		if slices.Contains(telling, last) || slices.ContainsFunc(list, func(s *series) bool { return s.attrs[k] != list[0].attrs[k] }) {
			keep = append(keep, k)
		}
	}
	slices.Sort(keep)
	return keep
}

// longestValue bounds the value of an attribute in the name of a column, in bytes.
const longestValue = 80

// events is the name of what a distribution of times counts:
// "http.server.request" of "http.server.request.duration".
func events(metric string) string {
	for _, end := range []string{"duration", "latency", "time"} {
		if stem, ok := strings.CutSuffix(metric, end); ok && len(stem) > 1 && (stem[len(stem)-1] == '.' || stem[len(stem)-1] == '_') {
			return stem[:len(stem)-1]
		}
	}
	return metric
}

// name is the column's name but for what was computed.
func (s *series) name(metric string, keep []string) string {
	var parts []string
	for _, k := range keep {
		if v := s.attrs[k]; v != "" {
			parts = append(parts, plain(k)+"="+plain(v))
		}
	}
	if len(parts) == 0 {
		return plain(metric)
	}
	return plain(metric) + "{" + strings.Join(parts, ",") + "}"
}

// plain makes foreign text fit for a name.
func plain(v string) string {
	v = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune("{},=", r) {
			return ' '
		}
		return r
	}, v), "?")
	if len(v) > longestValue {
		v = strings.ToValidUTF8(v[:longestValue], "") + "..."
	}
	return v
}

// millis says how many milliseconds a unit is; false: it is no time.
func millis(unit string) (float64, bool) {
	n, ok := map[string]float64{"s": 1e3, "ms": 1, "us": 1e-3, "µs": 1e-3, "ns": 1e-6, "min": 60e3, "h": 3600e3}[unit]
	return n, ok
}

// columns makes the columns of a series: a level as it is, a counter as a rate,
// a distribution as a rate and a mean.
func (s *series) columns(keep []string) []column {
	name := s.name(s.metric, keep)
	if s.shape == asIs {
		c := column{connectors.Series{Name: name, Query: fmt.Sprintf("%s (unit %q, as it is)", name, s.unit)}}
		for _, p := range s.points {
			c.put(p.at, p.value)
		}
		return []column{c}
	}
	rate := column{connectors.Series{Name: name + ":per_s", Query: fmt.Sprintf("%s (unit %q, change a second)", name, s.unit)}}
	factor, isTime := millis(s.unit)
	if isTime && s.whole {
		rate.Name = s.name(events(s.metric), keep) + ":per_s"
	}
	mean := column{connectors.Series{Name: name + ":mean", Query: fmt.Sprintf("%s (unit %q, mean of what was recorded since the sample before)", name, s.unit)}}
	if isTime {
		mean.Name += "_ms"
	} else {
		factor = 1
	}
	s.deltas(func(p point, value, sum, seconds float64) {
		if !math.IsNaN(seconds) {
			rate.put(p.at, value/seconds)
		}
		if s.whole && !s.noSum && (s.shape == steps || !math.IsNaN(seconds)) {
			mean.put(p.at, sum/value*factor) // nothing recorded: 0/0, a gap
		}
	})
	if !s.whole || s.noSum {
		return []column{rate}
	}
	return []column{rate, mean}
}

func (c *column) put(at int64, v float64) {
	if math.IsInf(v, 0) {
		v = math.NaN()
	}
	c.Times, c.Values = append(c.Times, at), append(c.Values, v)
}
