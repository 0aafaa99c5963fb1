package elastic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// gathering is one call of Collect.
type gathering struct {
	s      *Source
	c      *schema
	e      engine
	span   window
	to     connectors.Sink
	most   int64        // documents that may be handed over; 0: no bound
	left   atomic.Int64 // of most
	slices int64        // of the span, where not all documents are wanted

	failed   atomic.Int32 // nodes, one after another
	answered atomic.Int32 // nodes
	cut      atomic.Int64 // documents that were too long

	mu    sync.Mutex
	pit   string
	timed map[string]bool // nodes and files whose lines have heads of their own
	told  map[string]bool // what was said to be missing
}

// sinkError is an error of the sink: it ends all.
type sinkError struct{ error }

func (e sinkError) Unwrap() error { return e.error }

func sunk(err error) error {
	if err == nil {
		return nil
	}
	return sinkError{err}
}

// Collect hands over the documents of the nodes that are asked for, so many
// nodes at once as at_once says, in their order, and then those whose node only
// the documents themselves tell. Of more than are wanted it hands over the latest
// of each node whole and thins out the others evenly. A node whose documents
// cannot be had is said to be missing; after three in a row, or where the rights
// are missing, all ends.
func (s *Source) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	g := &gathering{
		s: s, span: windowOf(ask.Span), to: to, most: ask.Limit.Lines, timed: make(map[string]bool), told: make(map[string]bool),
	}
	if m := s.c.MaxLines; m > 0 && (g.most == 0 || m < g.most) {
		g.most = m
	}
	g.left.Store(g.most)
	err := g.run(ctx, ask.Nodes)
	var own sinkError
	switch {
	case errors.As(err, &own):
		return own.error
	case err != nil && ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return err
}

func (g *gathering) run(ctx context.Context, asked []connectors.Node) (err error) {
	if g.c, err = g.s.schema(ctx); err != nil {
		return err
	}
	if err := g.s.check(g.c); err != nil {
		return g.missing("logs", err.Error())
	}
	e, p, err := g.s.open(ctx)
	if err != nil {
		return err
	}
	g.e, g.pit = e, p.id()
	defer func() { g.s.shut(ctx, e, g.id("")) }()
	if why := p.Shards.lacks(); why != "" {
		if err := g.missing("a part of the logs", why); err != nil {
			return err
		}
	}
	inv, err := g.s.inventory(ctx, g.id(""), g.c, g.span, false)
	if err != nil {
		return err
	}
	if inv.lacks != "" {
		if err := g.missing("a part of the logs", inv.lacks); err != nil {
			return err
		}
	}
	if inv.more > 0 {
		l := tooMany(inv.more)
		if err := g.missing(l.What, l.Why+" ("+l.Remedy+")"); err != nil {
			return err
		}
	}
	if err := g.nodes(ctx, g.plan(choose(inv.nodes, asked), inv.rest), asked); err != nil {
		return err
	}
	if n := g.cut.Load(); n > 0 {
		return sunk(g.to.Reduced(incident.Reduction{
			Stage: "logs", In: n, Out: n, Unit: "lines", How: fmt.Sprintf("cut to their first %d KB", longestBody>>10), Rest: g.s.text(g.s.of(g.span)),
		}))
	}
	return nil
}

// id is the ID of the point in time; the server may give it a new one.
func (g *gathering) id(fresh string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if fresh != "" {
		g.pit = fresh
	}
	return g.pit
}

// missing says once that something is.
func (g *gathering) missing(what, why string) error {
	g.mu.Lock()
	told := g.told[what+"\xff"+why]
	g.told[what+"\xff"+why] = true
	g.mu.Unlock()
	if told {
		return nil
	}
	return sunk(g.to.Missing(incident.Missing{What: what, Why: why}))
}

// nodes hands parts over: those of one node one after another, since its lines
// are wanted in the order of time, and the rest, which may be of any, at last.
func (g *gathering) nodes(ctx context.Context, parts []*part, asked []connectors.Node) error {
	var names []string
	by := make(map[string][]*part)
	for _, p := range parts {
		if p.node != nil {
			if by[p.name()] == nil {
				names = append(names, p.name())
			}
			by[p.name()] = append(by[p.name()], p)
		}
	}
	work, limited := errgroup.WithContext(ctx)
	work.SetLimit(g.s.c.AtOnce)
	for _, name := range names {
		if limited.Err() != nil {
			break
		}
		work.Go(func() error {
			for _, p := range by[name] {
				if err := g.part(limited, p, len(parts), asked); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	for _, p := range parts {
		if p.node == nil {
			return g.part(ctx, p, len(parts), asked)
		}
	}
	return ctx.Err()
}

// part hands one part over, and tells what is left out. An error ends all.
func (g *gathering) part(ctx context.Context, p *part, of int, asked []connectors.Node) error {
	w := &walk{g: g, p: p, asked: asked, query: g.s.text(g.s.of(g.span, p.filter...))}
	err := w.all(ctx)
	if err == nil {
		g.failed.Store(0)
		g.answered.Add(1)
		return w.tell()
	}
	var own sinkError
	if errors.As(err, &own) || ctx.Err() != nil || errs.KindOf(err) == errs.Denied {
		return err
	}
	if row := int(g.failed.Add(1)); row >= 3 || row >= of && g.answered.Load() == 0 {
		return err
	}
	return g.missing("logs of "+p.name()+", or some of them", err.Error())
}

// tell says what of a part was left out.
func (w *walk) tell() error {
	if w.nameless > 0 {
		l := w.g.s.nameless(w.nameless, len(w.g.c.node))
		if err := w.g.missing("logs: "+l.What, l.Why+" ("+l.Remedy+")"); err != nil {
			return err
		}
	}
	if w.thin == "" {
		return nil
	}
	return sunk(w.g.to.Reduced(incident.Reduction{
		Stage: "logs", In: max(w.p.count, w.gave), Out: w.gave, Unit: "lines", How: w.p.name() + ": " + w.thin, Rest: w.query,
	}))
}

// choose returns the nodes that are asked for, in that order; all if none is. A
// node may be there more than once: under several fields.
func choose(all []*node, asked []connectors.Node) []*node {
	if len(asked) == 0 {
		return all
	}
	var out []*node
	chosen := make(map[*node]bool)
	for _, a := range asked {
		for _, n := range all {
			if !chosen[n] && slices.Contains(a.Names, n.Names[0]) {
				chosen[n] = true
				out = append(out, n)
			}
		}
	}
	return out
}

func clock(millis int64) string { return time.UnixMilli(millis).UTC().Format(time.RFC3339) }
