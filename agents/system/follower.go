package system

import (
	"context"
	"slices"

	"triagent/agents"
	"triagent/incident"
)

// lag are the signals by which a leader shows that it waits for a follower.
var lag = []incident.Signal{"replication.lag", "replication.queue", "replication.latency"}

// Follower examines the nodes that follow: a follower's fault shows as lag at
// its leaders.
type Follower struct{}

var _ agents.Agent = Follower{}

// Name is "system/follower".
func (Follower) Name() string { return "system/follower" }

// Investigate makes evidence about each follower that every one of its leaders
// waits for. Of several leaders the one that waits least counts: if one of them
// does not wait, the follower is not what the others wait for.
func (a Follower) Investigate(_ context.Context, in agents.Input) (agents.Result, error) {
	var res agents.Result
	for _, n := range held(in, incident.Follower, incident.ConfigFollower) {
		least := leastWait(in, n)
		if least == nil {
			continue
		}
		res.Seen = append(res.Seen, agents.Observable{Node: least.Node, Peer: n, Signal: "follower.lag"})
		e := about(least, n, "follower.lag", least.Score)
		res.Evidence = append(res.Evidence, e)
		res.Findings = append(res.Findings, incident.Finding{
			Agent: a.Name(), Node: n, Strength: 0.4, Cites: []incident.EvidenceID{e.ID},
			Text: incident.Say("role.followed_late", "node", string(n), "leader", string(least.Node)),
		})
	}
	return res, nil
}

// leastWait is the evidence of the leader that waits least among those that
// lead a group which n follows in; nil if one does not wait at all.
func leastWait(in agents.Input, n incident.NodeID) *incident.Evidence {
	var least *incident.Evidence
	for _, leader := range leadersOf(in, n) {
		e := strongest(in, leader, lag...)
		if e == nil {
			e = towards(in, leader, n)
		}
		if e == nil {
			return nil
		}
		if least == nil || e.Score < least.Score {
			least = e
		}
	}
	return least
}

// leadersOf lists the nodes that lead a group which n is a member of.
func leadersOf(in agents.Input, n incident.NodeID) []incident.NodeID {
	groups := map[string]bool{}
	for _, s := range in.Bundle.Topology.Roles {
		if s.Node == n && (s.Role == incident.Follower || s.Role == incident.ConfigFollower) {
			groups[s.Group] = true
		}
	}
	var out []incident.NodeID
	seen := map[incident.NodeID]bool{n: true}
	for _, s := range in.Bundle.Topology.Roles {
		if leads(s.Role) && groups[s.Group] && !seen[s.Node] {
			seen[s.Node] = true
			out = append(out, s.Node)
		}
	}
	return out
}

// towards is the strongest evidence that a leader waits for this very follower.
func towards(in agents.Input, leader, follower incident.NodeID) *incident.Evidence {
	var best *incident.Evidence
	for i := range in.Evidence {
		e := &in.Evidence[i]
		if e.Node == leader && e.Peer == follower && slices.Contains(lag, e.Signal) && e.Direction == incident.Up && (best == nil || e.Score > best.Score) {
			best = e
		}
	}
	return best
}
