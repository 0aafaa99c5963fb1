package task

import (
	"math"
	"slices"

	"triagent/agents"
	"triagent/incident"
	"triagent/knowledge"
)

// The scale of scores. A healthy window tops out about usual robust standard
// deviations in one of its signals; strength is logarithmic above it, so that a
// change a hundred times the usual is not a hundred times the reason, and ends
// at full.
const (
	usual = 6.0
	full  = 5.0
)

// move is a signal that moved one way at a place.
type move struct {
	signal incident.Signal
	dir    incident.Direction
}

// place is where evidence points: a node, seen by itself (from empty) or by
// others.
type place struct {
	about incident.NodeID
	peer  bool // seen by others
}

// sighting is the strongest evidence of a move at a place.
type sighting struct {
	strength float64 // 0..full
	contrast float64 // 0..1: how much it stands out among the nodes
	cite     incident.EvidenceID
	onset    incident.Window
}

// board is all evidence, indexed by what moved and whom it is about.
type board struct {
	base     *knowledge.Base
	nodes    []incident.NodeID
	sights   map[move]map[place]*sighting
	observed map[observedAt]bool
}

type observedAt struct {
	signal incident.Signal
	place  place
}

// newBoard indexes the evidence of in. Evidence with a Peer counts as what
// others see of the peer, and not as the observer's own.
func newBoard(in agents.Input) *board {
	b := &board{base: in.Base, nodes: in.Nodes, sights: map[move]map[place]*sighting{}, observed: map[observedAt]bool{}}
	for _, o := range in.Seen {
		b.observed[observedAt{o.Signal, placeOf(o.Node, o.Peer)}] = true
	}
	for i := range in.Evidence {
		b.add(&in.Evidence[i])
	}
	for m, places := range b.sights {
		b.contrast(m, places)
	}
	return b
}

func placeOf(node, peer incident.NodeID) place {
	if peer != "" {
		return place{about: peer, peer: true}
	}
	return place{about: node}
}

func (b *board) add(e *incident.Evidence) {
	if e.Signal == "" || e.Node == "" {
		return
	}
	m := move{e.Signal, e.Direction}
	if b.sights[m] == nil {
		b.sights[m] = map[place]*sighting{}
	}
	p := placeOf(e.Node, e.Peer)
	b.observed[observedAt{e.Signal, p}] = true
	s := strength(e.Score)
	if old := b.sights[m][p]; old == nil || s > old.strength {
		b.sights[m][p] = &sighting{strength: s, cite: e.ID, onset: e.Onset}
	}
}

// strength is ln(1 + (score/usual)^2), at most full.
func strength(score float64) float64 {
	x := score / usual
	return math.Min(full, math.Log1p(x*x))
}

// contrast says for each place how much a move stands out: its share of the
// strongest, less the more nodes show it just as strongly. What all nodes show
// alike names none of them.
func (b *board) contrast(m move, places map[place]*sighting) {
	for p, s := range places {
		if s.strength == 0 {
			continue
		}
		top, alike, able := s.strength, 0.0, 0
		for _, n := range b.nodes {
			q := place{about: n, peer: p.peer}
			if b.observed[observedAt{m.signal, q}] {
				able++
			}
			if o := places[q]; o != nil {
				top = math.Max(top, o.strength)
				alike += math.Min(1, o.strength/s.strength)
			}
		}
		share := s.strength / top
		s.contrast = share * share
		if able > 1 {
			s.contrast *= 0.25 + 0.75*math.Log(float64(able)/math.Max(1, alike))/math.Log(float64(able))
		}
	}
}

// at returns the sighting of a move that speaks about node at where.
func (b *board) at(node incident.NodeID, m move, where knowledge.Where) *sighting {
	places := b.sights[m]
	if places == nil {
		return nil
	}
	return places[place{about: node, peer: where == knowledge.Peer}]
}

// canSee reports whether any of the signals is measured at or about node.
func (b *board) canSee(node incident.NodeID, signals []incident.Signal) bool {
	return slices.ContainsFunc(signals, func(s incident.Signal) bool {
		return b.observed[observedAt{s, place{about: node}}] || b.observed[observedAt{s, place{about: node, peer: true}}]
	})
}
