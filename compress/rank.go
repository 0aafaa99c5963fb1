package compress

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"triagent/telemetry"
)

// Rank scores lines by how much they may tell of a failure and sorts them, best
// first; ties go to the earlier first record, then node, then template, so
// equal input gives equal output.
//
// The score is the sum of: level (FATAL 3, ERROR 2.5, WARN 1.5, none .5, INFO
// .3, DEBUG 0); change (new 2, vanished 1.5, burst or drop 1, each times
// sqrt(G) bounded to 3, by 3); rarity (1 for a single record, less the more
// there are, 0 from a thousand); place (1 if one node of several has it, by the
// number of nodes); and meaning (up to 2 for words that speak of trouble, see
// words). All are bounded, so no one of them decides alone.
func Rank(lines []Line) {
	nodes := map[string]bool{}
	for i := range lines {
		nodes[string(lines[i].Node)] = true
	}
	for i := range lines {
		lines[i].Score = score(&lines[i], len(nodes))
	}
	slices.SortStableFunc(lines, func(a, b Line) int {
		return cmp.Or(
			cmp.Compare(b.Score, a.Score), cmp.Compare(a.First, b.First),
			cmp.Compare(a.Node, b.Node), cmp.Compare(a.Template, b.Template))
	})
}

func score(l *Line, nodes int) float64 {
	s := levelWeight(l.Level) + Meaning(l.Template)
	weight := 0.
	switch l.Change.Kind {
	case New:
		weight = 2
	case Vanished:
		weight = 1.5
	case Burst, Drop:
		weight = 1
	case Steady:
	}
	s += weight * min(math.Sqrt(l.Change.G), 3) / 3
	s += max(0, 1-math.Log10(float64(max(l.Count, 1)))/3)
	if nodes > 1 && l.Nodes > 0 {
		s += 1 - float64(l.Nodes-1)/float64(nodes-1)
	}
	return s
}

func levelWeight(l telemetry.Level) float64 {
	switch l {
	case telemetry.Fatal:
		return 3
	case telemetry.Error:
		return 2.5
	case telemetry.Warn:
		return 1.5
	case telemetry.NoLevel:
		return .5
	case telemetry.Info:
		return .3
	case telemetry.Debug, telemetry.Trace:
	}
	return 0
}

// words are stems that speak of trouble or of a change of role, with weights
// from .3 to 1. They are of the trade at large, of no one system.
var words = []struct {
	stem   string
	weight float64
}{
	{"out of memory", 1},
	{"outofmemory", 1},
	{"no space left", 1},
	{"deadlock", 1},
	{"corrupt", 1},
	{"panic", 1},
	{"oom", .8},
	{"timeout", .8},
	{"timed out", .8},
	{"refused", .8},
	{"unreachable", .8},
	{"exception", .8},
	{"fail", .8},
	{"reject", .8},
	{"disk full", 1},
	{"quorum", .7},
	{"expired", .7},
	{"unavailable", .8},
	{"overload", .8},
	{"throttl", .7},
	{"killed", .8},
	{"crash", 1},
	{"reset by peer", .7},
	{"broken pipe", .7},
	{"lost", .6},
	{"error", .6},
	{"denied", .6},
	{"abort", .6},
	{"slow", .6},
	{"stuck", .8},
	{"blocked", .6},
	{"election", .6},
	{"step down", .6},
	{"leader", .3},
	{"retry", .5},
	{"shutdown", .5},
	{"shutting down", .5},
	{"restart", .5},
	{"unable", .6},
	{"cannot", .5},
	{"could not", .5},
	{"exceed", .5},
	{"high", .3},
	{"compaction", .3},
	{"flush", .3},
	{"gc pause", .6},
	{"clock", .3},
	{"certificate", .5},
}

// Meaning scores a template by its words: the weights of the two strongest that
// it holds, so from 0 to 2.
func Meaning(template string) float64 {
	t := strings.ToLower(template)
	var first, second float64
	for _, w := range words {
		if w.weight <= second || !hasStem(t, w.stem) {
			continue
		}
		if w.weight > first {
			first, second = w.weight, first
		} else {
			second = w.weight
		}
	}
	return first + second
}

// hasStem reports whether a word of t starts with stem; stems of more than four
// letters may stand inside a word too, as in SocketTimeoutException.
func hasStem(t, stem string) bool {
	for from := 0; ; {
		i := strings.Index(t[from:], stem)
		if i < 0 {
			return false
		}
		i += from
		if len(stem) > 4 || i == 0 || class[t[i-1]]&(isHex|isLetter) == 0 {
			return true
		}
		from = i + 1
	}
}
