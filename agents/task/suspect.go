package task

import (
	"cmp"
	"math"
	"slices"

	"triagent/incident"
	"triagent/knowledge"
)

// suspicionWeight turns the sum of what is odd about a node into log-odds;
// mostSuspicion bounds it, either way.
const (
	suspicionWeight = 0.35
	mostSuspicion   = 2.0
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
func (b *board) suspicion() map[incident.NodeID]float64 {
	sum := map[incident.NodeID]float64{}
	for _, m := range b.moves() {
		places := b.sights[m]
		info, ok := b.base.Signal(m.signal)
		if !ok {
			continue
		}
		w := natureWeight[info.Nature] * info.Weight
		if info.Bad != "" && m.dir != info.Bad {
			w /= 2
		}
		for p, s := range places {
			sum[p.about] += w * s.value()
		}
	}
	all := make([]float64, len(b.nodes))
	for i, n := range b.nodes {
		all[i] = sum[n]
	}
	slices.Sort(all)
	out := map[incident.NodeID]float64{}
	for _, n := range b.nodes {
		out[n] = math.Max(-mostSuspicion, math.Min(mostSuspicion, suspicionWeight*(sum[n]-all[len(all)/2])))
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
