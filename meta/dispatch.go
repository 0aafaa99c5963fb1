package meta

import (
	"slices"

	"triagent/agents"
	"triagent/incident"
)

// reason tells whether an agent has something to look at: which nodes, and why.
type reason func(agent string) (nodes []incident.NodeID, why incident.Text, ok bool)

// dataReason sends each data agent where its kind of data is.
func dataReason(in agents.Input) reason {
	b := in.Bundle
	return func(agent string) ([]incident.NodeID, incident.Text, bool) {
		var nodes []incident.NodeID
		switch agent {
		case "data/metric":
			for _, t := range b.Tables {
				nodes = append(nodes, t.Node)
			}
		case "data/log":
			nodes = b.LogNodes
		case "data/trace":
			if b.HasSpans {
				nodes = in.Nodes
			}
		case "data/event":
			if len(b.Alerts)+len(b.Changes) > 0 {
				nodes = in.Nodes
			}
		}
		return nodes, incident.Say("agent.has_data"), len(nodes) > 0
	}
}

// rolesOf lists which roles each system agent is for.
var rolesOf = map[string][]incident.Role{
	"system/leader":      {incident.Leader, incident.ConfigLeader},
	"system/follower":    {incident.Follower, incident.ConfigFollower},
	"system/config":      {incident.ConfigLeader, incident.ConfigFollower},
	"system/coordinator": {incident.Coordinator, incident.Gateway},
	"system/service":     {incident.Service, incident.Database},
}

// systemReason sends each system agent to the nodes that held its role at any
// moment of the search window: a re-election changes who is examined as what.
func systemReason(t *Timeline, in agents.Input) reason {
	return func(agent string) ([]incident.NodeID, incident.Text, bool) {
		var nodes []incident.NodeID
		for _, n := range in.Nodes {
			for _, r := range t.At(n, in.Frame.Search) {
				if slices.Contains(rolesOf[agent], r) {
					nodes = append(nodes, n)
					break
				}
			}
		}
		return nodes, incident.Say("agent.has_role"), len(nodes) > 0
	}
}
