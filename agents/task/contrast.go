package task

import (
	"math"
	"slices"

	"triagent/incident"
	"triagent/knowledge"
)

// seenFrom is a signal as nodes show it themselves, or, if peer, as others see it.
type seenFrom struct {
	signal incident.Signal
	peer   bool
}

// crowd is what has to be known of all nodes to compare one with them, so that
// comparing each takes no time that grows with their number.
type crowd struct {
	place map[incident.NodeID]int  // by node, its place in the list of nodes
	able  map[seenFrom]int         // how many nodes a signal is measured at
	two   map[move][2]*topSighting // the two that stand out most, best first; nil: none
}

// topSighting is a sighting and whose it is.
type topSighting struct {
	*sighting
	node incident.NodeID
}

// gather fills the crowd and works out what stands out in it.
func (b *board) gather() {
	b.crowd = crowd{place: make(map[incident.NodeID]int, len(b.nodes)), able: map[seenFrom]int{}, two: map[move][2]*topSighting{}}
	for i, n := range b.nodes {
		b.crowd.place[n] = i
	}
	for o := range b.observed {
		if _, ok := b.crowd.place[o.place.about]; ok {
			b.crowd.able[seenFrom{o.signal, o.place.peer}]++
		}
	}
	for m, places := range b.sights {
		b.contrast(m, places, false)
		b.contrast(m, places, true)
		b.crowd.two[m] = b.topTwo(places)
	}
}

// contrast says for each place how much a move stands out: its share of the
// strongest, less the more nodes show it just as strongly: what all nodes show
// alike names none of them, unless the signal is telling by itself. With n places
// it takes n log n steps.
func (b *board) contrast(m move, places map[place]*sighting, peer bool) {
	var all []float64 // strengths at the nodes, ascending
	for p, s := range places {
		if _, ok := b.crowd.place[p.about]; ok && p.peer == peer {
			all = append(all, s.strength)
		}
	}
	slices.Sort(all)
	below := make([]float64, len(all)+1) // sums of the weakest
	for i, v := range all {
		below[i+1] = below[i] + v
	}
	able := b.crowd.able[seenFrom{m.signal, peer}]
	info, _ := b.base.Signal(m.signal)
	for p, s := range places {
		if p.peer != peer || s.strength == 0 {
			continue
		}
		top := s.strength
		if len(all) > 0 {
			top = math.Max(top, all[len(all)-1])
		}
		share := s.strength / top
		s.contrast = share * share
		if able > 1 && !info.Specific {
			weaker, _ := slices.BinarySearch(all, s.strength)
			alike := float64(len(all)-weaker) + below[weaker]/s.strength // each its share of s, at most 1
			s.contrast *= 0.25 + 0.75*math.Log(float64(able)/math.Max(1, alike))/math.Log(float64(able))
		}
	}
}

// topTwo finds the two nodes that stand out most by what they show themselves; of
// equal ones, those that come first in the list of nodes.
func (b *board) topTwo(places map[place]*sighting) [2]*topSighting {
	var two [2]*topSighting
	beats := func(s *topSighting, o *topSighting) bool {
		if o == nil || s.value() != o.value() {
			return o == nil || s.value() > o.value()
		}
		return b.crowd.place[s.node] < b.crowd.place[o.node]
	}
	for p, s := range places {
		if _, ok := b.crowd.place[p.about]; !ok || p.peer {
			continue
		}
		switch c := (&topSighting{s, p.about}); {
		case beats(c, two[0]):
			two[0], two[1] = c, two[0]
		case beats(c, two[1]):
			two[1] = c
		}
	}
	return two
}

// elsewhere returns what stands out most of a move at any node but one, nil if
// none shows it.
func (b *board) elsewhere(m move, but incident.NodeID) *sighting {
	for _, t := range b.crowd.two[m] {
		if t != nil && t.node != but {
			return t.sighting
		}
	}
	return nil
}

// measuredElsewhere reports whether a signal is measured at any node but one.
func (b *board) measuredElsewhere(s incident.Signal, but incident.NodeID) bool {
	n := b.crowd.able[seenFrom{s, false}]
	if _, ok := b.crowd.place[but]; ok && b.observed[observedAt{s, place{about: but}}] {
		n--
	}
	return n > 0
}

// around lists the nodes at a place relative to node, other than all.
func (b *board) around(node incident.NodeID, where knowledge.Where) []incident.NodeID {
	if where == knowledge.Replicas {
		return b.replicas[node]
	}
	return []incident.NodeID{node}
}
