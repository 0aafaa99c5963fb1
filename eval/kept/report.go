package kept

import (
	"fmt"
	"slices"
	"strings"

	"triagent/eval/score"
)

// String is the report as a table, one row a set and one for all, with what was
// lost below.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s %5s %13s %6s %6s %26s %8s\n", "set", "cases", "tokens median", "most", "lines", "kept (95 % interval)", "itself")
	var names []string
	by := map[string][]Result{}
	for _, x := range r.Results {
		if by[x.Set] == nil {
			names = append(names, x.Set)
		}
		by[x.Set] = append(by[x.Set], x)
	}
	for _, n := range names {
		row(&b, n, by[n])
	}
	if len(names) > 1 {
		row(&b, "all", r.Results)
	}
	for _, x := range r.Results {
		for _, l := range x.Lost {
			fmt.Fprintf(&b, "lost: %s %s %s: %s %s %s\n", x.Set, x.Case, l.Node, l.Kind, l.Quote, l.Way)
		}
	}
	return b.String()
}

// row writes the figures of some results. The interval is that of lines as if
// each stood by itself.
func row(b *strings.Builder, name string, rs []Result) {
	var tokens []int
	lines, kept, itself := 0, 0, 0
	for _, x := range rs {
		tokens = append(tokens, x.Tokens)
		lines, kept, itself = lines+x.Lines, kept+x.Kept, itself+x.Itself
	}
	slices.Sort(tokens)
	share := ""
	if lines > 0 {
		s := float64(kept) / float64(lines)
		low, high := score.Wilson(s, lines)
		share = fmt.Sprintf("%d = %.1f %% (%.1f to %.1f)", kept, 100*s, 100*low, 100*high)
	}
	fmt.Fprintf(b, "%-22s %5d %13d %6d %6d %26s %8d\n", name, len(rs), median(tokens), tokens[len(tokens)-1], lines, share, itself)
}

// median of what is sorted, rounded down.
func median(v []int) int {
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
