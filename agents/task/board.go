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
// change a hundred times the usual is not a hundred times the reason. A score
// of full has strength 1, and no evidence weighs more than most.
const (
	usual = 6.0
	full  = 30.0
	most  = 1.5
)

// move is a signal that moved one way.
type move struct {
	signal incident.Signal
	dir    incident.Direction
}

// place is whom evidence is about: a node as it shows itself, or, if peer, as
// others see it.
type place struct {
	about incident.NodeID
	peer  bool
}

// sighting is the strongest evidence of a move at a place.
type sighting struct {
	strength float64 // >= 0, 1 at a score of full
	contrast float64 // 0..1: how much it stands out among the nodes
	cite     incident.EvidenceID
	shape    incident.Shape
}

// value is what the sighting counts for: 0..most.
func (s *sighting) value() float64 { return math.Min(most, s.strength) * s.contrast }

// strength is ln(1 + (score/usual)^2) over the same of full.
func strength(score float64) float64 {
	x, f := score/usual, full/usual
	return math.Log1p(x*x) / math.Log1p(f*f)
}

type observedAt struct {
	signal incident.Signal
	place  place
}

// board is all evidence, indexed by what moved and whom it is about.
type board struct {
	base     *knowledge.Base
	nodes    []incident.NodeID
	sights   map[move]map[place]*sighting
	observed map[observedAt]bool
	onsets   map[incident.EvidenceID]incident.Window
	replicas map[incident.NodeID][]incident.NodeID // by node: others of its service or its groups
	waits    map[incident.NodeID]bool              // nodes that call others slowly or in vain
	infos    map[incident.NodeID]incident.Node     // what the topology says of each
	crowd    crowd
	calls    calls
}

func newBoard(in agents.Input) *board {
	b := &board{
		base: in.Base, nodes: in.Nodes, sights: map[move]map[place]*sighting{}, observed: map[observedAt]bool{},
		onsets: map[incident.EvidenceID]incident.Window{}, replicas: replicasOf(in.Bundle.Topology), waits: map[incident.NodeID]bool{},
		infos: make(map[incident.NodeID]incident.Node, len(in.Nodes)), calls: newCalls(),
	}
	for _, n := range in.Bundle.Topology.Nodes {
		if _, ok := b.infos[n.ID]; !ok {
			b.infos[n.ID] = n
		}
	}
	for _, o := range in.Seen {
		for _, p := range b.placesOf(o.Signal, "", o.Node, o.Peer) {
			b.observed[observedAt{o.Signal, p}] = true
		}
	}
	for i := range in.Evidence {
		b.add(&in.Evidence[i])
	}
	b.gather()
	return b
}

// placesOf says whom evidence with a peer is about. An internal signal (a step
// missing in its own code, time lost on all its edges) is about the node, with
// the peer as the place where it showed; an external one (a slow or failed call)
// is about the one called; a log line that names a peer is about both.
func (b *board) placesOf(signal incident.Signal, kind incident.Kind, node, peer incident.NodeID) []place {
	self, other := place{about: node}, place{about: peer, peer: true}
	info, _ := b.base.Signal(signal)
	switch {
	case peer == "" || info.Nature == knowledge.InternalNature:
		return []place{self}
	case kind == incident.Log:
		return []place{self, other}
	}
	return []place{other}
}

func (b *board) add(e *incident.Evidence) {
	if e.Node == "" {
		return
	}
	signal := e.Signal
	if signal == "" { // not understood: it still counts as something changed
		signal = incident.Signal("?" + e.Name)
	}
	b.onsets[e.ID] = e.Onset
	if e.Peer != "" && (e.Signal == "call.latency" || e.Signal == "call.error") {
		b.waits[e.Node] = true
	}
	b.calls.add(e)
	for _, p := range b.placesOf(signal, e.Kind, e.Node, e.Peer) {
		b.observed[observedAt{signal, p}] = true
		b.sight(move{signal, way(e.Direction)}, p, e)
	}
}

// sight keeps the strongest evidence of a move at a place.
func (b *board) sight(m move, p place, e *incident.Evidence) {
	if b.sights[m] == nil {
		b.sights[m] = map[place]*sighting{}
	}
	s := strength(e.Score)
	if old := b.sights[m][p]; old == nil || s > old.strength {
		b.sights[m][p] = &sighting{strength: s, cite: e.ID, shape: e.Shape}
	}
}

// way is the direction that evidence counts as: what is new went up. What is
// gone is not down, since a metric without samples has not fallen.
func way(d incident.Direction) incident.Direction {
	if d == incident.New {
		return incident.Up
	}
	return d
}

// strongest returns the strongest sighting that an item asks for, nil if there
// is none. Of a conjunction the weakest counts.
func (b *board) strongest(node incident.NodeID, item *knowledge.Item) *sighting {
	s := b.seen(node, knowledge.Sign{Signal: item.Signal, Direction: item.Direction}, item.Place())
	if s == nil || s.strength < strength(item.Min) || item.Shape != "" && s.shape != item.Shape {
		return nil
	}
	for _, also := range item.All {
		o := b.seen(node, also, item.Place())
		if o == nil {
			return nil
		}
		if o.value() < s.value() {
			s = o
		}
	}
	return s
}

// seen returns the strongest sighting of a sign at a place relative to node.
func (b *board) seen(node incident.NodeID, sign knowledge.Sign, where knowledge.Where) *sighting {
	info, _ := b.base.Signal(sign.Signal)
	dirs := []incident.Direction{way(knowledge.Item{Direction: sign.Direction}.Way(info))}
	if dirs[0] == "" {
		dirs = []incident.Direction{incident.Up, incident.Down, incident.Gone}
	}
	var best *sighting
	for _, d := range dirs {
		m := move{sign.Signal, d}
		if where == knowledge.All {
			best = better(best, b.elsewhere(m, node))
			continue
		}
		for _, n := range b.around(node, where) {
			best = better(best, b.sights[m][place{about: n, peer: where == knowledge.Peer}])
		}
	}
	return best
}

// better is s if it counts for more than best, else best; either may be nil.
func better(best, s *sighting) *sighting {
	if s != nil && (best == nil || s.value() > best.value()) {
		return s
	}
	return best
}

// sees reports whether what an item asks for is measured.
func (b *board) sees(node incident.NodeID, item *knowledge.Item) bool {
	if item.Place() == knowledge.All {
		return b.measuredElsewhere(item.Signal, node)
	}
	return slices.ContainsFunc(b.around(node, item.Place()), func(n incident.NodeID) bool {
		return b.observed[observedAt{item.Signal, place{about: n, peer: item.Place() == knowledge.Peer}}]
	})
}

// canSee reports whether any of the signals is measured at or about node.
func (b *board) canSee(node incident.NodeID, signals []incident.Signal) bool {
	return slices.ContainsFunc(signals, func(s incident.Signal) bool {
		return b.observed[observedAt{s, place{about: node}}] || b.observed[observedAt{s, place{about: node, peer: true}}]
	})
}

// moved reports whether any of the signals was seen to move at or about node.
func (b *board) moved(node incident.NodeID, signals []incident.Signal) bool {
	return slices.ContainsFunc(signals, func(s incident.Signal) bool {
		for _, d := range []incident.Direction{incident.Up, incident.Down, incident.Gone} {
			places := b.sights[move{s, d}]
			if places[place{about: node}] != nil || places[place{about: node, peer: true}] != nil {
				return true
			}
		}
		return false
	})
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

// mostReplicas is how many others are held beside a node: all of them beside each
// of 100,000 would fill the memory, and say no more.
const mostReplicas = 64

// replicasOf lists for each node others that do the same: of its service, or of a
// group of replicas that it is in.
func replicasOf(top incident.Topology) map[incident.NodeID][]incident.NodeID {
	service := map[incident.NodeID]string{}
	services := map[string][]incident.NodeID{}
	groups := map[incident.NodeID][]int{} // by member, indexes of its groups
	var all []incident.NodeID
	for _, n := range top.Nodes {
		all = append(all, n.ID)
		if n.Service != "" {
			service[n.ID] = n.Service
			services[n.Service] = append(services[n.Service], n.ID)
		}
	}
	for i, g := range top.Groups {
		all = append(all, g.Members...)
		for _, m := range g.Members {
			groups[m] = append(groups[m], i)
		}
	}
	out := map[incident.NodeID][]incident.NodeID{}
	for _, a := range all {
		if _, done := out[a]; done {
			continue
		}
		seen := map[incident.NodeID]bool{a: true}
		join := func(others []incident.NodeID) {
			for _, b := range others {
				if len(out[a]) == mostReplicas {
					return
				}
				if !seen[b] {
					seen[b] = true
					out[a] = append(out[a], b)
				}
			}
		}
		join(services[service[a]])
		for _, i := range groups[a] {
			join(top.Groups[i].Members)
		}
	}
	return out
}
