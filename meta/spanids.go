package meta

import "triagent/incident"

// spanIDs tells on which node a span ran, by the hash of its ID: a table of open
// addresses, which costs a third of what a map does. The zero spanIDs is empty.
//
// Source: linear probing, Knuth, "The Art of Computer Programming" 3, section 6.4,
// algorithm L. Hashes are well mixed, so their low bits are the address.
type spanIDs struct {
	slots []spanSlot
	used  int
	nodes []incident.NodeID // by number
	known map[incident.NodeID]int32
	last  int32 // number of the node that was put last
}

// spanSlot is an ID with the number of its node, from 1; 0: the slot is free.
type spanSlot struct {
	id   uint64
	node int32
}

// put tells where a span ran; what was told last of an ID holds.
func (t *spanIDs) put(id uint64, n incident.NodeID) {
	if 2*t.used >= len(t.slots) {
		t.grow()
	}
	s := t.slot(id)
	if s.node == 0 {
		t.used++
	}
	*s = spanSlot{id, t.number(n)}
}

// node returns where a span ran.
func (t *spanIDs) node(id uint64) (incident.NodeID, bool) {
	if t.used == 0 {
		return "", false
	}
	s := t.slot(id)
	if s.node == 0 {
		return "", false
	}
	return t.nodes[s.node-1], true
}

// slot is that of an ID, or the free one where it belongs: half of the slots are
// free.
func (t *spanIDs) slot(id uint64) *spanSlot {
	mask := uint64(len(t.slots) - 1)
	for i := id & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.node == 0 || s.id == id {
			return s
		}
	}
}

func (t *spanIDs) grow() {
	old := t.slots
	t.slots = make([]spanSlot, max(1024, 4*len(old)))
	for _, s := range old {
		if s.node != 0 {
			*t.slot(s.id) = s
		}
	}
}

func (t *spanIDs) number(n incident.NodeID) int32 {
	if t.last > 0 && t.nodes[t.last-1] == n {
		return t.last
	}
	i, ok := t.known[n]
	if !ok {
		t.nodes = append(t.nodes, n)
		if i = int32(len(t.nodes)); t.known == nil {
			t.known = map[incident.NodeID]int32{}
		}
		t.known[n] = i
	}
	t.last = i
	return i
}
