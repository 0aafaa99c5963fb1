package otlp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"triagent/connectors"
	"triagent/connectors/otlp/ring"
	"triagent/connectors/traces"
	"triagent/incident"
	"triagent/internal/errs"
)

// Source hands over what is in a ring. It needs no Receiver: the ring may be
// written to by another process, or by none any more.
type Source struct{ c Config }

var _ connectors.Source = (*Source)(nil)

// New checks the configuration and opens nothing.
func New(c Config) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Source{c: c.filled()}, nil
}

// Close does nothing: nothing is held.
func (s *Source) Close() error { return nil }

// glance is how much is decoded to find out who is there, in bytes.
const glance = 64 << 20

// every are the kinds of data.
var every = []ring.Kind{ring.Traces, ring.Metrics, ring.Logs}

// Discover tells who sent something in the span, and who calls whom. In a large
// ring it looks into an even part of what came.
func (s *Source) Discover(ctx context.Context, span incident.Window) (connectors.Found, error) {
	want := ring.Want{Kinds: every, From: span.From.UnixNano(), To: span.To.UnixNano(), Heads: true}
	heads, err := ring.Read(ctx, s.c.Dir, want, func(ring.Batch) error { return nil })
	if err != nil {
		return connectors.Found{}, err
	}
	want.Heads, want.Every = false, int(heads.Bytes/glance)+1
	g := s.gathering(connectors.Ask{Span: span}, nil)
	g.note(heads)
	if _, err = g.read(ctx, want, g.resources); err != nil {
		return connectors.Found{}, err
	}
	f := g.found()
	for _, k := range every {
		h := connectors.Holding{What: k.String(), Count: heads.Items[k], Unit: [...]string{"spans", "samples", "lines"}[k]}
		if want.Every > 1 && heads.Items[k] > 0 {
			h.Note = fmt.Sprintf("one batch in %d was looked into for nodes and calls", want.Every)
		}
		f.Holds = append(f.Holds, h)
	}
	for _, m := range append(s.missing(heads, span), g.lost()...) {
		f.Lacks = append(f.Lacks, connectors.Lack{What: m.What, Why: m.Why})
	}
	f.Lacks = append(f.Lacks, g.nameless()...)
	return f, nil
}

// missing says what of a span a ring has not.
func (s *Source) missing(seen ring.Seen, span incident.Window) []incident.Missing {
	var out []incident.Missing
	begins := time.Unix(0, seen.Begins).UTC()
	switch {
	case seen.Segments == 0:
		out = append(out, incident.Missing{What: "everything that could have been received", Why: "the ring is empty: nothing was sent, or nobody received it"})
	case begins.After(span.From):
		out = append(out, incident.Missing{
			What: "what was received before " + begins.Format(time.RFC3339),
			Why:  fmt.Sprintf("the ring begins there: nothing was sent before, or it was dropped to keep within %d MiB and %v", s.c.Total>>20, s.c.Age),
		})
	}
	if seen.Gone > 0 {
		out = append(out, incident.Missing{What: "the oldest of what was received", Why: fmt.Sprintf("%d segments were dropped while the ring was read", seen.Gone)})
	}
	return out
}

// gathering is one look into the ring.
type gathering struct {
	s        *Source
	from, to int64
	ask      connectors.Ask
	sink     connectors.Sink
	wanted   map[string]bool // names of nodes; nil: all
	nodes    map[string]connectors.Node
	order    []string // first names of nodes, as they came
	calls    traces.Calls
	cut      traces.Cut
	damaged  map[place]ring.Damage
	unnamed  [3]int64 // items of senders that do not say who they are, by ring.Kind
}

func (s *Source) gathering(ask connectors.Ask, to connectors.Sink) *gathering {
	g := &gathering{s: s, from: ask.Span.From.UnixNano(), to: ask.Span.To.UnixNano(), ask: ask, sink: to, nodes: make(map[string]connectors.Node), damaged: make(map[place]ring.Damage)}
	if len(ask.Nodes) > 0 {
		g.wanted = make(map[string]bool)
		for _, n := range ask.Nodes {
			for _, name := range n.Names {
				g.wanted[name] = true
			}
		}
	}
	return g
}

// maxNodes bounds the nodes that are told apart.
const maxNodes = 10_000

// node is the node that a resource is; false: it names none, or one that is not
// asked for.
func (g *gathering) node(resource pcommon.Resource, k ring.Kind, items int) (connectors.Node, bool) {
	n := traces.Node(resource.Attributes())
	if len(n.Names) == 0 {
		g.unnamed[k] += int64(items)
		return n, false
	}
	if g.wanted != nil && !slices.ContainsFunc(n.Names, func(name string) bool { return g.wanted[name] }) {
		return n, false
	}
	id := n.Names[0]
	known, ok := g.nodes[id]
	switch {
	case !ok && len(g.nodes) >= maxNodes:
		return n, false
	case !ok:
		g.order = append(g.order, id)
		g.nodes[id] = n
	default:
		for _, name := range n.Names {
			if len(known.Names) < 16 && !slices.Contains(known.Names, name) {
				known.Names = append(known.Names, name)
				g.nodes[id] = known
			}
		}
	}
	return n, true
}

// found is what was learned of nodes and calls.
func (g *gathering) found() connectors.Found {
	f := connectors.Found{Calls: g.calls.List()}
	for _, id := range g.order {
		f.Nodes = append(f.Nodes, g.nodes[id])
	}
	return f
}

// nameless says what cannot be used because it does not say whose it is.
func (g *gathering) nameless() []connectors.Lack {
	var out []connectors.Lack
	for k, n := range g.unnamed {
		if n > 0 {
			out = append(out, connectors.Lack{
				What: fmt.Sprintf("%s of senders without a name", ring.Kind(k)), Why: fmt.Sprintf("%d items name neither service, instance, pod nor host", n),
				Remedy: "set OTEL_SERVICE_NAME, and service.instance.id or host.name in OTEL_RESOURCE_ATTRIBUTES, where they are sent",
			})
		}
	}
	return out
}

// resources notes who sent a batch, and who calls whom by its spans.
func (g *gathering) resources(b ring.Batch) error {
	switch b.Kind {
	case ring.Traces:
		return g.spans(b, g.calls.Add)
	case ring.Metrics:
		m, err := (&pmetric.ProtoUnmarshaler{}).UnmarshalMetrics(b.Body)
		if err != nil {
			return unreadable(err)
		}
		for _, r := range m.ResourceMetrics().All() {
			g.node(r.Resource(), b.Kind, 1)
		}
	case ring.Logs:
		l, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(b.Body)
		if err != nil {
			return unreadable(err)
		}
		for _, r := range l.ResourceLogs().All() {
			g.node(r.Resource(), b.Kind, 1)
		}
	}
	return nil
}

func unreadable(err error) error {
	return &errs.Error{Op: "otlp: read the ring", Kind: errs.Invalid, Err: err, Remedy: "give the ring a folder of its own; remove what else is there"}
}

// Collect hands over the spans, records and metrics of the span of time. More
// spans than are wanted are thinned out by trace: the slowest and the failed stay, and an
// even part of the others. More records are thinned out evenly, the severe last.
func (s *Source) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	g := s.gathering(ask, to)
	seen, err := g.read(ctx, ring.Want{Kinds: every, Heads: true}, func(ring.Batch) error { return nil })
	if err != nil {
		return err
	}
	for _, m := range s.missing(seen, ask.Span) {
		if err := to.Missing(m); err != nil {
			return err
		}
	}
	for _, collect := range []func(context.Context, ring.Seen) error{g.collectSpans, g.collectLogs, g.collectMetrics} {
		if err := collect(ctx, seen); err != nil {
			return err
		}
	}
	for _, m := range g.lost() {
		if err := to.Missing(m); err != nil {
			return err
		}
	}
	for _, l := range g.nameless() {
		if err := to.Missing(incident.Missing{What: l.What, Why: l.Why + "; " + l.Remedy}); err != nil {
			return err
		}
	}
	if g.cut.Attributes > 0 {
		if err := to.Reduced(incident.Reduction{Stage: "traces", In: g.cut.Attributes, Unit: "attributes", How: "more than 64 of a span or record, or longer than 1024 bytes", Rest: g.query("attributes")}); err != nil {
			return err
		}
	}
	return to.Found(g.found())
}

// read reads batches that have items in the span. Their values are not nested
// deeper than maxNesting.
func (g *gathering) read(ctx context.Context, want ring.Want, fn func(ring.Batch) error) (ring.Seen, error) {
	if want.To == 0 {
		want.From, want.To = g.from, g.to
	}
	seen, err := ring.Read(ctx, g.s.c.Dir, want, func(b ring.Batch) error {
		if err := flatten(b); err != nil {
			return err
		}
		return fn(b)
	})
	g.note(seen)
	return seen, err
}

// query is how what is handed over is found again.
func (g *gathering) query(what string) string {
	return fmt.Sprintf("otlp ring: %s from %s to %s", what, g.ask.Span.From.UTC().Format(time.RFC3339Nano), g.ask.Span.To.UTC().Format(time.RFC3339Nano))
}

func decodeTraces(b ring.Batch) (ptrace.Traces, error) {
	t, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(b.Body)
	if err != nil {
		return t, unreadable(err)
	}
	return t, nil
}
