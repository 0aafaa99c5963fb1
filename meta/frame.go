package meta

import (
	"math"
	"time"

	"triagent/agents"
	"triagent/incident"
	"triagent/telemetry"
)

// preRoll is how far before the window an onset is looked for: alarms come
// late. FINDINGS: searching from 90 s before a late alarm loses nothing.
const preRoll = 90 * time.Second

// frameOf decides which time is examined and which is taken as normal. Without
// a window everything recorded is the window; a baseline never holds the
// window nor the stretch before it in which an onset may lie, unless nothing
// else is left of it.
func frameOf(b *telemetry.Bundle) agents.Frame {
	f := agents.Frame{Window: b.Incident.Window}
	all := recorded(b)
	if f.Window.IsZero() {
		f.Window = all
	}
	f.Search = f.Window
	if all.From.Before(f.Window.From) {
		f.Search.From = later(f.Window.From.Add(-preRoll), all.From)
	}
	if !b.Incident.Baseline.IsZero() {
		f.Baseline = cut(b.Incident.Baseline, f)
		f.Search.From = later(f.Search.From, quietUntil(f))
	}
	return f
}

// quietUntil is the end of the part of the baseline that is kept whatever
// happens: an onset is not looked for in the first half of what is normal.
func quietUntil(f agents.Frame) time.Time {
	for _, w := range f.Baseline {
		if w.Overlaps(f.Search) {
			return w.From.Add(w.Duration() / 2)
		}
	}
	return f.Search.From
}

// cut takes the window out of the baseline; a baseline that goes on behind the
// window becomes two stretches.
func cut(base incident.Window, f agents.Frame) []incident.Window {
	if !base.Overlaps(f.Search) || base.To.Before(f.Window.From.Add(time.Second)) {
		return []incident.Window{base}
	}
	var out []incident.Window
	if base.From.Before(f.Search.From) {
		out = append(out, incident.Window{From: base.From, To: f.Search.From})
	}
	if f.Window.To.Before(base.To) {
		out = append(out, incident.Window{From: f.Window.To, To: base.To})
	}
	return out
}

// recorded is the time that the metrics cover; for bundles without metrics the
// zero Window.
func recorded(b *telemetry.Bundle) incident.Window {
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, t := range b.Tables {
		if n := len(t.Times); n > 0 {
			first, last = min(first, t.Times[0]), max(last, t.Times[n-1])
		}
	}
	if first > last {
		return incident.Window{}
	}
	return incident.Window{From: time.Unix(0, first).UTC(), To: time.Unix(0, last+1).UTC()}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
