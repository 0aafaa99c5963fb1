package prometheus

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// gathering is one call of Collect.
type gathering struct {
	s     *Source
	span  incident.Window
	to    connectors.Sink
	types types
	step  time.Duration // of all samples; 0: as scraped
	left  samplesLeft
}

// samplesLeft counts down what may still be handed over.
type samplesLeft struct {
	mu      sync.Mutex
	bounded bool
	n       int64
}

// take takes n samples off; false: there are not that many.
func (l *samplesLeft) take(n int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bounded && n > l.n {
		return false
	}
	l.n -= n
	return true
}

// Collect hands over the metrics of the nodes that are asked for, each as a
// whole and in their order; so many at once as at_once says.
func (s *Source) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	all, said, err := s.known(ctx, ask.Span)
	if err != nil {
		return err
	}
	nodes := choose(all, ask.Nodes)
	if len(nodes) == 0 {
		return s.clock(ctx, to)
	}
	g := &gathering{s: s, span: ask.Span, to: to, step: s.c.Step, left: samplesLeft{bounded: ask.Limit.Samples > 0, n: ask.Limit.Samples}}
	if err := g.tell(said, "the list of targets"); err != nil {
		return err
	}
	if g.types, err = s.types(ctx); err != nil {
		return err
	}
	if err := g.scrapes(ctx, all); err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(s.c.AtOnce)
	for _, n := range nodes {
		if ctx.Err() != nil {
			break
		}
		work.Go(func() error { return g.node(ctx, n) })
	}
	if err := work.Wait(); err != nil {
		return err
	}
	return s.clock(ctx, to)
}

// choose returns the nodes that are asked for, in that order; all if none is.
func choose(all []*node, asked []connectors.Node) []*node {
	if len(asked) == 0 {
		return all
	}
	by := make(map[string]*node)
	for _, n := range all {
		for _, name := range n.Names {
			by[name] = n
		}
	}
	var out []*node
	for _, a := range asked {
		for _, name := range a.Names {
			if n := by[name]; n != nil && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// tell says what a server left out, by its own words.
func (g *gathering) tell(n notes, of string) error {
	if n.partial {
		n.warnings = append(n.warnings, "the answer is partial")
	}
	slices.Sort(n.warnings)
	for i, w := range slices.Compact(n.warnings) {
		if i == 5 { // one store that is down is said once a query
			break
		}
		if err := g.to.Missing(incident.Missing{What: "a part of " + of, Why: "the server says: " + plain(w)}); err != nil {
			return err
		}
	}
	return nil
}

// scrapes finds out when each target was scraped, and hands over whether it
// answered.
func (g *gathering) scrapes(ctx context.Context, all []*node) error {
	by := make(map[string]*target)
	for _, n := range all {
		for _, t := range n.targets {
			by[identity(t.labels)] = t
		}
	}
	// Targets are scraped once in 5 s at most, as a rule.
	parts := int(g.span.Duration()/time.Second) / 5 * len(by) / page
	for _, span := range split(g.span, parts+1, 0, 0) {
		list, said, err := g.s.raw(ctx, g.s.match.with(matcher{"__name__", "=", "up"}).String(), span)
		if err != nil {
			return err
		}
		if err := g.tell(said, "when targets were scraped"); err != nil {
			return err
		}
		for _, x := range list {
			if t := by[identity(x.Metric)]; t != nil {
				from := after(t.axis, x.Values.times)
				t.axis, t.up = append(t.axis, x.Values.times[from:]...), append(t.up, x.Values.values[from:]...)
			}
		}
	}
	g.holes(by)
	return nil
}

// after is the index of the first time in more that is after those before: the
// ends of pages may overlap.
func after(before, more []int64) int {
	if len(before) == 0 {
		return 0
	}
	at, found := slices.BinarySearch(more, before[len(before)-1])
	if found {
		at++
	}
	return at
}

// holes makes the axes whole where the server was alive: where any target was
// scraped within a minute.
func (g *gathering) holes(by map[string]*target) {
	const near = int64(time.Minute)
	alive := make(map[int64]bool)
	for _, t := range by {
		for _, at := range t.axis {
			alive[at/near] = true
		}
	}
	is := func(at int64) bool { return alive[at/near] }
	for _, t := range by {
		seen := t.axis
		t.interval = typical(seen)
		t.axis = fill(seen, t.interval, is, g.span.From.UnixNano(), g.span.To.UnixNano())
		t.up = place(seen, t.up, t.axis, 0)
	}
}

// node fetches a node and hands it over.
func (g *gathering) node(ctx context.Context, n *node) error {
	for _, t := range n.targets {
		if err := g.target(ctx, n, t); err != nil {
			return err
		}
	}
	return nil
}

// target fetches all of one target, metric by metric.
func (g *gathering) target(ctx context.Context, n *node, t *target) error {
	sets, said, err := g.s.labelSets(ctx, g.span, t.sel.String())
	if err != nil {
		return err
	}
	if err := g.tell(said, "the metrics of "+n.Names[0]); err != nil {
		return err
	}
	p := newPlan(sets, g.types, g.s.c.MaxSeries, t.second)
	for _, r := range p.reductions(n.Names[0], t.sel.String(), g.s.c.MaxSeries) {
		if err := g.to.Reduced(r); err != nil {
			return err
		}
	}
	every := max(t.interval, time.Second)
	a := newAxis(n.targets[0].axis, every, g.step)
	if err := g.give(n, []column{{g.upName(n, t), a.place(t.axis, t.up), seriesText("up", t.labels)}}, a); err != nil {
		return err
	}
	points := int(g.span.Duration()/a.every) + 1
	for _, q := range p.questions(t.sel, g.span, points, g.step) {
		list, err := g.fetch(ctx, n, q)
		if err != nil {
			return err
		}
		if err := g.series(n, list, a); err != nil {
			return err
		}
	}
	return nil
}

// upName is the column that says whether a target answered: several of one node
// are told apart by their service.
func (g *gathering) upName(n *node, t *target) string {
	if len(n.targets) == 1 || !t.second {
		return "up"
	}
	return "up{" + g.s.c.ServiceLabel + "=" + plain(t.labels[g.s.c.ServiceLabel]) + "}"
}

// fetch asks the pages of a question and puts each series together.
func (g *gathering) fetch(ctx context.Context, n *node, q question) ([]*series, error) {
	var out []*series
	by := make(map[string]*series)
	for _, span := range q.spans {
		list, said, err := g.page(ctx, q.sel, span)
		if err != nil {
			return nil, err
		}
		if err := g.tell(said, "the metrics of "+n.Names[0]); err != nil {
			return nil, err
		}
		for _, x := range list {
			id := x.Metric["__name__"] + "\xff" + identity(x.Metric)
			s := by[id]
			if s == nil {
				s = &series{labels: x.Metric}
				by[id] = s
				out = append(out, s)
			}
			from := after(s.times, x.Values.times)
			s.times, s.values = append(s.times, x.Values.times[from:]...), append(s.values, x.Values.values[from:]...)
		}
	}
	return out, nil
}

// page asks one query.
func (g *gathering) page(ctx context.Context, sel string, span incident.Window) ([]wireSeries, notes, error) {
	if g.step == 0 {
		return g.s.raw(ctx, sel, span)
	}
	return g.s.matrix(ctx, "/api/v1/query_range", url.Values{
		"query": {"last_over_time(" + sel + "[" + duration(g.step) + "])"}, "step": {duration(g.step)},
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
	for _, base := range bases {
		if err := g.give(n, columns(base, by[base], g.s.naming(), a), a); err != nil {
			return err
		}
	}
	return nil
}

// naming lists the labels that name a node, its service, or the whole system.
func (s *Source) naming() map[string]bool {
	drop := map[string]bool{"job": true, "instance": true, "cluster": true, s.c.NodeLabel: true, s.c.ServiceLabel: true}
	for _, m := range s.match {
		if m.op == "=" {
			drop[m.name] = true
		}
	}
	return drop
}

// give hands columns over; one without any sample is none.
func (g *gathering) give(n *node, list []column, a axis) error {
	for _, c := range list {
		if !slices.ContainsFunc(c.values, func(v float64) bool { return v == v }) {
			continue
		}
		if !g.left.take(int64(len(c.values))) {
			return &errs.Error{Kind: errs.Exhausted, Err: errors.New("more samples than are wanted"), Remedy: "ask for a shorter span, or match less"}
		}
		if err := g.to.Series(connectors.Series{Node: n.Names[0], Name: strings.Clone(c.name), Times: a.times, Values: c.values, Query: c.query}); err != nil {
			return err
		}
	}
	return nil
}
