package task

import (
	"cmp"
	"math"
	"slices"

	"triagent/agents"
	"triagent/incident"
)

// Explaining away, in the sense of Pearl (Probabilistic Reasoning in Intelligent
// Systems, 1988, 2.2.4): what a fault of a neighbour would bring about anyway
// speaks less for a fault of one's own.
const (
	explainsFrom  = 1.0 // log-odds at which a fault explains half of what it could
	explainsShare = 0.6 // of the support, at most: the neighbour may be struck as well
)

// explainAway takes from every hypothesis a part of the support that a stronger
// one on a neighbour in the graph would bring about (see knowledge.Card.Explains),
// by how much speaks for that one. Of each node only the strongest hypothesis
// explains, and only what did not begin before it.
func explainAway(in agents.Input, b *board, all []scored) {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(all[y].LogOdds, all[x].LogOdds) })
	heads := make(map[incident.NodeID]*scored) // the strongest of each node
	for _, i := range order {
		if h := &all[i]; heads[h.Node] == nil && h.card != nil && len(h.Cites) > 0 {
			heads[h.Node] = h
		}
	}
	beside := neighbours(in.Graph, heads)
	for _, i := range order {
		h, taken := &all[i], 0.0
		for k := range h.parts {
			if p := &h.parts[k]; p.weight > 0 {
				taken += p.weight * explained(b, beside[h.Node], h, p)
			}
		}
		h.LogOdds -= explainsShare * taken
	}
}

// neighbours lists for each node the heads of those that edges join it with, once
// for each edge.
func neighbours(g incident.Graph, heads map[incident.NodeID]*scored) map[incident.NodeID][]*scored {
	out := make(map[incident.NodeID][]*scored)
	add := func(n incident.NodeID, h *scored) {
		if h != nil && h.Node != n {
			out[n] = append(out[n], h)
		}
	}
	for _, e := range g.Edges {
		add(e.From, heads[e.To])
		add(e.To, heads[e.From])
	}
	return out
}

// explained is how much of a part of h the fault of one of its neighbours accounts
// for: 0..1.
func explained(b *board, beside []*scored, h *scored, p *part) float64 {
	most := 0.0
	for _, e := range beside {
		if e.LogOdds <= h.LogOdds || !slices.Contains(e.card.Explains, p.item.Signal) {
			continue
		}
		if o := b.onsets[p.cite]; !o.IsZero() && o.To.Before(e.Onset.From) {
			continue
		}
		most = math.Max(most, 1/(1+math.Exp(explainsFrom-e.LogOdds)))
	}
	return most
}
