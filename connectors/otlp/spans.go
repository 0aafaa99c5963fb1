package otlp

import (
	"context"
	"fmt"
	"hash/maphash"
	"math"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"triagent/connectors"
	"triagent/connectors/otlp/ring"
	"triagent/connectors/traces"
	"triagent/incident"
	"triagent/telemetry"
)

// spans gives the spans of a batch that are asked for, in our terms. The span is
// valid until use returns.
func (g *gathering) spans(b ring.Batch, use func(*telemetry.Span)) error {
	var out telemetry.Span
	return g.raw(b, func(n connectors.Node, s ptrace.Span) error {
		traces.Span(&out, s, n.Names[0], n.Service, &g.cut)
		use(&out)
		return nil
	})
}

// raw gives the spans of a batch that are asked for as they came.
func (g *gathering) raw(b ring.Batch, use func(connectors.Node, ptrace.Span) error) error {
	t, err := decodeTraces(b)
	if err != nil {
		return err
	}
	for _, rs := range t.ResourceSpans().All() {
		items := 0
		for _, ss := range rs.ScopeSpans().All() {
			items += ss.Spans().Len()
		}
		n, ok := g.node(rs.Resource(), ring.Traces, items)
		if !ok {
			continue
		}
		for _, ss := range rs.ScopeSpans().All() {
			for _, s := range ss.Spans().All() {
				if int64(s.StartTimestamp()) >= g.to || int64(max(s.EndTimestamp(), s.StartTimestamp())) < g.from {
					continue
				}
				if err := use(n, s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// collectSpans hands over the spans, or a part of them if there are more than
// are wanted.
func (g *gathering) collectSpans(ctx context.Context, seen ring.Seen) error {
	only := ring.Want{Kinds: []ring.Kind{ring.Traces}}
	limit, query := g.ask.Limit.Spans, g.query("traces")
	var p *pick
	if limit > 0 && seen.Items[ring.Traces] > limit {
		p = newPick(seen.Items[ring.Traces])
		unnamed := g.unnamed
		if _, err := g.read(ctx, only, func(b ring.Batch) error {
			return g.raw(b, func(_ connectors.Node, s ptrace.Span) error { p.see(s); return nil })
		}); err != nil {
			return err
		}
		g.unnamed = unnamed // they are counted once
		p.choose(limit)
		if p.all {
			p = nil
		} else {
			query += fmt.Sprintf("; %d slow or failed traces, and %.4g of the others by a hash of their ID", len(p.must), p.part())
		}
	}
	var given, met int64
	_, err := g.read(ctx, only, func(b ring.Batch) error {
		var out telemetry.Span
		return g.raw(b, func(n connectors.Node, s ptrace.Span) error {
			met++
			if p != nil && !p.keeps(s.TraceID()) || limit > 0 && given >= limit {
				return nil
			}
			given++
			traces.Span(&out, s, n.Names[0], n.Service, &g.cut)
			g.calls.Add(&out)
			return g.sink.Span(&out, query)
		})
	})
	if err != nil || given == met {
		return err
	}
	return g.sink.Reduced(incident.Reduction{
		Stage: "traces", In: met, Out: given, Unit: "spans", Rest: g.query("traces"),
		How: "whole traces: the slowest, a part of the failed, and an even part of the others; raise the bound of spans for the rest",
	})
}

// buckets is into how many parts traces are divided.
const buckets = 1 << 16

// pick chooses traces under a bound of spans, in memory that does not depend on
// how many there are.
type pick struct {
	seed         maphash.Seed
	count        [buckets]int64 // spans, by the hash of their trace
	total        int64
	slow, failed top
	must         map[[16]byte]bool
	below        int  // buckets below this one are kept whole
	all          bool // all fits
}

// newPick is for about so many spans: about one trace in fifty is a slow one.
func newPick(spans int64) *pick {
	return &pick{seed: maphash.MakeSeed(), must: make(map[[16]byte]bool), slow: newTop(int(min(max(spans/500, 50), 1000))), failed: newTop(1000)}
}

func (p *pick) hash(id [16]byte) uint64 { return maphash.Bytes(p.seed, id[:]) }

// see counts a span.
func (p *pick) see(s ptrace.Span) {
	id := [16]byte(s.TraceID())
	h := p.hash(id)
	p.total++
	p.count[h%buckets]++
	p.slow.add(id, slowness(int64(s.EndTimestamp())-int64(s.StartTimestamp()), h))
	if s.Status().Code() == ptrace.StatusCodeError {
		p.failed.add(id, int64(h>>1)) // an even part of them, whatever came first
	}
}

// slowness marks a duration by its logarithm; of those that are nearly equal the
// hash decides, whatever came first.
func slowness(ns int64, hash uint64) int64 {
	return int64(math.Log2(float64(max(ns, 1)))*16)<<48 | int64(hash>>17)
}

// choose decides what is kept: at most half of the bound for the slowest and the
// failed, the rest evenly.
func (p *pick) choose(limit int64) {
	if p.total <= limit {
		p.all = true
		return
	}
	slow, failed := p.slow.list(), p.failed.list()
	var spent int64
	taken := make(map[uint64]bool) // buckets
	take := func(id [16]byte) {
		b := p.hash(id) % buckets
		if !taken[b] && spent+p.count[b] > limit/2 {
			return
		}
		if !taken[b] {
			taken[b] = true
			spent += p.count[b]
		}
		p.must[id] = true
	}
	for i := range max(len(slow), len(failed)) {
		if i < len(failed) {
			take(failed[i])
		}
		if i < len(slow) {
			take(slow[i])
		}
	}
	for ; p.below < buckets; p.below++ {
		more := p.count[p.below]
		if taken[uint64(p.below)] {
			more = 0 // counted already
		}
		if spent+more > limit {
			return
		}
		spent += more
	}
}

// part is what part of the traces is kept evenly.
func (p *pick) part() float64 { return float64(p.below) / buckets }

func (p *pick) keeps(id [16]byte) bool {
	return p.hash(id)%buckets < uint64(p.below) || p.must[id]
}
