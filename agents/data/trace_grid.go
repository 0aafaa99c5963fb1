package data

import (
	"slices"
	"sort"
	"time"

	"triagent/agents"
	"triagent/incident"
)

// A grid cuts the time that matters into bins and says which of them are
// baseline and which may be part of the incident. Bins are half-open, ordered
// within each part and do not overlap; time outside all of them does not count.
type grid struct {
	from, to []int64    // bounds of the bins, Unix nanoseconds, ascending
	blocks   []binRange // stretches of the baseline
	shared   []binRange // those of them that are searched too
	before   []binRange // bins that a text compares with; nil: all that are not searched
	search   int        // first bin of the search, which has fine bins
	stop     int        // one past its last bin
	starts   int        // an onset is looked for in bins [search, search+starts)
}

// binRange is a half-open range of bins.
type binRange struct{ lo, hi int }

// Widths of bins. A block must be long enough to hold some events, and the
// baseline must hold enough blocks to tell how much they vary.
const (
	minBlock   = 10 * time.Second
	maxBlock   = 60 * time.Second
	manyBlocks = 1024
	minFine    = 5 * time.Second
	maxFine    = 15 * time.Second
	manyFine   = 96
	fewBlocks  = 20 // with fewer, what is both baseline and search counts as baseline too
)

// newGrid lays a grid over a frame. The onset is looked for until shortly after
// the alert, or half way through the window where the alert has no time: what
// begins later did not cause the alarm.
func newGrid(f agents.Frame, alert time.Time) *grid {
	from, to := f.Search.From.UnixNano(), f.Window.To.UnixNano()
	if f.Search.IsZero() || f.Search.From.After(f.Window.From) {
		from = f.Window.From.UnixNano()
	}
	base := slices.Clone(f.Baseline)
	sort.SliceStable(base, func(i, j int) bool { return base[i].From.Before(base[j].From) })
	var total int64
	for _, w := range base {
		total += int64(w.Duration())
	}
	block := min(max(total/12, int64(minBlock)), int64(maxBlock))
	block = max(block, total/manyBlocks+1)
	fine := min(max((to-from)/16, int64(minFine)), int64(maxFine))
	fine = max(fine, (to-from)/manyFine+1)

	g := &grid{}
	for _, w := range base {
		g.cut(w.From.UnixNano(), min(w.To.UnixNano(), from), block)
	}
	g.search = len(g.from)
	g.cut(from, to, fine)
	g.stop = len(g.from)
	for _, w := range base {
		g.cut(max(w.From.UnixNano(), to), w.To.UnixNano(), block)
	}
	for i := range g.from {
		if i < g.search || i >= g.stop {
			g.blocks = append(g.blocks, binRange{i, i + 1})
		}
	}
	if len(g.blocks) < fewBlocks {
		g.shareBlocks(base, f.Window.From.UnixNano(), block)
	}
	g.setStarts(f.Window, alert)
	return g
}

// cut appends bins of at most the given width that cover [from, to).
func (g *grid) cut(from, to, width int64) {
	for at := from; at < to; at += width {
		g.from = append(g.from, at)
		g.to = append(g.to, min(at+width, to))
	}
}

// shareBlocks makes blocks of those fine bins before the window that lie in the
// baseline.
func (g *grid) shareBlocks(base []incident.Window, window, block int64) {
	for _, w := range base {
		lo := -1
		for i := g.search; i < g.stop; i++ {
			if g.from[i] < w.From.UnixNano() || g.to[i] > min(w.To.UnixNano(), window) {
				lo = -1
				continue
			}
			if lo < 0 {
				lo = i
			}
			if g.to[i]-g.from[lo] >= block {
				g.shared = append(g.shared, binRange{lo, i + 1})
				lo = -1
			}
		}
	}
	g.blocks = append(g.blocks, g.shared...)
}

// borrow makes texts compare with what is baseline and searched too: for data of
// which there is nothing in the rest of the baseline.
func (g *grid) borrow() {
	if len(g.shared) > 0 {
		g.before = g.shared
	}
}

// usuals are the bins that a text compares with.
func (g *grid) usuals() []binRange {
	if g.before != nil {
		return g.before
	}
	return []binRange{{0, g.search}, {g.stop, g.bins()}}
}

func (g *grid) setStarts(w incident.Window, alert time.Time) {
	last := w.From.Add(w.Duration() / 2)
	if !alert.IsZero() && w.Contains(alert) {
		last = alert.Add(30 * time.Second)
		if limit := w.To.Add(-w.Duration() / 4); last.After(limit) {
			last = limit
		}
	}
	for i := g.search; i < g.stop && g.from[i] <= last.UnixNano(); i++ {
		g.starts++
	}
}

// bins is how many bins there are.
func (g *grid) bins() int { return len(g.from) }

// bin returns the bin that holds t, -1 if none does. hint is any bin, best the
// last answer to the caller, which most often holds t too.
func (g *grid) bin(t int64, hint int) int {
	if hint >= 0 && hint < len(g.from) && t >= g.from[hint] && t < g.to[hint] {
		return hint
	}
	i := sort.Search(len(g.from), func(i int) bool { return g.to[i] > t })
	if i == len(g.from) || t < g.from[i] {
		return -1
	}
	return i
}

// searching reports whether a bin lies in the search.
func (g *grid) searching(bin int) bool { return bin >= g.search && bin < g.stop }

// window is the time from the start of bin lo to the end of the search.
func (g *grid) window(lo int) incident.Window {
	return incident.Window{From: utc(g.from[lo]), To: utc(g.to[g.stop-1])}
}

// between is the time of bins [lo, hi).
func (g *grid) between(lo, hi int) incident.Window {
	return incident.Window{From: utc(g.from[lo]), To: utc(g.to[hi-1])}
}

// onset is the time that bins [lo, hi] cover.
func (g *grid) onset(lo, hi int) incident.Window {
	return incident.Window{From: utc(g.from[lo]), To: utc(g.to[hi])}
}

// usual is what a text compares with, as windows that do not touch: the baseline
// outside the search, or what was borrowed.
func (g *grid) usual() []incident.Window {
	var out []incident.Window
	for _, r := range g.usuals() {
		for i := r.lo; i < r.hi; i++ {
			if n := len(out); n > 0 && out[n-1].To.UnixNano() == g.from[i] {
				out[n-1].To = utc(g.to[i])
			} else {
				out = append(out, incident.Window{From: utc(g.from[i]), To: utc(g.to[i])})
			}
		}
	}
	return out
}

// utc is the time of Unix nanoseconds.
func utc(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// talkative is how many events a bin of the baseline must usually hold for an
// empty one to mean that nothing was recorded.
const talkative = 10

// exposure is how many seconds of each bin were recorded, given the events of
// the whole system. Before the first and after the last event of the search
// nothing was; an empty bin of the baseline was recorded unless the system is
// so talkative that it would not have been silent.
func exposure(g *grid, all *cell) []float64 {
	n := all.counts(make([]int32, g.bins()))
	first, last := g.stop, g.search
	var filled []float64
	for i, v := range n {
		switch {
		case v == 0:
		case g.searching(i):
			first, last = min(first, i), max(last, i)
		default:
			filled = append(filled, float64(v))
		}
	}
	gaps := median(filled) >= talkative
	out := make([]float64, len(n))
	for i := range out {
		recorded := n[i] > 0 || !gaps
		if g.searching(i) {
			recorded = i >= first && i <= last
		}
		if recorded {
			out[i] = float64(g.to[i]-g.from[i]) / 1e9
		}
	}
	return out
}
