package loki

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// gathering is one call of Collect.
type gathering struct {
	s        *Source
	span     incident.Window
	to       connectors.Sink
	most     int64        // lines that may be handed over; 0: no bound
	left     atomic.Int64 // of most
	slices   int          // of the span, where not all lines are wanted
	failed   atomic.Int32 // nodes, one after another
	answered atomic.Int32 // nodes
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

// Collect hands over the lines of the nodes that are asked for, so many nodes at
// once as at_once says, in their order. Of more lines than are wanted it hands
// over the latest of each node whole and thins out the others evenly. A node
// whose lines cannot be had is said to be missing; after three in a row, or where
// the rights are missing, all ends.
func (s *Source) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	g := &gathering{s: s, span: ask.Span, to: to, most: ask.Limit.Lines}
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

func (g *gathering) run(ctx context.Context, asked []connectors.Node) error {
	all, nameless, err := g.s.known(ctx, g.span)
	if err != nil {
		return err
	}
	if nameless > 0 {
		l := g.s.nameless(nameless)
		if err := sunk(g.to.Missing(incident.Missing{What: l.What, Why: l.Why + " (" + l.Remedy + ")"})); err != nil {
			return err
		}
	}
	nodes := choose(all, asked)
	parts, err := g.plan(ctx, nodes)
	if err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(g.s.c.AtOnce)
	for i, n := range nodes {
		if ctx.Err() != nil {
			break
		}
		work.Go(func() error { return g.node(ctx, n, parts[i], len(nodes)) })
	}
	return work.Wait()
}

// node hands one node over. An error ends all.
func (g *gathering) node(ctx context.Context, n *node, p part, of int) error {
	err := g.hand(ctx, n, p)
	if err == nil {
		g.failed.Store(0)
		g.answered.Add(1)
		return nil
	}
	var own sinkError
	if errors.As(err, &own) || ctx.Err() != nil || errs.KindOf(err) == errs.Denied {
		return err
	}
	if row := int(g.failed.Add(1)); row >= 3 || row >= of && g.answered.Load() == 0 {
		return err
	}
	return sunk(g.to.Missing(incident.Missing{What: "logs of " + n.Names[0] + ", or some of them", Why: err.Error()}))
}

// hand hands over the lines of a node, and tells what is left out.
func (g *gathering) hand(ctx context.Context, n *node, p part) error {
	for _, sel := range n.selectors {
		w := &walk{g: g, n: n, sel: sel, timed: make(map[string]bool)}
		most := int64(0)
		if p.most >= 0 { // a node has one selector as a rule
			most = max(1, p.most/int64(len(n.selectors)))
		}
		if err := w.all(ctx, most); err != nil {
			return err
		}
		if w.thin == "" {
			continue
		}
		if err := sunk(g.to.Reduced(incident.Reduction{
			Stage: "logs", In: max(p.about, w.gave), Out: w.gave, Unit: "lines", How: fmt.Sprintf("%s: %s", n.Names[0], w.thin),
			Rest: fmt.Sprintf("%s from %s to %s in Loki", sel, g.span.From.UTC().Format(time.RFC3339), g.span.To.UTC().Format(time.RFC3339)),
		})); err != nil {
			return err
		}
	}
	return nil
}
