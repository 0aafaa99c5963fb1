package jaeger

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"triagent/connectors"
	"triagent/connectors/traces"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// gathering is one call of Discover or Collect. Its methods are safe for
// concurrent use.
type gathering struct {
	s        *Source
	from, to int64           // Unix nanoseconds
	ask      connectors.Ask  //
	sink     connectors.Sink // nil: only nodes and calls are wanted

	mu      sync.Mutex
	seen    map[string]bool // IDs of traces that were handed over, or left out
	given   int64           // spans
	left    int64           // spans that were left out because of the bound
	whole   int64           // traces that were handed over
	most    int64           // spans that may be given in this phase
	traces  int64           // traces that may be; 0: no bound
	calls   traces.Calls
	nodes   map[string]connectors.Node
	order   []string
	of      map[string][]string // names of nodes by service
	cut     traces.Cut
	unnamed int64
	unfit   int64 // spans that cannot be used
	fulls   int64 // questions that had more answers than were asked for
	failed  int   // questions that failed
	lost    []incident.Missing
	stopped error // by the sink
}

func (s *Source) gathering(ask connectors.Ask, to connectors.Sink) *gathering {
	return &gathering{
		s: s, from: ask.Span.From.UnixNano(), to: ask.Span.To.UnixNano(), ask: ask, sink: to,
		seen: make(map[string]bool), nodes: make(map[string]connectors.Node), of: make(map[string][]string),
	}
}

// phase sets what part of the bounds, of spans and of traces, may be used up.
func (g *gathering) phase(part float64, traces int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.most, g.traces = int64(float64(g.ask.Limit.Spans)*part), int64(max(1, float64(traces)*part))
}

// take hands a trace over, once.
func (g *gathering) take(id string, t ptrace.Traces, query string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopped != nil {
		return g.stopped
	}
	if g.seen[id] {
		return nil
	}
	if g.traces > 0 && g.whole >= g.traces {
		g.fulls++
		return nil
	}
	n := int64(t.SpanCount())
	if g.ask.Limit.Spans > 0 && g.given+n > g.most {
		if g.most >= g.ask.Limit.Spans { // a later phase will not take it either
			g.seen[id] = true
		}
		g.left += n
		return nil
	}
	g.seen[id] = true
	given := g.given
	for _, rs := range t.ResourceSpans().All() {
		if err := g.resource(rs, query); err != nil {
			g.stopped = err
			return err
		}
	}
	if g.given > given {
		g.whole++
	}
	return nil
}

// maxNodes bounds the nodes that are told apart.
const maxNodes = 10_000

// resource hands over the spans of one resource. The lock is held.
func (g *gathering) resource(rs ptrace.ResourceSpans, query string) error {
	n := traces.Node(rs.Resource().Attributes())
	if len(n.Names) == 0 || len(g.nodes) >= maxNodes && g.nodes[n.Names[0]].Names == nil {
		g.unnamed++
		return nil
	}
	var out telemetry.Span
	known := false
	for _, ss := range rs.ScopeSpans().All() {
		for _, s := range ss.Spans().All() {
			if int64(s.StartTimestamp()) >= g.to || int64(max(s.EndTimestamp(), s.StartTimestamp())) < g.from {
				continue
			}
			if !known {
				known = true
				g.know(n)
			}
			traces.Span(&out, s, n.Names[0], n.Service, &g.cut)
			g.calls.Add(&out)
			g.given++
			if g.sink == nil {
				continue
			}
			if err := g.sink.Span(&out, query); err != nil {
				return err
			}
		}
	}
	return nil
}

// know notes a node. The lock is held.
func (g *gathering) know(n connectors.Node) {
	id := n.Names[0]
	if _, ok := g.nodes[id]; ok {
		return
	}
	g.nodes[id] = n
	g.order = append(g.order, id)
	g.of[n.Service] = append(g.of[n.Service], id)
}

// found is what was learned of nodes and calls.
func (g *gathering) found() connectors.Found {
	f := connectors.Found{Calls: g.calls.List()}
	for _, id := range g.order {
		f.Nodes = append(f.Nodes, g.nodes[id])
	}
	return f
}

// maxFailed is after how many questions that failed no more are asked.
const maxFailed = 3

// miss notes that a question failed. It returns an error if there is no use in
// asking on.
func (g *gathering) miss(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.stopped != nil:
		return g.stopped
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	g.failed++
	if g.failed >= maxFailed || errs.KindOf(err) == errs.Denied {
		return err
	}
	g.lost = append(g.lost, incident.Missing{What: what, Why: err.Error()})
	return nil
}

// full notes that there was more than was asked for.
func (g *gathering) full() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fulls++
}

// end tells what was learned on the way, and what was left out.
func (g *gathering) end(how string) error {
	for _, m := range g.lost {
		if err := g.sink.Missing(m); err != nil {
			return err
		}
	}
	if g.unnamed > 0 || g.unfit > 0 {
		err := g.sink.Missing(incident.Missing{What: "spans that are not understood", Why: fmt.Sprintf("%d resources name no node, %d spans have no ID or no time", g.unnamed, g.unfit)})
		if err != nil {
			return err
		}
	}
	if g.fulls > 0 {
		err := g.sink.Reduced(incident.Reduction{
			Stage: "traces", In: g.whole + g.fulls, Out: g.whole, Unit: "traces", Rest: g.s.http.URL(),
			How: "there were more than were asked for, how many is not known: " + how + "; raise max_traces, or name fewer services, for the rest",
		})
		if err != nil {
			return err
		}
	}
	if g.left > 0 {
		err := g.sink.Reduced(incident.Reduction{
			Stage: "traces", In: g.given + g.left, Out: g.given, Unit: "spans", Rest: g.s.http.URL(),
			How: "whole traces up to the bound of spans, the failed first; raise the bound for the rest",
		})
		if err != nil {
			return err
		}
	}
	if g.cut.Attributes > 0 {
		err := g.sink.Reduced(incident.Reduction{Stage: "traces", In: g.cut.Attributes, Unit: "attributes", Rest: g.s.http.URL(), How: "more than 64 of a span, or longer than 1024 bytes"})
		if err != nil {
			return err
		}
	}
	if err := g.sink.Found(g.found()); err != nil {
		return err
	}
	if c, ok := g.s.http.Clock(); ok {
		return g.sink.Clock(c)
	}
	return nil
}
