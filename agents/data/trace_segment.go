package data

import (
	"math"
	"slices"
)

type interval struct{ from, to int64 }

// take measures one whole trace.
func (m *model) take(trace uint64, spans []leaf) {
	f := &m.forest
	f.build(spans)
	base := m.segments
	m.segments += int32(len(spans)) // segment of span i is numbered base + segment[i]
	for i := range spans {
		if f.segment[i] == int32(i) {
			m.enter(trace, &spans[i], base+int32(i))
		}
	}
	m.order = m.order[:0]
	for i := range spans {
		m.order = append(m.order, int32(i))
	}
	if !slices.IsSorted(f.segment) {
		slices.SortStableFunc(m.order, func(a, b int32) int { return order(f.segment[a], f.segment[b]) })
	}
	for _, i := range m.order {
		m.span(spans, i, base)
	}
}

// enter counts a segment.
func (m *model) enter(trace uint64, l *leaf, segment int32) {
	bin := m.g.bin(l.start, m.lastBin)
	if bin < 0 {
		return
	}
	e := m.entry(l.node, l.name)
	m.entries[e].count.add(bin, m.g.bins())
	if m.join != nil {
		m.join.segment(trace, l, e, int32(bin), segment)
	}
}

func (m *model) entry(node, op int32) int32 {
	quick := &m.recent.entries[mixed(node, op, 0)]
	if e := *quick; e != nil && e.node == node && e.op == op {
		return e.number
	}
	k := pair{node, op}
	e, ok := m.byEntry[k]
	if !ok {
		e = int32(len(m.entries))
		m.byEntry[k] = e
		m.entries = append(m.entries, &entry{node: node, op: op, number: e})
	}
	*quick = m.entries[e]
	return e
}

// span counts span i as an event of its segment and measures its own time or
// that of the call it makes.
func (m *model) span(spans []leaf, i, base int32) {
	f := &m.forest
	l := &spans[i]
	root := &spans[f.segment[i]]
	bin := m.g.bin(root.start, m.lastBin)
	if bin < 0 {
		return
	}
	e := m.entry(root.node, root.name)
	segment := base + f.segment[i]
	if m.join != nil {
		m.join.span(l.id, segment)
	}
	if f.segment[i] != i {
		m.happen(eventKey{e, innerEvent, l.name, none}, bin, segment)
	}
	local, outer := 0, none
	crossed := 0
	for c := f.child[i]; c != none; c = f.next[c] {
		if f.segment[c] != c {
			local++
			continue
		}
		crossed++
		outer = c
		m.happen(eventKey{e, callEvent, spans[c].name, m.service[spans[c].node]}, bin, segment)
	}
	switch {
	case crossed == 1 && local == 0:
		m.call(l, &spans[outer], bin)
	case crossed == 0 && local == 0 && m.callee(l) != none:
		m.blindCall(l, m.callee(l), bin)
	default:
		o := m.op(opKey{l.node, l.name, l.peer})
		if o.self == nil {
			o.self = newMoments(m.g.bins())
		}
		o.self.add(bin, math.Log1p(float64(m.own(spans, i))/1e6))
	}
}

// happen counts an event. The events of a segment come one after another.
func (m *model) happen(k eventKey, bin int, segment int32) {
	quick := &m.recent.events[mixed(k.entry<<2|int32(k.kind), k.what, k.who)]
	ev := *quick
	if ev == nil || ev.eventKey != k {
		if ev = m.events[k]; ev == nil {
			ev = &event{eventKey: k, last: none}
			m.events[k] = ev
			m.evSeq = append(m.evSeq, ev)
		}
		*quick = ev
	}
	if ev.last != segment {
		ev.last, ev.times = segment, 0
	}
	if ev.times < mostTimes {
		ev.count[ev.times].add(bin, m.g.bins())
		ev.times++
	}
}

// own is the time of a span that no child of it covers, in nanoseconds.
func (m *model) own(spans []leaf, i int32) int64 {
	l := &spans[i]
	m.scratch = m.scratch[:0]
	for c := m.forest.child[i]; c != none; c = m.forest.next[c] {
		iv := interval{max(spans[c].start, l.start), min(spans[c].end(), l.end())}
		if iv.from < iv.to {
			m.scratch = append(m.scratch, iv)
		}
	}
	slices.SortFunc(m.scratch, func(a, b interval) int {
		switch {
		case a.from < b.from:
			return -1
		case a.from > b.from:
			return 1
		}
		return 0
	})
	own, at := l.duration, l.start
	for _, iv := range m.scratch {
		if from := max(iv.from, at); from < iv.to {
			own -= iv.to - from
			at = iv.to
		}
	}
	return max(0, own)
}

// call measures a call that was seen from both sides.
func (m *model) call(client, server *leaf, bin int) {
	m.servers = true
	e := m.edge(edgeKey{client.node, server.node, server.name})
	e.pure = true
	e.client = m.op(opKey{client.node, client.name, client.peer})
	e.at = m.op(opKey{server.node, server.name, server.peer})
	e.net.add(bin, math.Log1p(float64(max(0, client.duration-server.duration))/1e6))
	m.keep(&e.whole, bin, float64(client.duration)/1e6)
}

// blindCall measures a call whose other side recorded nothing.
func (m *model) blindCall(client *leaf, to int32, bin int) {
	e := m.edge(edgeKey{client.node, to, client.name})
	e.client = m.op(opKey{client.node, client.name, client.peer})
	e.net.add(bin, math.Log1p(float64(client.duration)/1e6))
	m.keep(&e.whole, bin, float64(client.duration)/1e6)
}

func (m *model) edge(k edgeKey) *edge {
	quick := &m.recent.edges[mixed(k.from, k.to, k.op)]
	if e := *quick; e != nil && e.edgeKey == k {
		return e
	}
	e := m.edges[k]
	if e == nil {
		e = &edge{edgeKey: k, net: newMoments(m.g.bins())}
		m.edges[k] = e
		m.edgeSeq = append(m.edgeSeq, e)
	}
	*quick = e
	return e
}
