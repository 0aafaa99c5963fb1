package task

import (
	"cmp"
	"math"
	"slices"

	"triagent/agents"
	"triagent/incident"
)

// The hypothesis that something is wrong with a node that no fault card
// describes: it rests on the strongest moves that no card asks for.
const (
	unknownBase   = -2.8
	unknownWeight = 1.8
	unknownParts  = 3
	unknownNature = 0.4 // weight of a signal that nobody understands
	goodDirection = 0.3 // weight of a move in the direction that is not bad
)

// unknown returns for each node the hypothesis that it has a fault which no card
// describes. It wins only where no card explains as much.
func unknown(in agents.Input, b *board) []scored {
	parts := map[incident.NodeID][]part{}
	asked := b.asked()
	for _, m := range b.moves() {
		if asked[m.signal] {
			continue
		}
		w := b.telling(m)
		for p, s := range b.sights[m] {
			if v := w * s.value(); v > 0 && !p.peer {
				parts[p.about] = append(parts[p.about], part{weight: v, cite: s.cite})
			}
		}
	}
	var out []scored
	for _, n := range in.Nodes {
		if len(parts[n]) == 0 {
			continue
		}
		out = append(out, unknownAt(in, b, n, parts[n]))
	}
	return out
}

// asked lists the signals that some card takes as evidence for its fault.
func (b *board) asked() map[incident.Signal]bool {
	out := map[incident.Signal]bool{}
	for _, c := range b.base.Cards() {
		for _, i := range c.For {
			out[i.Signal] = true
		}
	}
	return out
}

// telling is how much a move says that something is wrong.
func (b *board) telling(m move) float64 {
	info, ok := b.base.Signal(m.signal)
	if !ok {
		return unknownNature
	}
	w := natureWeight[info.Nature] * info.Weight
	if info.Bad != "" && m.dir != info.Bad {
		w *= goodDirection
	}
	return w
}

func unknownAt(in agents.Input, b *board, node incident.NodeID, parts []part) scored {
	slices.SortFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.cite, b.cite))
	})
	h := scored{Hypothesis: incident.Hypothesis{
		Node: node, Service: b.infos[node].Service, Role: incident.UnknownRole, Fault: incident.UnknownFault, LogOdds: unknownBase,
	}}
	if roles := rolesOf(in, node); len(roles) > 0 {
		h.Role = roles[0]
	}
	for _, p := range parts[:min(unknownParts, len(parts))] {
		p.weight *= unknownWeight
		h.LogOdds += p.weight
		h.support = math.Max(h.support, p.weight)
		h.parts = append(h.parts, p)
	}
	h.cite(b)
	return h
}
