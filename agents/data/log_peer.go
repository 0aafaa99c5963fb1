package data

import (
	"cmp"
	"maps"
	"slices"

	"triagent/incident"
	"triagent/telemetry"
)

// peerNames finds the nodes that a text names, by their ids and addresses.
type peerNames struct {
	node   map[string]int32
	length [256]bool // lengths of the names
	found  []int32
}

func newPeerNames(t incident.Topology, ids *names) *peerNames {
	p := &peerNames{node: map[string]int32{}}
	hosts := map[string]int{}
	for _, n := range t.Nodes {
		hosts[n.Host]++
	}
	for _, n := range t.Nodes {
		id := ids.of(string(n.ID))
		p.put(string(n.ID), id)
		if hosts[n.Host] == 1 { // a host that several nodes share names none of them
			p.put(n.Host, id)
		}
	}
	return p
}

func (p *peerNames) put(name string, node int32) {
	if len(name) < 3 || len(name) >= len(p.length) {
		return
	}
	p.node[name] = node
	p.length[len(name)] = true
}

// find returns the nodes other than self that text names, each once, in order.
// The slice is valid until the next call.
func (p *peerNames) find(text []byte, self int32) []int32 {
	p.found = p.found[:0]
	if len(p.node) == 0 {
		return nil
	}
	for i := 0; i < len(text); {
		if !nameByte(text[i]) {
			i++
			continue
		}
		from := i
		for i < len(text) && nameByte(text[i]) {
			i++
		}
		to := i
		for to > from && text[to-1] == '.' {
			to--
		}
		if to-from >= len(p.length) || !p.length[to-from] {
			continue
		}
		if n, ok := p.node[string(text[from:to])]; ok && n != self && !slices.Contains(p.found, n) {
			p.found = append(p.found, n)
		}
	}
	return p.found
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c == '.' || c == '-' || c == '_'
}

// complaintKey is who is named in warnings and errors, and by whom.
type complaintKey struct{ about, by int32 }

type complaint struct {
	cell
	first places // records in the search
	level telemetry.Level
}

func (l *lineTable) complain(k complaintKey, bin int, level telemetry.Level, r *telemetry.Record, searching bool) {
	c := l.told[k]
	if c == nil {
		c = &complaint{}
		l.told[k] = c
		l.seen = append(l.seen, k)
	}
	c.add(bin, l.g.bins())
	c.level = max(c.level, level)
	if searching {
		c.first.add(bin, int32(r.Line))
	}
}

// mostNamed is the node that at least half of a cell's records name; none if
// there is no such node.
func (c *lineCell) mostNamed() int32 {
	best, top, all := none, 0, 0
	for _, p := range sortedKeys(c.named) {
		all += c.named[p]
		if c.named[p] > top {
			best, top = p, c.named[p]
		}
	}
	if 2*top < all {
		return none
	}
	return best
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
