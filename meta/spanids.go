package meta

import (
	"hash/maphash"
	"math/bits"

	"triagent/incident"
	"triagent/telemetry"
)

// callSpans gathers on which node each span ran, until all are read: a parent may
// come after its children. The zero callSpans is empty.
type callSpans struct {
	numbers telemetry.Numbers         // of the nodes
	known   map[incident.NodeID]int32 // number by node
	nodes   []incident.NodeID         // by number
	service []string                  // by node, the smallest that spans name, so that order does not matter
	ran     [][]ranSpan               // by block
	count   int
	most    int // nodes that are numbered; 0: any number
	left    int // spans of other nodes
}

// ranSpan is the hashes of a span's ID and of its parent's (0: none), with the
// number of its node.
type ranSpan struct {
	id, parent uint64
	node       int32
}

// call is from whom to whom, by number.
type call struct{ from, to int32 }

// read is how many spans were taken in.
func (c *callSpans) read() int { return c.count }

// add takes spans in.
func (c *callSpans) add(b *telemetry.Block) {
	numbers := c.numbers.Of(b)
	ran := make([]ranSpan, 0, len(b.Marks))
	for i := range b.Marks {
		m := &b.Marks[i]
		n := numbers[m.Node]
		if n == telemetry.Unnumbered {
			if n = c.number(incident.NodeID(b.Texts[m.Node])); n == telemetry.Unnumbered {
				c.left++
				continue
			}
			numbers[m.Node] = n
		}
		if s := b.Texts[m.Service]; s != "" && (s < c.service[n] || c.service[n] == "") {
			c.service[n] = s
		}
		ran = append(ran, ranSpan{m.Span, m.Parent, n})
	}
	c.ran = append(c.ran, ran)
	c.count += len(b.Marks)
}

// number is that of a node, Unnumbered if there are too many.
func (c *callSpans) number(id incident.NodeID) int32 {
	n, ok := c.known[id]
	if !ok {
		if c.most > 0 && len(c.nodes) >= c.most {
			return telemetry.Unnumbered
		}
		n = int32(len(c.nodes))
		c.nodes, c.service = append(c.nodes, id), append(c.service, "")
		if c.known == nil {
			c.known = map[incident.NodeID]int32{}
		}
		c.known[id] = n
	}
	return n
}

// calls counts the spans whose parent ran on another node, by both nodes.
func (c *callSpans) calls() map[call]int {
	table := newSpanTable(c.count)
	for _, ran := range c.ran {
		for i := range ran {
			table.put(ran[i].id, ran[i].node)
		}
	}
	out := map[call]int{}
	for _, ran := range c.ran {
		for i := range ran {
			s := &ran[i]
			if s.parent == 0 {
				continue
			}
			if from := table.node(s.parent); from >= 0 && from != s.node {
				out[call{from, s.node}]++
			}
		}
	}
	return out
}

// spanTable tells on which node a span ran: a table of open addresses, which costs
// a third of what a map does. What was told last of an ID holds.
//
// Source: linear probing, Knuth, "The Art of Computer Programming" 3, section 6.4,
// algorithm L. The address is a hash that differs from process to process: IDs come
// from outside, and may have been chosen to meet in one place.
type spanTable []slot

// slot is a span ID with the number of a node; -1: the slot is free.
type slot struct {
	id   uint64
	node int32
}

// newSpanTable returns a table for up to n IDs: a quarter of it stays free.
func newSpanTable(n int) spanTable {
	t := make(spanTable, 1<<bits.Len(uint(n+n/3)))
	for i := range t {
		t[i].node = -1
	}
	return t
}

// put tells where a span ran.
func (t spanTable) put(id uint64, node int32) { *t.slot(id) = slot{id, node} }

// node returns where a span ran; -1: it is not known.
func (t spanTable) node(id uint64) int32 { return t.slot(id).node }

// slot is that of an ID, or the free one where it belongs.
func (t spanTable) slot(id uint64) *slot {
	mask := uint64(len(t) - 1)
	hi, lo := bits.Mul64(id^tableSeed, tableOdd)
	for i := (hi ^ lo) & mask; ; i = (i + 1) & mask {
		if s := &t[i]; s.node < 0 || s.id == id {
			return s
		}
	}
}

var (
	tableSeed = maphash.Comparable(maphash.MakeSeed(), 0)
	tableOdd  = maphash.Comparable(maphash.MakeSeed(), 0) | 1
)
