// Package system holds the system agents: they know what a leader, a follower,
// a configuration node, a coordinator and a plain service are, and read the
// evidence of the data agents with that knowledge. What one node measures is
// often about another: a slow metadata fetch is about the configuration leader,
// a growing replication queue is about the follower behind it. System agents
// make that evidence anew with the node in question as its Peer; the raw data
// that it leads back to stays the same.
package system

import (
	"fmt"
	"slices"

	"triagent/agents"
	"triagent/incident"
)

// Agents returns the system agents, in the order in which they are booked.
func Agents() []agents.Agent {
	return []agents.Agent{Leader{}, Follower{}, Config{}, Coordinator{}, Service{}}
}

// held lists the nodes among in.Nodes that held one of the roles in the window.
func held(in agents.Input, roles ...incident.Role) []incident.NodeID {
	var out []incident.NodeID
	for _, n := range in.Nodes {
		for _, r := range in.Roles.At(n, in.Frame.Search) {
			if slices.Contains(roles, r) {
				out = append(out, n)
				break
			}
		}
	}
	return out
}

// strongest returns the strongest evidence of a signal going bad at a node's
// own place, nil if there is none.
func strongest(in agents.Input, node incident.NodeID, signals ...incident.Signal) *incident.Evidence {
	var best *incident.Evidence
	for i := range in.Evidence {
		e := &in.Evidence[i]
		if e.Node != node || e.Peer != "" || e.Direction == incident.Down || e.Direction == incident.Gone {
			continue
		}
		for _, s := range signals {
			if e.Signal == s && (best == nil || e.Score > best.Score) {
				best = e
			}
		}
	}
	return best
}

// about makes evidence anew as being about a peer of the node that measured it.
func about(e *incident.Evidence, peer incident.NodeID, signal incident.Signal, score float64) incident.Evidence {
	out := *e
	out.ID = incident.EvidenceID(fmt.Sprintf("about/%s/%s", peer, e.ID))
	out.Peer, out.Signal, out.Score = peer, signal, score
	return out
}
