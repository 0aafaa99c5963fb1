package data

import (
	"math"

	"triagent/evidence"
	"triagent/incident"
	"triagent/telemetry"
)

// Weights of what happens in the segments of an entry: what vanishes from an
// operation, or an error that its own code writes, is the operation's own
// doing; a call that is not made may be the fault of what came before it.
const (
	weighGone    = 1.0
	weighError   = 1.0
	weighNewLine = .7
	weighNewSpan = .5
	weighCall    = .5
)

// Shares that count as never and always.
const (
	never  = .05
	always = .95
)

// frameworkServices is how many services write a line that is no service's own.
const frameworkServices = 3

// occurrence is an event that became more or less usual in the segments of an
// entry.
type occurrence struct {
	ev     *event
	change change
	times  int     // it is about happening at least so often
	score  float64 // K; a healthy window tops out about 5
	error  bool    // a new ERROR line of the service's own code
}

// occurrences judges every event by its share of the segments of its entry.
func (m *model) occurrences(lines *lineTable) []occurrence {
	bins := m.g.bins()
	k, n := make([]int32, bins), make([]int32, bins)
	spread, heard := m.spread(lines), m.heard()
	var out []occurrence
	for _, ev := range m.evSeq {
		e := m.entries[ev.entry]
		if ev.ofLine() && !heard {
			continue
		}
		best := occurrence{}
		for times := range ev.count {
			if m.steady(&ev.count[times], e) {
				continue
			}
			c := m.g.share(ev.count[times].counts(k), e.count.counts(n))
			if !c.known || c.sd < 1 {
				continue
			}
			o := occurrence{ev: ev, change: c, times: times + 1}
			weight := m.weigh(&o, lines, spread)
			o.score = c.sd * math.Sqrt(math.Sqrt(math.Abs(c.level-c.normal))) * weight
			if o.score > best.score {
				best = o
			}
		}
		if best.ev != nil {
			out = append(out, best)
		}
	}
	return out
}

// heard reports whether any line stood in a segment of the baseline. Where none
// did, on no node, they were not recorded, and that there are some now is no news.
func (m *model) heard() bool {
	for _, ev := range m.evSeq {
		if ev.ofLine() && ev.count[0].outside(m.g) > 0 {
			return true
		}
	}
	return false
}

// weigh is the weight of an occurrence; it notes whether it is an error line of
// the service's own.
func (m *model) weigh(o *occurrence, lines *lineTable, spread map[int32]int) float64 {
	switch {
	case o.ev.kind == callEvent:
		return weighCall
	case !o.change.up:
		return weighGone
	case o.ev.kind == lineEvent:
		cell := m.cellOf(o.ev, lines)
		if cell != nil && cell.level >= telemetry.Error && spread[o.ev.what] < frameworkServices {
			o.error = true
			return weighError
		}
		return weighNewLine
	case o.ev.kind == classEvent:
		return weighNewLine
	}
	return weighNewSpan
}

// cellOf counts the lines of an event on its node.
func (m *model) cellOf(ev *event, lines *lineTable) *lineCell {
	return lines.cells[m.lineNode(m.entries[ev.entry].node, lines)][ev.what]
}

// lineNode is the number that a node has among those that log.
func (m *model) lineNode(node int32, lines *lineTable) int32 {
	return lines.nodes.id[m.nodes.text[node]]
}

// steady reports, cheaply, that an event happened as often as ever: in all
// segments, or in a share that moved by less than a hundredth.
func (m *model) steady(count *cell, e *entry) bool {
	g := m.g
	kw, nw := count.sum(g.search, g.stop), e.count.sum(g.search, g.stop)
	if nw == 0 {
		return true
	}
	kb := count.sum(0, g.search) + count.sum(g.stop, g.bins())
	nb := e.count.sum(0, g.search) + e.count.sum(g.stop, g.bins())
	return nb > 0 && (kw == nw && kb == nb || kw == 0 && kb == 0)
}

// spread counts the services that write each template.
func (m *model) spread(lines *lineTable) map[int32]int {
	by := map[pair]bool{}
	out := map[int32]int{}
	if lines == nil {
		return out
	}
	for n, cells := range lines.cells {
		node := m.node(incident.NodeID(lines.nodes.text[n]), "")
		service := -1 - node
		if s := m.service[node]; s != none {
			service = s
		}
		for id := range cells {
			if k := (pair{service, id}); !by[k] {
				by[k] = true
				out[id]++
			}
		}
	}
	return out
}

// eventsPerNode is how many events of a node become evidence, and weakEvent the
// least score of one.
const (
	eventsPerNode = 5
	weakEvent     = 1.5
)

// eventEvidence turns the strongest events of each node into evidence.
func (m *model) eventEvidence(lines *lineTable) []incident.Evidence {
	var out []incident.Evidence
	for _, o := range m.occurrences(lines) {
		if o.score < weakEvent {
			continue
		}
		out = append(out, m.eventFor(o, lines))
	}
	return strongest(out, eventsPerNode)
}

func (m *model) eventFor(o occurrence, lines *lineTable) incident.Evidence {
	e, c := m.entries[o.ev.entry], o.change
	ev := incident.Evidence{
		Kind: incident.Trace, Node: m.nodeID(e.node), Signal: "code.event", Score: o.score,
		Window: m.g.window(c.start), Onset: m.g.onset(c.lo, c.hi), Direction: o.direction(),
	}
	switch {
	case o.error:
		ev.Signal = "code.error_line"
	case !c.up && o.ev.kind != callEvent:
		ev.Signal = "code.line_gone"
	}
	if o.ev.ofLine() {
		m.wordLine(&ev, o, lines)
	} else {
		m.wordSpan(&ev, o)
	}
	return ev
}

// direction says how a share moved.
func (o *occurrence) direction() incident.Direction {
	c := o.change
	switch {
	case c.up && c.normal < never && o.times == 1:
		return incident.New
	case !c.up && c.level < never && o.times == 1:
		return incident.Gone
	case c.up:
		return incident.Up
	}
	return incident.Down
}

// wordLine words an event that is a log line.
func (m *model) wordLine(ev *incident.Evidence, o occurrence, lines *lineTable) {
	e := m.entries[o.ev.entry]
	node, template := m.lineNode(e.node, lines), o.ev.what
	if o.ev.kind == classEvent {
		template = m.classes.telling(o.ev.what, lines.cells[node], m.g, o.change.start)
	}
	cell, counts, file := lines.cells[node][template], lines.like(node, template), lines.file[node]
	ev.Kind = incident.Log
	ev.Name = lines.template(template)
	ev.Source = incident.Source{File: file, Line: cell.first.from(o.change.start)}
	if ev.Direction == incident.Gone || ev.Source.Line == 0 {
		ev.Source.Line = cell.lastLine(m.g)
	}
	c := say("code.line_"+string(ev.Direction), "node", string(ev.Node), "operation", m.ops.text[e.op],
		"line", ev.Name, "level", cell.level.String()).
		count("before", counts.outside(m.g), records(file, ev.Name, "", m.g.usual()...)).
		count("after", counts.sum(o.change.start, m.g.stop), records(file, ev.Name, "", ev.Window))
	m.wordCalls(c, e, o.change)
	ev.Text, ev.Numbers = c.text, c.numbers
}

// wordCalls adds how many spans of the entry's operation there were.
func (m *model) wordCalls(c *claim, e *entry, ch change) {
	entry := m.plainOp(e.node, e.op)
	sel := m.selector(entry)
	c.count("calls_before", entry.count.outside(m.g), spans(evidence.SpanCount, m.file, sel, "", m.g.usual()...)).
		count("calls", entry.count.sum(ch.start, m.g.stop), spans(evidence.SpanCount, m.file, sel, "", m.g.window(ch.start)))
}

// wordSpan words an event that is a span: of the node itself, or of the one it
// calls.
func (m *model) wordSpan(ev *incident.Evidence, o occurrence) {
	e := m.entries[o.ev.entry]
	ev.Name = m.ops.text[o.ev.what]
	key, owner := "code.span_", m.plainOp(e.node, o.ev.what)
	pairs := []string{"node", string(ev.Node), "operation", m.ops.text[e.op], "span", ev.Name}
	if o.ev.kind == callEvent {
		key = "code.call_"
		owner = m.calledOp(e.node, o.ev)
		if owner != nil {
			ev.Peer = m.nodeID(owner.node)
			pairs = append(pairs, "peer", string(ev.Peer))
		}
	}
	if owner == nil {
		owner = m.plainOp(e.node, e.op)
	}
	ev.Source = incident.Source{File: m.file, Line: owner.first.from(o.change.start)}
	if ev.Direction == incident.Gone || ev.Source.Line == 0 {
		ev.Source.Line = owner.lastLine(m.g)
	}
	sel := m.selector(owner)
	c := say(key+string(ev.Direction), pairs...).
		count("before", owner.count.outside(m.g), spans(evidence.SpanCount, m.file, sel, "", m.g.usual()...)).
		count("after", owner.count.sum(o.change.start, m.g.stop), spans(evidence.SpanCount, m.file, sel, "", ev.Window))
	m.wordCalls(c, e, o.change)
	ev.Text, ev.Numbers = c.text, c.numbers
}

// plainOp is the operation of a node, whatever peer its spans name.
func (m *model) plainOp(node, name int32) *op { return m.plain[pair{node, name}] }

// calledOp is the operation that an event of a call is about, at the node of
// the service called that records it most.
func (m *model) calledOp(from int32, ev *event) *op {
	var best *op
	for _, e := range m.edgeSeq {
		if e.from != from || e.op != ev.what || m.service[e.to] != ev.who || e.at == nil {
			continue
		}
		if best == nil || e.at.count.sum(0, m.g.bins()) > best.count.sum(0, m.g.bins()) {
			best = e.at
		}
	}
	return best
}
