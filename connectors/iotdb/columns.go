package iotdb

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// scrape is what one endpoint said at one or two times.
type scrape struct {
	node        string
	query       string
	before, now *exposition   // before may be nil: then there are no rates
	passed      time.Duration // from before to now
	at          int64         // of now
}

// column is a metric as it goes into a bundle.
type column struct {
	name  string
	value float64
}

// ofNode are labels that say which node a series is of, or who scraped it.
var ofNode = []string{"cluster", "nodeType", "nodeId", "instance", "job"}

// says are labels that say what is measured, not of which thing: they stay in the
// name even where they are the same on all series.
var says = []string{"action", "area", "event", "kind", "level", "mode", "name", "operation", "stage", "state", "status", "type"}

// telling returns for each metric the labels that tell its series apart: those
// that differ on any endpoint, so that a metric has one name on all nodes.
func telling(all []*scrape) map[string][]string {
	type key struct{ metric, label string }
	seen := make(map[key]string)
	out := make(map[string][]string)
	for _, sc := range all {
		for i := range sc.now.samples {
			s := &sc.now.samples[i]
			metric, _ := sc.now.family(s)
			for _, l := range s.labels {
				if slices.Contains(ofNode, l.name) || l.name == "quantile" || l.name == "le" {
					continue
				}
				k := key{metric, l.name}
				v, ok := seen[k]
				if !ok {
					seen[k] = l.value
				}
				if tells := ok && v != l.value || slices.Contains(says, l.name); tells && !slices.Contains(out[metric], l.name) {
					out[metric] = append(out[metric], l.name)
				}
			}
		}
	}
	return out
}

// family is the metric that a sample is a part of, and the part: "_sum" or
// "_count" of a summary or a histogram, else "".
func (e *exposition) family(s *sample) (metric, part string) {
	for _, part := range []string{"_sum", "_count", "_bucket"} {
		if metric, ok := strings.CutSuffix(s.name, part); ok {
			if k := e.kinds[metric]; k == "summary" || k == "histogram" {
				return metric, part
			}
		}
	}
	return s.name, ""
}

// partOf is which series a sample is of, and which part of it.
type partOf struct {
	metric string
	labels string // those that tell, in braces; empty: none
	part   string // see family
	kind   string
}

func (e *exposition) partOf(s *sample, tell map[string][]string) partOf {
	var p partOf
	p.metric, p.part = e.family(s)
	p.kind = e.kinds[p.metric]
	var parts []string
	for _, l := range s.labels { // sorted
		if slices.Contains(tell[p.metric], l.name) {
			parts = append(parts, oneLine(l.name+"="+l.value, 120))
		}
	}
	if len(parts) > 0 {
		p.labels = "{" + strings.Join(parts, ",") + "}"
	}
	return p
}

// key tells series and their parts apart.
func (p *partOf) key(part string) string { return p.metric + part + p.labels }

// rate is the name of how often: neither a total nor a time.
func (p *partOf) rate() string {
	return strings.TrimSuffix(strings.TrimSuffix(p.metric, "_total"), "_seconds") + p.labels + ":per_s"
}

// columns turns the samples of an endpoint into metrics, sorted by name: gauges
// as they are, counters as rates, summaries as rates, means and 99th percentiles.
// What needs a second scrape is left out without one.
func (sc *scrape) columns(tell map[string][]string) []column {
	grown := sc.grown(tell)
	var out []column
	add := func(name string, v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, column{name, v})
		}
	}
	for i := range sc.now.samples {
		s := &sc.now.samples[i]
		p := sc.now.partOf(s, tell)
		unit, factor := unitOf(p.metric)
		switch by, ok := grown[p.key(p.part)]; {
		case p.part == "_count" || p.kind == "counter":
			if !ok || by < 0 { // less: it was restarted in between
				continue
			}
			add(p.rate(), by/sc.passed.Seconds())
			if sum, ok := grown[p.key("_sum")]; ok && by > 0 && p.part != "" {
				add(p.metric+p.labels+":mean"+unit, sum*factor/by)
			}
		case p.kind == "summary" && s.label("quantile") == "0.99":
			add(p.metric+p.labels+":p99"+unit, s.value*factor)
		case p.kind == "summary", p.part != "":
		default:
			add(p.metric+p.labels, s.value)
		}
	}
	slices.SortFunc(out, func(a, b column) int { return cmp.Compare(a.name, b.name) })
	return slices.CompactFunc(out, func(a, b column) bool { return a.name == b.name })
}

// grown is by how much counters, sums and counts grew between the scrapes.
func (sc *scrape) grown(tell map[string][]string) map[string]float64 {
	if sc.before == nil {
		return nil
	}
	before := make(map[string]float64)
	for i := range sc.before.samples {
		s := &sc.before.samples[i]
		p := sc.before.partOf(s, tell)
		before[p.key(p.part)] = s.value
	}
	out := make(map[string]float64)
	for i := range sc.now.samples {
		s := &sc.now.samples[i]
		p := sc.now.partOf(s, tell)
		if old, ok := before[p.key(p.part)]; ok {
			out[p.key(p.part)] = s.value - old
		}
	}
	return out
}

// unitOf is what a time is told in: milliseconds for metrics in seconds.
func unitOf(metric string) (suffix string, factor float64) {
	if strings.HasSuffix(metric, "_seconds") {
		return "_ms", 1000
	}
	return "", 1
}
