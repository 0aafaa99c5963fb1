package prometheus

import "strings"

// positions are the last words of names of what counts up how far something has
// come. Exporters state them as gauges: search_index, currentSyncIndex.
var positions = []string{"index", "lsn", "offset", "position", "sequence"}

// isPosition reports whether a name ends in one of the words.
func isPosition(name string) bool {
	for _, word := range positions {
		at := len(name) - len(word)
		if at < 0 || !strings.EqualFold(name[at:], word) {
			continue
		}
		if at == 0 || name[at-1] == '_' || name[at] >= 'A' && name[at] <= 'Z' {
			return true // a word of its own
		}
	}
	return false
}

// byPosition takes those gauges of a metric out that are positions: whose name,
// or a label that says what is measured, says so, and which do nothing but rise.
// How fast they do is what counts.
func byPosition(list []*series) (gauges, counters []*series) {
	by := make(map[string][]*series)
	for _, s := range list {
		what := ""
		for _, k := range append([]string{"__name__"}, telling...) {
			if v := s.labels[k]; isPosition(v) {
				what += v + "\xff"
			}
		}
		by[what] = append(by[what], s)
	}
	is := make(map[*series]bool)
	for what, same := range by {
		if what == "" || !rises(same) {
			continue
		}
		for _, s := range same {
			is[s] = true
		}
	}
	for _, s := range list {
		if is[s] {
			counters = append(counters, s)
		} else {
			gauges = append(gauges, s)
		}
	}
	return gauges, counters
}
