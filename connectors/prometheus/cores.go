package prometheus

import (
	"maps"
	"math"
)

// core is the label that tells the cores of a machine apart.
const core = "cpu"

// byCore puts series together that only differ in the core, in their order. ok
// says that some do.
func byCore(list []*series) (groups [][]*series, ok bool) {
	at := make(map[string]int)
	for _, s := range list {
		rest := maps.Clone(s.labels)
		delete(rest, core)
		id := identity(rest)
		i, there := at[id]
		if !there {
			i = len(groups)
			at[id] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], s)
	}
	return groups, len(groups) < len(list)
}

// coreRates makes a rate of each counter, the mean of all cores: a machine of 64
// cores has 512 series of how long each was in which mode, and one core that is
// busy is no news.
func coreRates(base string, groups [][]*series, drop map[string]bool, a axis) []column {
	var firsts []*series
	for _, g := range groups {
		first := *g[0]
		first.labels = maps.Clone(first.labels)
		delete(first.labels, core)
		firsts = append(firsts, &first)
	}
	n := newNaming(drop, firsts)
	var out []column
	for i, g := range groups {
		sum, seen := make([]float64, len(a.times)), make([]int, len(a.times))
		for _, s := range g {
			for j, v := range a.place(s.times, rate(s.times, s.values, a.bridge)) {
				if !math.IsNaN(v) {
					sum[j] += v
					seen[j]++
				}
			}
		}
		for j := range sum {
			if sum[j] /= float64(seen[j]); seen[j] == 0 {
				sum[j] = gap
			}
		}
		l := firsts[i].labels
		out = append(out, column{
			base + n.of(l) + ":per_s", sum, "avg without (" + core + ") (" + a.rate(seriesText(l["__name__"], l)) + ")",
		})
	}
	return out
}
