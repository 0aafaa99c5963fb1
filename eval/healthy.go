package eval

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"triagent/eval/importer"
	"triagent/eval/perturb"
	"triagent/incident"
	"triagent/telemetry"
)

// What a healthy window needs.
const (
	leastHealthy = 15 * time.Second // of length
	aroundFault  = 15 * time.Second // before and after a fault, since labels are seconds off and trouble outlasts its cause
	baselineFor  = 3                // times its length is free of faults, itself included
)

// Why a case gives no healthy window.
const (
	noStretch  = "no stretch of time known to be free of faults"
	holdsFault = "its baseline holds the fault"
	shortCalm  = "less than 3 x 15 s free of faults"
	noRoom     = "no stretch free of faults is long enough, with enough before it"
	unreadable = "it cannot be read"
	usedUp     = "its stretches are those of other cases"
)

// calm is one healthy window that may be drawn.
type calm struct {
	entry importer.Entry
	truth telemetry.Truth
	b     *telemetry.Bundle
	in    incident.Incident
	hole  incident.Window // to be taken out of the data; zero: none
}

// healthySet runs healthy windows instead of the cases of a set.
func (r *runner) healthySet(ctx context.Context, m *importer.Manifest, entries []importer.Entry, truths *truths, mem *memory, sum string, same bool) (*SetReport, error) {
	s := &SetReport{Name: m.Name, Kind: m.Kind, System: m.System, Notes: m.Notes, Checksum: sum, Changed: !same, NoWindows: map[string]int{}}
	var list []calm
	for i, e := range entries {
		b, err := telemetry.Open(ctx, filepath.Join(m.Dir, filepath.FromSlash(e.Path)), telemetry.Limits{})
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			s.NoWindows[unreadable]++
			continue
		}
		found, why := calmWindows(b, e, truths.of[i])
		if why == "" {
			found = slices.DeleteFunc(found, func(c calm) bool {
				return slices.ContainsFunc(list, func(o calm) bool { return o.in.Window.Overlaps(c.in.Window) })
			})
			if len(found) == 0 {
				why = usedUp
			}
		}
		if why != "" {
			s.NoWindows[why]++
		}
		list = append(list, found...)
	}
	list = drawn(list, r.Healthy, r.Seed)
	results := make([]*result, len(list))
	if err := r.each(ctx, m.Name, len(list), func(ctx context.Context, i int) (err error) {
		k := &caseRun{runner: r, set: m, entry: list[i].entry, mem: mem}
		results[i], err = k.calm(ctx, list[i])
		return err
	}); err != nil {
		return nil, err
	}
	late := r.Late
	r.Late = 0 // nothing is late where nothing happens
	r.gather(s, results)
	r.Late = late
	return s, nil
}

// calm runs one healthy window. Its row is a split of its own: windows of a set
// do not overlap.
func (k *caseRun) calm(ctx context.Context, c calm) (*result, error) {
	var change *perturb.Change
	if !c.hole.IsZero() {
		change = &perturb.Change{Edits: map[string]perturb.Edit{}}
		perturb.Hole(c.b, change, c.hole.From, c.hole.To)
	}
	at := c.in.Window.From.UTC().Format(time.RFC3339)
	truth := telemetry.Truth{Healthy: true, Split: c.truth.Split}
	a, err := k.variant(ctx, c.b, variant{how: "calm-" + at, in: c.in, truth: truth, drawn: true, leave: noAlerts, change: change, alone: true})
	if err != nil {
		return nil, fmt.Errorf("case %s: %w", c.entry.ID, err)
	}
	for _, row := range a.rows {
		row.Doubt = k.set.Doubted(c.in.Window)
		row.Case, row.Split = c.entry.ID+"@"+at, c.truth.Split+"@"+at
	}
	return &result{healthy: true, exact: a}, nil
}

// drawn takes at most n windows, and leaves them in order.
func drawn(list []calm, n int, seed uint64) []calm {
	if len(list) <= n {
		return list
	}
	take := rand.New(rand.NewPCG(seed, 2)).Perm(len(list))[:n]
	slices.Sort(take)
	out := make([]calm, 0, n)
	for _, i := range take {
		out = append(out, list[i])
	}
	return out
}

// calmWindows are the healthy windows that a case holds, without overlap, each as
// long as the case's own or a third of what is free of faults, whichever is
// shorter. Where the case's baseline spans its window, theirs does; else all
// that is free before them is their baseline, and it is twice as long at least.
// Without a baseline in the bundle there is none: all that is left around them is
// normal. why says why there are none.
func calmWindows(b *telemetry.Bundle, e importer.Entry, t telemetry.Truth) (out []calm, why string) {
	free, hole, why := calmStretches(b, t)
	if why != "" {
		return nil, why
	}
	in := b.Incident
	length, all := in.Window.Duration(), time.Duration(0)
	if in.Window.IsZero() {
		span := t.Span()
		length = span.Duration()
	}
	for _, f := range free {
		all += f.Duration()
	}
	if length <= 0 || length > all/baselineFor {
		length = all / baselineFor
	}
	if length = length.Truncate(time.Second); length < leastHealthy {
		return nil, shortCalm
	}
	around := in.Baseline.IsZero() || in.Baseline.To.After(in.Window.From)
	before := time.Duration(0)
	for _, f := range free {
		for w := (incident.Window{From: f.To.Add(-length), To: f.To}); !w.From.Before(f.From); w.From, w.To = w.From.Add(-length), w.From {
			past := before + w.From.Sub(f.From)
			if past < length || !around && past < (baselineFor-1)*length {
				continue
			}
			c := calm{entry: e, truth: t, b: b, in: in, hole: hole}
			if !in.Alert.Time.IsZero() {
				c.in.Alert.Time = w.From.Add(min(in.Alert.Time.Sub(in.Window.From), length))
			}
			if c.in.Window = w; !around {
				c.in.Baseline = incident.Window{From: free[0].From, To: w.From}
			}
			out = append(out, c)
		}
		before += f.Duration()
	}
	if len(out) == 0 {
		return nil, noRoom
	}
	slices.SortFunc(out, func(a, b calm) int { return a.in.Window.From.Compare(b.in.Window.From) })
	return out, ""
}

// calmStretches are the parts of a case's time that are known to be free of
// faults and hold data, in order, and the one that has to be taken out of the
// data so that no fault is taken for normal.
func calmStretches(b *telemetry.Bundle, t telemetry.Truth) (free []incident.Window, hole incident.Window, why string) {
	in := b.Incident
	switch {
	case in.Window.IsZero() && in.Baseline.IsZero():
		span := t.Span()
		if span.IsZero() || len(b.Tables) == 0 || b.HasSpans || len(b.LogNodes) > 0 {
			return nil, hole, noStretch
		}
		hole = incident.Window{From: span.From.Add(-aroundFault), To: span.To.Add(aroundFault)}
		for _, f := range covered(b, incident.Window{From: time.Unix(0, 0), To: time.Unix(1<<33, 0)}) {
			free = append(free, incident.Window{From: f.From, To: earlier(f.To, hole.From)}, incident.Window{From: later(f.From, hole.To), To: f.To})
		}
		return slices.DeleteFunc(free, func(w incident.Window) bool { return w.Duration() <= 0 }), hole, ""
	case in.Window.IsZero() || in.Baseline.IsZero():
		return nil, hole, noStretch
	case t.Healthy:
		return covered(b, incident.Window{From: earlier(in.Baseline.From, in.Window.From), To: later(in.Baseline.To, in.Window.To)}), hole, ""
	case in.Baseline.To.After(in.Window.From):
		return nil, hole, holdsFault
	}
	return covered(b, in.Baseline), hole, ""
}

// covered are the parts of a window in which metrics were recorded, by the table
// with the most samples in it; without metrics, all of it.
func covered(b *telemetry.Bundle, w incident.Window) []incident.Window {
	if len(b.Tables) == 0 {
		return []incident.Window{w}
	}
	var best []int64
	var step time.Duration
	for i := range b.Tables {
		t := &b.Tables[i]
		lo, _ := slices.BinarySearch(t.Times, w.From.UnixNano())
		hi, _ := slices.BinarySearch(t.Times, w.To.UnixNano())
		if hi-lo > len(best) {
			best, step = t.Times[lo:hi], perturb.Step(t)
		}
	}
	var out []incident.Window
	for i, ns := range best {
		at := time.Unix(0, ns)
		if i == 0 || ns-best[i-1] > 2*int64(step) {
			out = append(out, incident.Window{From: at})
		}
		out[len(out)-1].To = earlier(at.Add(step), w.To)
	}
	return out
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
