package data

import (
	"triagent/telemetry"
)

// names gives small numbers to strings, in order of first use.
type names struct {
	id   map[string]int32
	text []string
}

func newNames() *names { return &names{id: map[string]int32{}} }

func (n *names) of(s string) int32 {
	if id, ok := n.id[s]; ok {
		return id
	}
	id := int32(len(n.text))
	n.id[s] = id
	n.text = append(n.text, s)
	return id
}

// none stands for no node, no span or no segment.
const none = int32(-1)

// leaf is a span as an assembler holds it.
type leaf struct {
	id, parent      uint64 // hashes; parent 0: none
	start, duration int64  // nanoseconds
	node, name      int32  // numbers of names
	peer            int32  // node that the span says it calls; none
	line            int32
	kind            telemetry.SpanKind
	failed          bool
}

func (l *leaf) end() int64 { return l.start + l.duration }

// maxOpen bounds the spans that wait for the rest of their traces.
const maxOpen = 300_000

// An assembler gathers spans into traces in bounded memory and hands each trace
// on once: when too many spans wait, the trace that began first is closed, so
// spans may come in order of time or of trace. Spans of a trace that was closed
// make a trace of their own.
type assembler struct {
	take  func(trace uint64, spans []leaf)
	open  map[uint64]*pending
	queue []uint64 // open traces by arrival; head is the next to close
	head  int
	free  []*pending
	held  int
	early int64 // traces closed before the end for want of room

	last    uint64 // the trace that was added to last
	pending *pending
}

type pending struct{ spans []leaf }

func newAssembler(take func(trace uint64, spans []leaf)) *assembler {
	return &assembler{take: take, open: map[uint64]*pending{}}
}

func (a *assembler) add(trace uint64, l leaf) {
	p := a.pending
	if p == nil || trace != a.last {
		if p = a.open[trace]; p == nil {
			p = a.fresh()
			a.open[trace] = p
			a.queue = append(a.queue, trace)
		}
		a.last, a.pending = trace, p
	}
	p.spans = append(p.spans, l)
	for a.held++; a.held > maxOpen; {
		a.early++
		a.closeOldest()
	}
}

func (a *assembler) fresh() *pending {
	if n := len(a.free); n > 0 {
		p := a.free[n-1]
		a.free = a.free[:n-1]
		return p
	}
	return &pending{}
}

func (a *assembler) closeOldest() {
	trace := a.queue[a.head]
	a.head++
	if a.head > 1024 && 2*a.head > len(a.queue) {
		a.queue = append(a.queue[:0], a.queue[a.head:]...)
		a.head = 0
	}
	p := a.open[trace]
	delete(a.open, trace)
	if p == a.pending {
		a.pending = nil
	}
	a.held -= len(p.spans)
	a.take(trace, p.spans)
	p.spans = p.spans[:0]
	a.free = append(a.free, p)
}

// flush closes all traces that are open.
func (a *assembler) flush() {
	for a.head < len(a.queue) {
		a.closeOldest()
	}
}

// forest is one trace taken apart: whose child each span is, and to which
// segment it belongs. A segment is one entry of a node: the span that entered
// it and all below until the next node. Its number is the index of its first
// span.
type forest struct {
	index   map[uint64]int32
	parent  []int32 // index of the parent; none
	segment []int32 // index of the segment's first span
	child   []int32 // first child; none
	next    []int32 // next child of the same parent; none
}

// build takes spans apart. The forest is valid until the next build.
func (f *forest) build(spans []leaf) {
	if f.index == nil {
		f.index = map[uint64]int32{}
	}
	clear(f.index)
	n := len(spans)
	f.parent, f.segment = resize(f.parent, n), resize(f.segment, n)
	f.child, f.next = resize(f.child, n), resize(f.next, n)
	for i := range spans {
		f.index[spans[i].id] = int32(i)
	}
	for i := n - 1; i >= 0; i-- {
		p, ok := f.index[spans[i].parent]
		if !ok || spans[i].parent == 0 || p == int32(i) {
			f.parent[i] = none
			continue
		}
		f.parent[i] = p
		f.next[i] = f.child[p]
		f.child[p] = int32(i)
	}
	for i := range spans {
		f.settle(spans, int32(i))
	}
}

// settle finds the segment of span i, walking up to one that is known. A walk
// longer than the trace is a cycle of parents, which is cut.
func (f *forest) settle(spans []leaf, i int32) {
	at, steps := i, 0
	for f.segment[at] == none {
		p := f.parent[at]
		if p == none || steps > len(spans) || enters(&spans[p], &spans[at]) {
			f.segment[at] = at
			break
		}
		at = p
		steps++
	}
	seg := f.segment[at]
	for at = i; f.segment[at] == none; at = f.parent[at] {
		f.segment[at] = seg
	}
}

// enters reports whether a call from parent to child enters a node.
func enters(parent, child *leaf) bool {
	return parent.node != child.node ||
		parent.kind == telemetry.ClientSpan && child.kind == telemetry.ServerSpan
}

func resize(x []int32, n int) []int32 {
	if cap(x) < n {
		x = make([]int32, n, 2*n)
	}
	x = x[:n]
	for i := range x {
		x[i] = none
	}
	return x
}
