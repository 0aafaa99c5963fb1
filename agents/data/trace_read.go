package data

import (
	"math"
	"strconv"
	"strings"

	"triagent/incident"
	"triagent/telemetry"
)

// add takes spans in; call it for every block, then flush the assembler.
func (m *model) add(a *assembler, b *telemetry.Block) {
	m.file = b.File
	t := texts{b, m.nodeNumbers.Of(b), m.opNumbers.Of(b)}
	for i := range b.Marks {
		m.addSpan(a, &t, &b.Marks[i])
	}
}

// texts are the texts of a block, with the numbers that the model has for them.
type texts struct {
	*telemetry.Block
	node, op []int32
}

func (m *model) addSpan(a *assembler, t *texts, s *telemetry.Mark) {
	m.read++
	node := m.spanNode(t, s)
	if node == none {
		m.crowd++
		return
	}
	peer, text := m.peer(t, s)
	l := leaf{
		id: s.Span, parent: s.Parent, start: s.Start, duration: s.Duration,
		node: node, name: m.spanName(t, s), peer: peer, line: s.Line, kind: s.Kind, failed: s.Failed,
	}
	bin := m.g.bin(s.Start, m.lastBin)
	if bin >= 0 {
		m.lastBin = bin
		m.total.add(bin, m.g.bins())
		o := m.op(opKey{node, l.name, peer})
		o.peerText = text
		m.measure(o, &l, bin)
		if peer != none {
			m.attributes(o, t, s, bin)
		}
	} else {
		m.outside++
	}
	if l.id == 0 { // a span that nobody can be the child of
		l.id = uint64(m.read)
	}
	trace := s.Trace
	if trace == 0 {
		trace = uint64(m.read)
	}
	a.add(trace, l)
}

// spanNode numbers the node of a span and remembers its service; none if there are
// too many nodes.
func (m *model) spanNode(t *texts, s *telemetry.Mark) int32 {
	n := t.node[s.Node]
	if n == telemetry.Unnumbered || m.service[n] == none && s.Service != 0 {
		if n = m.stranger(incident.NodeID(t.Texts[s.Node]), t.Texts[s.Service]); n != none {
			t.node[s.Node] = n
		}
	}
	return n
}

// spanName numbers the operation of a span.
func (m *model) spanName(t *texts, s *telemetry.Mark) int32 {
	n := t.op[s.Name]
	if n == telemetry.Unnumbered {
		n = m.operation(t.Texts[s.Name])
		t.op[s.Name] = n
	}
	return n
}

// measure counts a span and keeps its duration.
func (m *model) measure(o *op, l *leaf, bin int) {
	o.count.add(bin, m.g.bins())
	ms := float64(l.duration) / 1e6
	o.whole.add(bin, math.Log1p(ms))
	m.keep(&o.durations, bin, ms)
	if l.failed {
		o.fail.add(bin, m.g.bins())
	}
	if !m.g.searching(bin) {
		o.lastBase = l.line
		return
	}
	o.first.add(bin, l.line)
	if l.failed {
		o.failed.add(bin, l.line)
	}
	o.slow.add(bin, l.line, l.duration)
}

// keep adds a duration to a list, unless there are too many in all.
func (m *model) keep(to *samples, bin int, ms float64) {
	if m.samples < maxSamples {
		m.samples++
		*to = append(*to, sample{int32(bin), float32(ms)})
	}
}

// attributes adds up what a client span says of the size of its call, and the
// shape of its statement.
func (m *model) attributes(o *op, t *texts, s *telemetry.Mark, bin int) {
	list := t.Attributes[s.Attributes]
	for i := range list {
		k, v := list[i].Key, list[i].Value
		if v == "" || v[0] < '0' || v[0] > '9' || !sizes[sizeOf(k)] {
			continue
		}
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || f < 0 {
			continue
		}
		if o.attributes == nil {
			o.attributes = map[string]*moments{}
		}
		if o.attributes[k] == nil {
			if len(o.attributes) == mostAttributes {
				continue
			}
			o.attributes[k] = newMoments(m.g.bins())
		}
		o.attributes[k].add(bin, f)
	}
	if text := statement(list); text != "" {
		if o.shapes == nil {
			o.shapes = newShapes()
		}
		o.shapes.add(text, bin, m.g, s)
	}
}

// mostAttributes bounds the sizes that an operation tells: a key beyond holds an
// identifier.
const mostAttributes = 32

// sizeOf is the last word of an attribute's name: "bytes" of
// "db.response_bytes", "size" of "http.response.body.size".
func sizeOf(attribute string) string {
	return attribute[strings.LastIndexAny(attribute, "._")+1:]
}

// sizes are the last words of attributes that say how much work a call was.
var sizes = map[string]bool{
	"bytes": true, "size": true, "rows": true, "count": true, "length": true, "points": true, "messages": true,
}

// statement is the text of the statement that a client span ran.
func statement(attributes []telemetry.Attribute) (text string) {
	for i := range attributes {
		switch a := &attributes[i]; {
		case a.Key == "db.query.text" && a.Value != "":
			return a.Value
		case a.Key == "db.statement":
			text = a.Value
		}
	}
	return text
}

// callee finds the node whose service an operation's name names, for calls to
// nodes that record no spans of their own.
func (m *model) callee(l *leaf) int32 {
	if l.peer != none {
		return l.peer
	}
	n, ok := m.byName[l.name]
	if !ok {
		n = m.nameMatch(m.ops.text[l.name])
		m.byName[l.name] = n
	}
	if n != none && m.service[n] == m.service[l.node] {
		return none
	}
	return n
}

// minService is the length of the shortest service name that is looked for in
// operation names: shorter ones are found by accident.
const minService = 6

func (m *model) nameMatch(operation string) int32 {
	text := letters(operation)
	best, length := none, minService-1
	for s, n := range m.known {
		key := letters(s)
		if len(key) > length && strings.Contains(text, key) || len(key) == length && best != none && n < best && strings.Contains(text, key) {
			best, length = n, len(key)
		}
	}
	return best
}

// letters keeps the letters and digits of s, in lower case.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, s)
}
