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
	take   func(trace uint64, spans []leaf) // spans are valid until it returns
	open   map[uint64]int                   // open traces, by their place in order of arrival
	queue  []waiting                        // in that order
	before int                              // traces that were in the queue and are not any more
	head   int                              // of the queue: the next to close
	last   int                              // place of the trace that was added to last
	store  [][]link
	free   int32 // a link that is in no trace, and so on by next; none
	held   int
	whole  []leaf // of the trace that is closed
	early  int64  // traces closed before the end for want of room
}

// waiting is a trace whose spans are gathered.
type waiting struct {
	trace       uint64
	first, last int32 // its spans, in the store; first none: there are none yet
}

// link is a span in the store, with the next one of its trace.
type link struct {
	leaf
	next int32
}

// linkBlock is how many links are allocated at once.
const linkBlock = 1024

func newAssembler(take func(trace uint64, spans []leaf)) *assembler {
	return &assembler{take: take, open: map[uint64]int{}, free: none, last: -1}
}

func (a *assembler) add(trace uint64, l leaf) {
	w := a.waiting(trace)
	i := a.put(l)
	if w.first == none {
		w.first = i
	} else {
		a.at(w.last).next = i
	}
	w.last = i
	for a.held++; a.held > maxOpen; {
		a.early++
		a.closeOldest()
	}
}

// waiting is a trace that is open, or is from now on.
func (a *assembler) waiting(trace uint64) *waiting {
	if i := a.last - a.before; i >= a.head && a.queue[i].trace == trace {
		return &a.queue[i]
	}
	place, ok := a.open[trace]
	if !ok {
		place = a.before + len(a.queue)
		a.open[trace] = place
		a.queue = append(a.queue, waiting{trace: trace, first: none})
	}
	a.last = place
	return &a.queue[place-a.before]
}

func (a *assembler) at(i int32) *link { return &a.store[i/linkBlock][i%linkBlock] }

// put finds room for a span.
func (a *assembler) put(l leaf) int32 {
	if a.free == none {
		block, from := make([]link, linkBlock), int32(len(a.store)*linkBlock)
		for i := range block {
			block[i].next = from + int32(i) + 1
		}
		block[linkBlock-1].next = none
		a.store, a.free = append(a.store, block), from
	}
	i := a.free
	to := a.at(i)
	a.free = to.next
	*to = link{l, none}
	return i
}

func (a *assembler) closeOldest() {
	w := a.queue[a.head]
	a.head++
	if a.head > 1024 && 2*a.head > len(a.queue) {
		a.queue = append(a.queue[:0], a.queue[a.head:]...)
		a.before += a.head
		a.head = 0
	}
	delete(a.open, w.trace)
	a.whole = a.whole[:0]
	for i := w.first; i != none; i = a.at(i).next {
		a.whole = append(a.whole, a.at(i).leaf)
	}
	a.held -= len(a.whole)
	a.at(w.last).next, a.free = a.free, w.first
	a.take(w.trace, a.whole)
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
