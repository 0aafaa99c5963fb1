package prometheus

import (
	"context"
	"math"
	"net/url"
	"strings"
)

// kind is what is made of the samples of a metric.
type kind int

const (
	gauge   kind = iota // as they are
	counter             // a rate
	sum                 // with the count: a mean
	count               // a rate; with the sum: a mean
	unused              // parts of a distribution that nothing is made of
	unsaid              // a rate if it does nothing but rise, else as they are
)

// types are the types of metrics by name, as their exporters state them.
type types map[string]string

// types asks for them; a server that has none is no error.
func (s *Source) types(ctx context.Context) (types, error) {
	var all map[string][]struct {
		Type string `json:"type"`
	}
	if _, err := s.listed(ctx, "/api/v1/metadata", url.Values{"limit_per_metric": {"1"}}, &all); err != nil {
		if without(err) {
			return nil, nil
		}
		return nil, err
	}
	out := make(types, len(all))
	for name, list := range all {
		if len(list) > 0 {
			out[name] = list[0].Type
		}
	}
	return out, nil
}

// kind says what is made of a metric, by its type or, where that is not stated,
// by its name among the names of the same target. base is its name without what
// only says the kind.
func (t types) kind(name string, names map[string]int) (k kind, base string) {
	switch t[name] {
	case "gauge", "info", "stateset":
		return gauge, name
	case "counter":
		return counter, strings.TrimSuffix(name, "_total")
	}
	for _, part := range []struct {
		suffix string
		kind   kind
	}{{"_sum", sum}, {"_count", count}, {"_bucket", unused}} {
		base, ok := strings.CutSuffix(name, part.suffix)
		if !ok {
			continue
		}
		switch t[base] {
		case "summary", "histogram", "gaugehistogram":
			return part.kind, base
		case "":
			if names[base+"_sum"] > 0 && names[base+"_count"] > 0 {
				return part.kind, base
			}
		}
	}
	if base, ok := strings.CutSuffix(name, "_total"); ok && (t[base] == "counter" || t[base] == "") {
		return counter, base
	}
	if base, ok := strings.CutSuffix(name, "_created"); ok && (t[base] != "" && t[base] != "gauge" || names[base+"_count"] > 0 || names[base+"_total"] > 0) {
		return unused, base
	}
	if t[name] == "unknown" || t[name] == "untyped" {
		return unsaid, name
	}
	return gauge, name
}

// rises reports whether series of a metric whose type its exporter does not know
// do nothing but rise, in whole numbers, as counters of the kernel do that
// node_exporter passes on. One fall each is a new beginning.
func rises(list []*series) bool {
	rise := false
	for _, s := range list {
		falls := 0
		for i, v := range s.values {
			switch {
			case v != v:
				continue
			case v != math.Trunc(v):
				return false
			case i > 0 && v > s.values[i-1]:
				rise = true
			case i > 0 && v < s.values[i-1]:
				falls++
			}
		}
		if falls > 1 {
			return false
		}
	}
	return rise
}
