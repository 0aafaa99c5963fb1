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
	onsets   map[incident.EvidenceID]incident.Window
	replicas map[incident.NodeID][]incident.NodeID // by node: others of its service or its groups
}

// side makes two directions of four: what is new went up, what is gone down.
func side(d incident.Direction) incident.Direction {
	switch d {
	case incident.New:
		return incident.Up
	case incident.Gone:
		return incident.Down
	}
	return d
}

type observedAt struct {
	signal incident.Signal
	place  place
}

// newBoard indexes the evidence of in. Evidence with a Peer counts as what
// others see of the peer, and not as the observer's own.
func newBoard(in agents.Input) *board {
	b := &board{base: in.Base, nodes: in.Nodes, sights: map[move]map[place]*sighting{}, observed: map[observedAt]bool{}, onsets: map[incident.EvidenceID]incident.Window{}}
	b.replicas = replicasOf(in.Bundle.Topology)
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
	m := move{e.Signal, side(e.Direction)}
	b.onsets[e.ID] = e.Onset
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

// at returns the sighting of a move about node, by itself or by others.
func (b *board) at(node incident.NodeID, m move, where knowledge.Where) *sighting {
	return b.sights[m][place{about: node, peer: where == knowledge.Peer}]
}

// strongest returns the strongest sighting that an item asks for, nil if there
// is none. Of a conjunction the weakest counts.
func (b *board) strongest(node incident.NodeID, item *knowledge.Item) *sighting {
	s := b.seen(node, knowledge.Sign{Signal: item.Signal, Direction: item.Direction}, item.Place())
	if s == nil || s.strength < strength(item.Min) {
		return nil
	}
	for _, also := range item.All {
		o := b.seen(node, also, item.Place())
		if o == nil {
			return nil
		}
		if o.strength*o.contrast < s.strength*s.contrast {
			s = &sighting{strength: o.strength, contrast: o.contrast, cite: s.cite, onset: s.onset}
		}
	}
	return s
}

// seen returns the strongest sighting of a sign at a place relative to node.
func (b *board) seen(node incident.NodeID, sign knowledge.Sign, where knowledge.Where) *sighting {
	info, _ := b.base.Signal(sign.Signal)
	dirs := []incident.Direction{side(knowledge.Item{Direction: sign.Direction}.Way(info))}
	if dirs[0] == "" {
		dirs = []incident.Direction{incident.Up, incident.Down}
	}
	var best *sighting
	for _, d := range dirs {
		for _, n := range b.around(node, where) {
			if s := b.at(n, move{sign.Signal, d}, where); s != nil && (best == nil || s.strength*s.contrast > best.strength*best.contrast) {
				best = s
			}
		}
	}
	return best
}

// around lists the nodes at a place relative to node.
func (b *board) around(node incident.NodeID, where knowledge.Where) []incident.NodeID {
	switch where {
	case knowledge.Replicas:
		return b.replicas[node]
	case knowledge.All:
		return slices.DeleteFunc(slices.Clone(b.nodes), func(n incident.NodeID) bool { return n == node })
	}
	return []incident.NodeID{node}
}

// firstOnset returns the earliest onset of the evidence, by its end.
func (b *board) firstOnset(cites []incident.EvidenceID) incident.Window {
	var first incident.Window
	for _, id := range cites {
		if o := b.onsets[id]; !o.IsZero() && (first.IsZero() || o.To.Before(first.To)) {
			first = o
		}
	}
	return first
}

// canSee reports whether any of the signals is measured at or about node.
func (b *board) canSee(node incident.NodeID, signals []incident.Signal) bool {
	return slices.ContainsFunc(signals, func(s incident.Signal) bool {
		return b.observed[observedAt{s, place{about: node}}] || b.observed[observedAt{s, place{about: node, peer: true}}]
	})
}

// replicasOf lists for each node the others that do the same: of its service,
// or of a group of replicas that it is in.
func replicasOf(top incident.Topology) map[incident.NodeID][]incident.NodeID {
	out := map[incident.NodeID][]incident.NodeID{}
	join := func(a, b incident.NodeID) {
		if a != b && !slices.Contains(out[a], b) {
			out[a] = append(out[a], b)
		}
	}
	for _, a := range top.Nodes {
		for _, b := range top.Nodes {
			if a.Service != "" && a.Service == b.Service {
				join(a.ID, b.ID)
			}
		}
	}
	for _, g := range top.Groups {
		for _, a := range g.Members {
			for _, b := range g.Members {
				join(a, b)
			}
		}
	}
	return out
}
