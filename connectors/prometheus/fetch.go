package prometheus

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// target fetches all of one target, some metrics after another.
func (g *gathering) target(ctx context.Context, n *node, t *target) error {
	sets, said, err := g.s.labelSets(ctx, g.span, t.sel.String())
	switch {
	case errs.KindOf(err) == errs.Exhausted:
		return &errs.Error{Kind: errs.Exhausted, Err: errors.New("it has too many series to list them"), Remedy: "narrow match, or leave series out where it is scraped"}
	case err != nil:
		return err
	}
	if err := g.tell(said, "the metrics of "+n.Names[0]); err != nil {
		return err
	}
	p := newPlan(sets, g.types, g.s.c.MaxSeries, t.second)
	if r, ok := p.omission(n.Names[0], t.sel.String(), g.s.c.MaxSeries); ok {
		if err := g.to.Reduced(r); err != nil {
			return sinkError{err}
		}
	}
	g.mu.Lock()
	g.parts.add(p.kept+p.left+p.parts, p.kept+p.left)
	g.mu.Unlock()
	a := g.axis(n, t)
	if len(t.up) > 0 {
		if err := g.give(n, []column{{g.upName(t), a.place(t.axis, t.up), a.last(t.upQuery())}}, a); err != nil {
			return err
		}
	}
	points := int(g.span.Duration()/max(cmp.Or(t.interval, a.every), g.step)) + 1
	for _, q := range p.questions(t.sel, g.span, points, g.step) {
		list, err := g.fetch(ctx, n, q)
		if err != nil {
			return err
		}
		if a.times == nil {
			a = pushedAxis(list, g.span)
		}
		if err := g.series(n, list, a); err != nil {
			return err
		}
	}
	return nil
}

// axis is where the samples of a target are put.
func (g *gathering) axis(n *node, t *target) axis {
	if g.step == 0 {
		return newAxis(n.targets[0].axis, max(t.interval, time.Second), 0)
	}
	return newAxis(grid(g.span, g.step), t.interval, g.step)
}

// grid is every multiple of a step in a span.
func grid(span incident.Window, step time.Duration) []int64 {
	var out []int64
	for at := span.From.Truncate(step); !at.After(span.To); at = at.Add(step) {
		out = append(out, at.UnixNano())
	}
	return out
}

// pushedAxis is the axis of a node that nothing scrapes, whose series each have
// times of their own: a grid of their usual distance.
func pushedAxis(list []*series, span incident.Window) axis {
	every := time.Duration(0)
	for _, s := range list {
		if d := typical(s.times); d > 0 && (every == 0 || d < every) {
			every = d
		}
	}
	if every == 0 {
		every = time.Minute
	}
	every = max(every, time.Second)
	return newAxis(grid(incident.Window{From: span.From, To: span.To.Add(every)}, every), every, 0)
}

// upName is the column that says whether a target answered: several of one node
// are told apart by their service.
func (g *gathering) upName(t *target) string {
	if !t.second {
		return "up"
	}
	return "up{" + g.s.c.ServiceLabel + "=" + plain(t.labels[g.s.c.ServiceLabel]) + "}"
}

// fetch asks the pages of a question and puts each series together.
func (g *gathering) fetch(ctx context.Context, n *node, q question) ([]*series, error) {
	var out []*series
	by := make(map[string]*series)
	for _, span := range q.spans {
		list, said, err := g.page(ctx, q.sel, span, 2)
		if err != nil {
			return nil, err
		}
		if err := g.tell(said, "the metrics of "+n.Names[0]); err != nil {
			return nil, err
		}
		for _, x := range list {
			for _, part := range x.series() {
				id := part.labels["__name__"] + "\xff" + identity(part.labels)
				if s := by[id]; s != nil {
					from := after(s.times, part.times)
					s.times, s.values = append(s.times, part.times[from:]...), append(s.values, part.values[from:]...)
					continue
				}
				by[id] = part
				out = append(out, part)
			}
		}
	}
	return out, nil
}

// page asks one query. One that is refused as too much, or is not answered in
// time, is asked again in halves, so many times over.
func (g *gathering) page(ctx context.Context, sel string, span incident.Window, halves int) ([]wireSeries, notes, error) {
	list, said, err := g.ask(ctx, sel, span)
	if err == nil || halves == 0 || ctx.Err() != nil || errs.KindOf(err) == errs.Denied || span.Duration() < 2*time.Minute {
		return list, said, err
	}
	for i, half := range split(span, 2, 0, g.step) {
		part, more, err := g.page(ctx, sel, half, halves-1)
		if err != nil {
			return nil, said, err
		}
		if i == 0 {
			list, said = part, more
			continue
		}
		list, said = append(list, part...), said.and(more)
	}
	return list, said, nil
}

func (g *gathering) ask(ctx context.Context, sel string, span incident.Window) ([]wireSeries, notes, error) {
	if g.step == 0 {
		return g.s.raw(ctx, sel, span)
	}
	return g.s.matrix(ctx, "/api/v1/query_range", url.Values{
		"query": {"last_over_time(" + sel + "[" + duration(short(g.step)) + "])"}, "step": {duration(g.step)},
		"start": {unix(span.From.Truncate(g.step))}, "end": {unix(span.To)},
	})
}

// series makes columns of the series of a target and hands them over.
func (g *gathering) series(n *node, list []*series, a axis) error {
	names := make(map[string]int)
	for _, s := range list {
		names[s.labels["__name__"]]++
	}
	by := make(map[string]map[kind][]*series)
	var bases []string
	for _, s := range list {
		k, base := g.types.kind(s.labels["__name__"], names)
		if by[base] == nil {
			by[base] = make(map[kind][]*series)
			bases = append(bases, base)
		}
		by[base][k] = append(by[base][k], s)
	}
	slices.Sort(bases)
	before, after := 0, 0
	for _, base := range bases {
		if list := by[base][unsaid]; rises(list) {
			by[base][counter] = append(by[base][counter], list...)
		} else {
			by[base][gauge] = append(by[base][gauge], list...)
		}
		gauges, positions := byPosition(by[base][gauge])
		by[base][gauge], by[base][counter] = gauges, append(by[base][counter], positions...)
		if groups, ok := byCore(by[base][counter]); ok {
			before, after = before+len(by[base][counter]), after+len(groups)
		}
		if err := g.give(n, columns(base, by[base], g.s.naming(), a), a); err != nil {
			return err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cores.add(before, after)
	return nil
}

// naming lists the labels that name a node, its service, or the whole system.
func (s *Source) naming() map[string]bool {
	drop := map[string]bool{"job": true, "instance": true, "cluster": true, s.c.NodeLabel: true, s.c.ServiceLabel: true}
	for _, m := range s.match {
		if m.Op == "=" {
			drop[m.Name] = true
		}
	}
	return drop
}

// give hands columns over; one without any sample is none. Past the bound one
// more series is handed over: the sink says what it thinks of it.
func (g *gathering) give(n *node, list []column, a axis) error {
	for _, c := range list {
		if !slices.ContainsFunc(c.values, func(v float64) bool { return v == v }) {
			continue
		}
		if before := g.gave.Load(); g.most > 0 && before > g.most {
			return sinkError{&errs.Error{Kind: errs.Exhausted, Err: errMore, Remedy: "ask for a shorter span, or match less"}}
		}
		g.gave.Add(int64(len(c.values)))
		if err := g.to.Series(connectors.Series{Node: n.Names[0], Name: c.name, Times: a.times, Values: c.values, Query: c.query}); err != nil {
			return sinkError{err}
		}
	}
	return nil
}
