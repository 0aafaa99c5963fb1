package intake

import (
	"slices"
	"strings"
	"time"

	"triagent/incident"
	"triagent/store"
)

// around is the part of the topology that the alerts touch: their nodes, the
// nodes that exchange calls with them, and all that is known of these. Nodes
// that only the alerts know are added, and the calls that alerts are about.
func around(t incident.Topology, inc store.Incident, alerts []store.Alert) incident.Topology {
	keep := make(map[incident.NodeID]bool)
	touch := func(names ...string) {
		for _, n := range names {
			if n != "" {
				keep[incident.NodeID(n)] = true
			}
		}
	}
	touch(inc.Nodes...)
	calls := make(map[incident.Call]bool)
	for i := range alerts {
		touch(alerts[i].Node, alerts[i].Peer)
		if alerts[i].Node != "" && alerts[i].Peer != "" {
			calls[incident.Call{From: incident.NodeID(alerts[i].Node), To: incident.NodeID(alerts[i].Peer)}] = true
		}
	}
	if len(keep) == 0 {
		return t // nothing narrows it
	}
	near := make(map[incident.NodeID]bool, len(keep))
	for n := range keep {
		near[n] = true
	}
	for _, c := range t.Calls {
		if keep[c.From] || keep[c.To] {
			near[c.From], near[c.To] = true, true
		}
	}
	for _, g := range t.Groups {
		if slices.ContainsFunc(g.Members, func(n incident.NodeID) bool { return keep[n] }) {
			for _, n := range g.Members {
				near[n] = true
			}
		}
	}
	return part(t, near, calls)
}

// part is the topology of the given nodes, with more calls.
func part(t incident.Topology, nodes map[incident.NodeID]bool, calls map[incident.Call]bool) incident.Topology {
	var out incident.Topology
	known := make(map[incident.NodeID]bool)
	for _, n := range t.Nodes {
		if nodes[n.ID] {
			known[n.ID] = true
			out.Nodes = append(out.Nodes, n)
		}
	}
	for n := range nodes {
		if !known[n] {
			out.Nodes = append(out.Nodes, incident.Node{ID: n, Known: true})
		}
	}
	slices.SortFunc(out.Nodes, func(a, b incident.Node) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for _, r := range t.Roles {
		if nodes[r.Node] {
			out.Roles = append(out.Roles, r)
		}
	}
	for _, g := range t.Groups {
		if slices.ContainsFunc(g.Members, func(n incident.NodeID) bool { return nodes[n] }) {
			out.Groups = append(out.Groups, g)
		}
	}
	for _, c := range t.Calls {
		if nodes[c.From] && nodes[c.To] {
			calls[c] = true
		}
	}
	for c := range calls {
		out.Calls = append(out.Calls, c)
	}
	slices.SortFunc(out.Calls, func(a, b incident.Call) int {
		return strings.Compare(string(a.From)+"\x00"+string(a.To), string(b.From)+"\x00"+string(b.To))
	})
	return out
}

// TopologyOf makes the topology of a bundle of what the diagnoses so far have
// seen. A role is given without a group, from the moment the node was last seen
// or the given time, whichever is earlier, so that it holds in the window.
func TopologyOf(nodes []store.TopologyNode, edges []store.TopologyEdge, from time.Time) incident.Topology {
	var t incident.Topology
	seen, called := make(map[string]bool), make(map[incident.Call]bool)
	for _, n := range nodes {
		if seen[n.Node] {
			continue
		}
		seen[n.Node] = true
		t.Nodes = append(t.Nodes, incident.Node{ID: incident.NodeID(n.Node), Service: n.Service, Known: true})
		if n.Role != "" && n.Role != incident.UnknownRole {
			at := n.Seen
			if !from.IsZero() && from.Before(at) {
				at = from
			}
			t.Roles = append(t.Roles, incident.RoleSpan{Node: incident.NodeID(n.Node), Role: n.Role, From: at})
		}
	}
	for _, e := range edges {
		c := incident.Call{From: incident.NodeID(e.From), To: incident.NodeID(e.To)}
		if e.Kind == "replication" || called[c] {
			continue // replicas send each other copies, not requests
		}
		called[c] = true
		t.Calls = append(t.Calls, c)
	}
	return t
}
