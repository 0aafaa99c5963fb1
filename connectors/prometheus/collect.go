package prometheus

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
	span   incident.Window
	to     connectors.Sink
	types  types
	step   time.Duration // of all samples; 0: as scraped
	most   int64         // samples that may be handed over; 0: no bound
	gave   atomic.Int64  // samples
	failed atomic.Int32  // nodes, one after another

	mu           sync.Mutex
	parts, cores tally
}

// sinkError is an error of the sink: it ends all.
type sinkError struct{ error }

func (e sinkError) Unwrap() error { return e.error }

// Collect hands over the metrics of the nodes that are asked for, each as a
// whole and in their order, so many at once as at_once says. A node whose
// metrics cannot be had is said to be missing; after three in a row, or where
// the rights are missing, all ends.
func (s *Source) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	g := &gathering{s: s, span: ask.Span, to: to, step: s.c.Step, most: ask.Limit.Samples}
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
	all, said, err := g.s.known(ctx, g.span)
	if err != nil {
		return err
	}
	if err := g.tell(said, "the list of targets"); err != nil {
		return err
	}
	targets := 0
	for _, n := range all {
		targets += len(n.targets)
	}
	if r, ok := said.reduction(targets); ok {
		if err := g.to.Reduced(r); err != nil {
			return sinkError{err}
		}
	}
	nodes := choose(all, asked)
	if len(nodes) > 0 {
		if err := g.nodes(ctx, all, nodes); err != nil {
			return err
		}
	}
	if c, ok := g.s.http.Clock(); ok {
		return sunk(g.to.Clock(c))
	}
	return nil
}

// nodes hands over the nodes; all are those that there are.
func (g *gathering) nodes(ctx context.Context, all, nodes []*node) (err error) {
	if g.types, err = g.s.types(ctx); err != nil {
		return err
	}
	if err := g.scrapes(ctx, all); err != nil {
		return err
	}
	if nodes, err = g.fit(ctx, nodes); err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(g.s.c.AtOnce)
	for _, n := range nodes {
		if ctx.Err() != nil {
			break
		}
		work.Go(func() error { return g.node(ctx, n) })
	}
	err = work.Wait()
	var own sinkError
	if errors.As(err, &own) {
		return err
	}
	for _, r := range g.reductions() { // of what was handed over before an error too
		if full := g.to.Reduced(r); full != nil {
			return sinkError{full}
		}
	}
	return err
}

// node hands one node over. An error ends all.
func (g *gathering) node(ctx context.Context, n *node) error {
	var err error
	for _, t := range n.targets {
		if err = g.target(ctx, n, t); err != nil {
			break
		}
	}
	var own sinkError
	switch {
	case err == nil:
		g.failed.Store(0)
		return nil
	case errors.As(err, &own) || ctx.Err() != nil || errs.KindOf(err) == errs.Denied || g.failed.Add(1) >= 3:
		return err
	}
	return sunk(g.to.Missing(incident.Missing{What: "metrics of " + n.Names[0] + ", or some of them", Why: err.Error()}))
}

func sunk(err error) error {
	if err == nil {
		return nil
	}
	return sinkError{err}
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
	chosen := make(map[*node]bool)
	for _, a := range asked {
		for _, name := range a.Names {
			if n := by[name]; n != nil && !chosen[n] {
				chosen[n] = true
				out = append(out, n)
			}
		}
	}
	return out
}

// coarsest is how far apart samples may be put so that more nodes fit.
const coarsest = 5 * time.Minute

// fit makes what is handed over keep its bound: samples of all nodes are put
// farther apart, and where that is not enough, the last nodes are left out.
func (g *gathering) fit(ctx context.Context, nodes []*node) ([]*node, error) {
	if g.most <= 0 {
		return nodes, nil
	}
	counts, err := g.s.counts(ctx, g.span)
	if err != nil {
		return nil, err
	}
	if err := counts.count(ctx, g.s, g.span, nodes); err != nil {
		return nil, err
	}
	need := func(n *node) (samples int64) {
		for _, t := range n.targets {
			if every := max(t.interval, g.step, time.Second); every > 0 {
				samples += int64(min(counts.of(t), g.s.c.MaxSeries+own)) * (int64(g.span.Duration()/every) + 1)
			}
		}
		return samples
	}
	var total int64
	for _, n := range nodes {
		total += need(n)
	}
	if total <= g.most {
		return nodes, nil
	}
	every := max(common(nodes), g.step, time.Second)
	times := min((total+g.most-1)/g.most, int64(max(coarsest/every, 1)))
	before := total
	if times > 1 {
		g.step = (every * time.Duration(times)).Round(time.Second)
	}
	total = 0
	at := slices.IndexFunc(nodes, func(n *node) bool { total += need(n); return total > g.most })
	kept := nodes
	if at >= 0 {
		kept = nodes[:max(at, 1)]
	}
	return kept, g.thinned(before, every, nodes[len(kept):])
}

// thinned says what fit did.
func (g *gathering) thinned(total int64, every time.Duration, left []*node) error {
	if g.step > every {
		err := g.to.Reduced(incident.Reduction{
			Stage: "metrics", In: total, Out: total * int64(every) / int64(g.step), Unit: "samples (about)",
			How:  fmt.Sprintf("samples were taken every %v in place of every %v: at most %d are wanted", g.step, every, g.most),
			Rest: g.s.match.with(noParts...).String(),
		})
		if err != nil {
			return sinkError{err}
		}
	}
	for _, n := range left {
		if err := g.to.Missing(incident.Missing{
			What: "metrics of " + n.Names[0], Why: fmt.Sprintf("those of nodes nearer to the alert are more than the %d samples that are wanted", g.most),
		}); err != nil {
			return sinkError{err}
		}
	}
	return nil
}

// common is the shortest scrape interval of nodes.
func common(nodes []*node) time.Duration {
	var least time.Duration
	for _, n := range nodes {
		for _, t := range n.targets {
			if t.interval > 0 && (least == 0 || t.interval < least) {
				least = t.interval
			}
		}
	}
	return least
}

// tell says what a server left out, by its own words.
func (g *gathering) tell(n notes, of string) error {
	for _, why := range n.why() {
		if err := g.to.Missing(incident.Missing{What: "a part of " + of, Why: why}); err != nil {
			return sinkError{err}
		}
	}
	return nil
}
