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
	var heads []*scored
	seen := make(map[incident.NodeID]bool)
	for _, i := range order {
		if h := &all[i]; !seen[h.Node] && h.card != nil && len(h.Cites) > 0 {
			seen[h.Node] = true
			heads = append(heads, h)
		}
	}
	for _, i := range order {
		h, taken := &all[i], 0.0
		for k := range h.parts {
			if p := &h.parts[k]; p.weight > 0 {
				taken += p.weight * explained(in, b, heads, h, p)
			}
		}
		h.LogOdds -= explainsShare * taken
	}
}

// explained is how much of a part of h another node's fault accounts for: 0..1.
func explained(in agents.Input, b *board, heads []*scored, h *scored, p *part) float64 {
	most := 0.0
	for _, e := range heads {
		if e.Node == h.Node || e.LogOdds <= h.LogOdds || !slices.Contains(e.card.Explains, p.item.Signal) || !linked(in.Graph, e.Node, h.Node) {
			continue
		}
		if o := b.onsets[p.cite]; !o.IsZero() && o.To.Before(e.Onset.From) {
			continue
		}
		most = math.Max(most, 1/(1+math.Exp(explainsFrom-e.LogOdds)))
	}
	return most
}
