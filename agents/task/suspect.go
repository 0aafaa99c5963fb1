package task

import (
	"cmp"
	"math"
	"slices"

	"triagent/incident"
	"triagent/knowledge"
)

// suspicion turns the sum of what is odd about a node into log-odds; most of it
// bounds what that adds where things were measured. Alerts have no size for a
// fault card to weigh, so there it counts for more and has no bound (alarmed).
const (
	suspicionWeight = 0.35
	mostSuspicion   = 3.0
	// deepest is added for a node whose callers wait for it while it waits for
	// nobody: the end of a chain of slow calls.
	deepest = 1.0
)

// natureWeight is how much a signal of a nature makes a node a culprit rather
// than a victim: only its own doing moves an internal one, a victim shows an
// external one as easily (PRISM, arXiv 2601.21359).
var natureWeight = map[knowledge.Nature]float64{
	knowledge.InternalNature:    1,
	knowledge.AbsenceNature:     1,
	knowledge.ExternalNature:    0.4,
	knowledge.ReplicationNature: 0.3,
	knowledge.LoadNature:        0.4,
}

// suspicion is how odd each node looks as such, whatever the fault, against the
// usual node: what no fault card asks for counts here too. It is added to every
// hypothesis about the node that has any evidence.
func (b *board) suspicion(alertsOnly bool) map[incident.NodeID]float64 {
	sum, scale, most := b.oddness, suspicionWeight, mostSuspicion
	if alertsOnly {
		sum, scale, most = b.alarmed, alertWeight, math.Inf(1)
	}
	odd := sum()
	all := make([]float64, len(b.nodes))
	for i, n := range b.nodes {
		all[i] = odd[n]
	}
	slices.Sort(all)
	out := map[incident.NodeID]float64{}
	for _, n := range b.nodes {
		out[n] = math.Max(-most, math.Min(most, scale*(odd[n]-all[len(all)/2])))
	}
	return out
}

// oddness is the sum of what moved at each node.
func (b *board) oddness() map[incident.NodeID]float64 {
	sum := b.chainEnds()
	b.tally(sum, natureWeight, func(incident.NodeID, move) float64 { return 1 })
	return sum
}

// tally adds to sum what moved at each node, by the nature of what moved, half
// where it went the way that is not bad, times factor.
func (b *board) tally(sum map[incident.NodeID]float64, nature map[knowledge.Nature]float64, factor func(incident.NodeID, move) float64) {
	for _, m := range b.moves() {
		info, ok := b.base.Signal(m.signal)
		if !ok {
			continue
		}
		w := nature[info.Nature] * info.Weight
		if info.Bad != "" && m.dir != info.Bad {
			w /= 2
		}
		for p, s := range b.sights[m] {
			if !p.peer {
				sum[p.about] += w * s.value() * factor(p.about, m)
			}
		}
	}
}

// chainEnds gives something to each node that is called slowly or in vain and
// makes no such call itself.
func (b *board) chainEnds() map[incident.NodeID]float64 {
	out := map[incident.NodeID]float64{}
	for _, s := range []incident.Signal{"call.latency", "call.error"} {
		for p, sight := range b.sights[move{s, incident.Up}] {
			if p.peer && !b.waits[p.about] {
				out[p.about] = math.Max(out[p.about], deepest*math.Min(1, sight.strength))
			}
		}
	}
	return out
}

// moves lists what moved, in an order that does not change from run to run:
// floating point sums depend on it.
func (b *board) moves() []move {
	out := make([]move, 0, len(b.sights))
	for m := range b.sights {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b move) int {
		return cmp.Or(cmp.Compare(a.signal, b.signal), cmp.Compare(a.dir, b.dir))
	})
	return out
}
