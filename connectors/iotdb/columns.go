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
				if v, ok := seen[k]; !ok {
					seen[k] = l.value
				} else if v != l.value && !slices.Contains(out[metric], l.name) {
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

// head is the name of a series: the metric with the labels that tell.
func head(metric string, s *sample, tell []string) string {
	var parts []string
	for _, l := range s.labels { // sorted
		if slices.Contains(tell, l.name) {
			parts = append(parts, oneLine(l.name+"="+l.value, 120))
		}
	}
	if len(parts) == 0 {
		return metric
	}
	return metric + "{" + strings.Join(parts, ",") + "}"
}

// columns turns the samples of an endpoint into metrics, sorted by name: gauges
// as they are, counters as rates, summaries as rates, means and 99th percentiles.
// What needs a second scrape is left out without one.
func (sc *scrape) columns(tell map[string][]string) []column {
	before := make(map[string]float64)
	if sc.before != nil {
		for i := range sc.before.samples {
			s := &sc.before.samples[i]
			metric, part := sc.before.family(s)
			before[head(metric, s, tell[metric])+part] = s.value
		}
	}
	sums := make(map[string]float64) // what was added to the sum of each series
	var out []column
	add := func(name string, v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, column{name, v})
		}
	}
	for i := range sc.now.samples {
		s := &sc.now.samples[i]
		metric, part := sc.now.family(s)
		name, kind := head(metric, s, tell[metric]), sc.now.kinds[metric]
		old, ok := before[name+part]
		grown := s.value - old
		switch {
		case part == "_sum":
			if ok {
				sums[name] = grown
			}
		case part == "_count" || kind == "counter":
			if ok && grown >= 0 { // less: it was restarted in between
				add(name+":per_s", grown/sc.passed.Seconds())
			}
		case kind == "summary" && s.label("quantile") == "0.99":
			unit, factor := unitOf(metric)
			add(name+":p99"+unit, s.value*factor)
		case kind == "summary", part == "_bucket":
		default:
			add(name, s.value)
		}
	}
	for i := range sc.now.samples {
		s := &sc.now.samples[i]
		metric, part := sc.now.family(s)
		name := head(metric, s, tell[metric])
		if sum, ok := sums[name]; ok && part == "_count" && s.value > before[name+part] {
			unit, factor := unitOf(metric)
			add(name+":mean"+unit, sum*factor/(s.value-before[name+part]))
		}
	}
	slices.SortFunc(out, func(a, b column) int { return cmp.Compare(a.name, b.name) })
	return slices.CompactFunc(out, func(a, b column) bool { return a.name == b.name })
}

// unitOf is what a time is told in: milliseconds for metrics in seconds.
func unitOf(metric string) (suffix string, factor float64) {
	if strings.HasSuffix(metric, "_seconds") {
		return "_ms", 1000
	}
	return "", 1
}
