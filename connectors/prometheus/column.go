package prometheus

import (
	"maps"
	"slices"
	"strings"
)

// telling are labels that say what is measured, not of which thing: they stay in
// the name of a column even where they are the same on all series.
var telling = []string{"action", "area", "event", "kind", "level", "mode", "name", "operation", "stage", "state", "status", "type"}

// units are endings of names that say in what the sum of a distribution is
// measured, and how many milliseconds that is.
var units = []struct {
	suffix string
	millis float64
}{{"_seconds", 1e3}, {"_milliseconds", 1}, {"_millis", 1}, {"_ms", 1}, {"_microseconds", 1e-3}, {"_us", 1e-3}, {"_nanoseconds", 1e-6}, {"_ns", 1e-6}}

// longestValue bounds the value of a label in the name of a column, in bytes.
const longestValue = 80

// column is one column of a node's table.
type column struct {
	name   string
	values []float64 // on the axis
	query  string
}

// naming makes names of columns for the series of one metric of one target.
type naming struct {
	drop map[string]bool // labels that name the node, its service or the cluster
	keep []string        // labels that tell the series apart, sorted
}

// newNaming finds the labels that tell series of one metric apart.
func newNaming(drop map[string]bool, list []*series) naming {
	n := naming{drop: drop}
	seen := make(map[string]bool)
	for _, s := range list {
		for k := range s.labels {
			seen[k] = true
		}
	}
	for k := range seen {
		if drop[k] || k == "__name__" {
			continue
		}
		same := func(s *series) bool { return s.labels[k] == list[0].labels[k] }
		if slices.Contains(telling, k) || !all(list, same) {
			n.keep = append(n.keep, k)
		}
	}
	slices.Sort(n.keep)
	return n
}

func all(list []*series, f func(*series) bool) bool {
	return !slices.ContainsFunc(list, func(s *series) bool { return !f(s) })
}

// of is the part of a column's name that tells a series apart; empty if nothing
// needs to.
func (n naming) of(labels map[string]string) string {
	var parts []string
	for _, k := range n.keep {
		if v := labels[k]; v != "" {
			parts = append(parts, k+"="+plain(v))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// plain makes the value of a label fit for a name.
func plain(v string) string {
	v = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '{' || r == '}' || r == ',' || r == '=' {
			return ' '
		}
		return r
	}, v), "?")
	if len(v) > longestValue {
		v = strings.ToValidUTF8(v[:longestValue], "") + "..."
	}
	return v
}

// scale says how a mean is written, by the name of what is summed.
func scale(base string) (stem, suffix string, factor float64) {
	for _, u := range units {
		if stem, ok := strings.CutSuffix(base, u.suffix); ok && stem != "" {
			return stem, ":mean_ms", u.millis
		}
	}
	return base, ":mean", 1
}

// columns makes the columns of one metric of a target, of the series of each of
// its parts.
func columns(base string, parts map[kind][]*series, drop map[string]bool, a axis) []column {
	var out []column
	n := newNaming(drop, parts[gauge])
	for _, s := range parts[gauge] {
		out = append(out, column{base + n.of(s.labels), a.place(s.times, s.values), a.last(seriesText(s.labels["__name__"], s.labels))})
	}
	if groups, ok := byCore(parts[counter]); ok {
		out = append(out, coreRates(base, groups, drop, a)...)
	} else {
		n := newNaming(drop, parts[counter])
		for _, s := range parts[counter] {
			out = append(out, column{
				base + n.of(s.labels) + ":per_s", a.place(s.times, rate(s.times, s.values, a.bridge)), a.rate(seriesText(s.labels["__name__"], s.labels)),
			})
		}
	}
	return append(out, means(base, parts[sum], parts[count], drop, a)...)
}

// means makes a rate and a mean of each distribution.
func means(base string, sums, counts []*series, drop map[string]bool, a axis) []column {
	var out []column
	by := make(map[string]*series, len(sums))
	for _, s := range sums {
		by[identity(s.labels)] = s
	}
	stem, suffix, factor := scale(base)
	n := newNaming(drop, counts)
	for _, c := range counts {
		perS := a.place(c.times, rate(c.times, c.values, a.bridge))
		text := seriesText(base+"_count", c.labels)
		out = append(out, column{stem + n.of(c.labels) + ":per_s", perS, a.rate(text)})
		s := by[identity(c.labels)]
		if s == nil {
			continue
		}
		mean := a.place(s.times, rate(s.times, s.values, a.bridge))
		for i := range mean {
			mean[i] = mean[i] / perS[i] * factor // nothing counted: 0/0, a gap
			if perS[i] == 0 {
				mean[i] = gap
			}
		}
		query := a.rate(seriesText(base+"_sum", s.labels)) + " / " + a.rate(text)
		if factor != 1 {
			query += " * " + number(factor)
		}
		out = append(out, column{base + n.of(c.labels) + suffix, mean, query})
	}
	return out
}

// identity is a text that two label sets share if they are equal but for the
// metric's name.
func identity(labels map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		if k != "__name__" {
			b.WriteString(k + "\xff" + labels[k] + "\xff")
		}
	}
	return b.String()
}
