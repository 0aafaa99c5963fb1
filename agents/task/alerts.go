package task

import (
	"math"
	"slices"

	"triagent/agents"
	"triagent/incident"
	"triagent/knowledge"
)

// How odd alerts make a node, where there is nothing but alerts. An alert has no
// size, no time and no baseline; what tells is on how few nodes its rule fired,
// whether it fired on the replicas, which do the same work, and what fired
// together.
const (
	// alertWeight turns the sum over a node's alerts into log-odds.
	alertWeight = 9.0
	// loneAlert and bothAlert multiply an alert that no replica of the node has,
	// and one that some has.
	loneAlert = 1.5
	bothAlert = 0.3
	// cutOff is added for a node that is asked for less, asks others for less and
	// sends less than before, while its replicas send as before: nobody has less
	// work than who is cut off. A slow or starved node still sends.
	cutOff = 3.0
	// tookOver is added for a node that is asked for less while a replica is
	// asked for more.
	tookOver = 1.0
	// noticed is how much it counts, beside an internal sign, that a node's answers
	// are told late by both ends of a call, or by one end twice.
	noticed = 0.5
)

// alertNature is how much an alert on a signal of a nature makes a node a
// culprit: whoever wrote the rule has already said that this much of it is
// wrong. More load than usual makes none: it is what the others' work, or their
// clients' retries, come down as.
var alertNature = map[knowledge.Nature]float64{
	knowledge.InternalNature:    1,
	knowledge.AbsenceNature:     1,
	knowledge.ExternalNature:    0.7,
	knowledge.ReplicationNature: 0.7,
	knowledge.LoadNature:        1,
}

// alarmed is how odd its alerts make each node.
func (b *board) alarmed() map[incident.NodeID]float64 {
	sum := map[incident.NodeID]float64{}
	b.tally(sum, alertNature, b.blames)
	late := move{"call.latency", incident.Up}
	for _, n := range b.nodes {
		if s := b.sights[late][place{about: n, peer: true}]; s != nil && b.calls.agreed(n) {
			sum[n] += noticed * s.value() * b.alone(n, b.calls.agreed)
		}
		less := b.shows(n, "request.rate", incident.Down)
		if less && b.shows(n, "call.rate", incident.Down) && b.shows(n, "net.out", incident.Down) && !b.anyReplica(n, "net.out", incident.Down) {
			sum[n] += cutOff * fullAlert
		}
		if less && b.anyReplica(n, "request.rate", incident.Up) {
			sum[n] += tookOver * fullAlert
		}
	}
	return sum
}

// fullAlert is what an alert counts for that fired on one node alone.
var fullAlert = math.Min(most, strength(agents.AlertScore))

// blames is how much more or less an alert on a move makes a node a culprit. That
// its answers are slow or fail says nothing of where: all upstream of the culprit
// answer so. More load than usual says as little. Time lost on the way counts by
// how many edges of the node lose it. Else it counts what replicas show.
func (b *board) blames(n incident.NodeID, m move) float64 {
	info, _ := b.base.Signal(m.signal)
	if m.signal == "span.latency" || m.signal == "request.error" || info.Nature == knowledge.LoadNature && m.dir == incident.Up {
		return 0
	}
	factor := b.alone(n, func(o incident.NodeID) bool { return b.shows(o, m.signal, m.dir) })
	if m.signal == "call.net_time" {
		factor *= b.calls.edges(n)
	}
	return factor
}

// alone is how much more something counts that no replica of a node has, or less
// if one has it.
func (b *board) alone(n incident.NodeID, has func(incident.NodeID) bool) float64 {
	switch {
	case len(b.replicas[n]) == 0:
		return 1
	case slices.ContainsFunc(b.replicas[n], has):
		return bothAlert
	}
	return loneAlert
}

func (b *board) shows(n incident.NodeID, s incident.Signal, d incident.Direction) bool {
	return b.sights[move{s, d}][place{about: n}] != nil
}

func (b *board) anyReplica(n incident.NodeID, s incident.Signal, d incident.Direction) bool {
	return slices.ContainsFunc(b.replicas[n], func(o incident.NodeID) bool { return b.shows(o, s, d) })
}
