package evidence

import (
	"slices"
	"sort"
	"time"

	"triagent/incident"
)

// Frame is the time that a change is measured in. It has the fields of
// agents.Frame, so that one converts to the other.
type Frame struct {
	// Window is what is examined. It must not reach past the end of what was
	// recorded of the system as a whole: what is missing at its end is silence.
	Window incident.Window
	// Baseline is what normal looked like, in any order; what overlaps Window
	// does not count. Empty: all that is outside Window and Search.
	Baseline []incident.Window
	// Search is where an onset may lie; it may begin before Window, also inside
	// Baseline. Zero: Window.
	Search incident.Window
}

// stretch is a range of rows, [from, to).
type stretch struct{ from, to int }

// layout is a Frame in rows of one table. It is the same for all columns of a
// table and cheap to make (a few binary searches).
type layout struct {
	window, search stretch
	baseline       []stretch // outside window, ascending
	step           float64   // usual seconds between rows; 0: fewer than two rows
	expected       int       // rows that window would have had if none were missing
}

// rows returns the rows of w.
func rows(times []int64, w incident.Window) stretch {
	return stretch{firstRow(times, w.From), firstRow(times, w.To)}
}

func firstRow(times []int64, t time.Time) int {
	ns := t.UnixNano()
	return sort.Search(len(times), func(i int) bool { return times[i] >= ns })
}

// place fills l with f in rows of times; l.baseline is reused.
func (l *layout) place(times []int64, f Frame) {
	l.window = rows(times, f.Window)
	l.search = l.window
	if !f.Search.IsZero() {
		s := rows(times, f.Search)
		l.search = stretch{min(s.from, l.window.from), max(s.to, l.window.to)}
	}
	l.baseline = l.baseline[:0]
	if len(f.Baseline) == 0 {
		l.baseline = append(l.baseline, stretch{0, l.search.from}, stretch{l.search.to, len(times)})
	}
	for _, w := range f.Baseline {
		b := rows(times, w)
		if b.from < l.window.to && l.window.from < b.to {
			l.baseline = append(l.baseline, stretch{b.from, l.window.from}, stretch{l.window.to, b.to})
			continue
		}
		l.baseline = append(l.baseline, b)
	}
	slices.SortFunc(l.baseline, func(a, b stretch) int { return a.from - b.from })
	l.merge()
	l.step = usualStep(times)
	l.expected = l.window.to - l.window.from
	if l.step > 0 {
		// The last row may be up to one step before the end.
		l.expected = max(l.expected, int(f.Window.Duration().Seconds()/l.step+1e-6))
	}
}

// merge drops empty stretches and joins those that overlap.
func (l *layout) merge() {
	kept := l.baseline[:0]
	for _, b := range l.baseline {
		switch {
		case b.from >= b.to:
		case len(kept) > 0 && b.from <= kept[len(kept)-1].to:
			kept[len(kept)-1].to = max(kept[len(kept)-1].to, b.to)
		default:
			kept = append(kept, b)
		}
	}
	l.baseline = kept
}

// usualStep is the median of up to 15 evenly chosen differences of times, in
// seconds.
func usualStep(times []int64) float64 {
	n := len(times) - 1
	if n < 1 {
		return 0
	}
	var buf [15]float64
	k := min(n, len(buf))
	for i := range k {
		j := i * n / k
		buf[i] = float64(times[j+1]-times[j]) / 1e9
	}
	sortFloats(buf[:k])
	return buf[k/2]
}
