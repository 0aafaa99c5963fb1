package telemetry

import (
	"fmt"
	"slices"
	"strings"

	"triagent/incident"
)

// lack records what is missing; the report says so.
func (b *Bundle) lack(what, why string) {
	b.Missing = append(b.Missing, incident.Missing{What: what, Why: why})
}

// addUnknown adds the nodes that the topology does not name.
func (b *Bundle) addUnknown() {
	known := make(map[incident.NodeID]bool, len(b.Topology.Nodes))
	for _, n := range b.Topology.Nodes {
		known[n.ID] = true
	}
	var extra []incident.NodeID
	see := func(ids ...incident.NodeID) {
		for _, id := range ids {
			if id != "" && !known[id] {
				known[id] = true
				extra = append(extra, id)
			}
		}
	}
	see(b.Incident.Alert.Node, b.Incident.Alert.Peer)
	see(b.LogNodes...)
	for _, t := range b.Tables {
		see(t.Node)
	}
	for _, c := range b.Changes {
		see(c.Node)
	}
	for _, a := range b.Alerts {
		see(a.Node, a.Peer)
	}
	for _, r := range b.Topology.Roles {
		see(r.Node)
	}
	for _, g := range b.Topology.Groups {
		see(g.Members...)
	}
	for _, k := range b.Topology.Calls {
		see(k.From, k.To)
	}
	slices.Sort(extra)
	for _, id := range extra {
		b.Topology.Nodes = append(b.Topology.Nodes, incident.Node{ID: id})
	}
	if b.parts.topology != "" && len(extra) > 0 {
		b.lack("topology", "it does not name "+list(extra)+": role unknown")
	}
}

// noteMissing says which parts the bundle does not have.
func (b *Bundle) noteMissing() {
	if b.Incident.Window.IsZero() {
		b.lack("window", "incident.json does not give one")
	}
	for _, part := range []struct {
		what string
		have bool
	}{
		{"topology", b.parts.topology != ""},
		{"metrics", len(b.Tables) > 0},
		{"logs", len(b.LogNodes) > 0},
		{"traces", b.HasSpans},
		{"events", b.parts.changes != ""},
		{"alerts", b.parts.alerts != ""},
	} {
		if !part.have {
			b.lack(part.what, "not in the bundle")
		}
	}
	var measured []incident.NodeID
	for _, t := range b.Tables {
		measured = append(measured, t.Node)
	}
	b.lackOf("metrics", measured)
	b.lackOf("logs", b.LogNodes)
	for _, name := range b.parts.strange {
		b.lack(name, "neither metrics/<node>.csv nor logs/<node>.log or .jsonl: not read")
	}
}

// lackOf notes the nodes without a file of a kind that others have.
func (b *Bundle) lackOf(what string, have []incident.NodeID) {
	if len(have) == 0 {
		return
	}
	var without []incident.NodeID
	for _, n := range b.Topology.Nodes {
		if _, ok := slices.BinarySearch(have, n.ID); !ok {
			without = append(without, n.ID)
		}
	}
	if len(without) > 0 {
		slices.Sort(without)
		b.lack(what, "none in the bundle for "+list(without))
	}
}

// list names up to ten nodes.
func list(ids []incident.NodeID) string {
	var s []string
	for _, id := range ids[:min(len(ids), 10)] {
		s = append(s, string(id))
	}
	text := strings.Join(s, ", ")
	if len(ids) > 10 {
		text += fmt.Sprintf(" and %d more", len(ids)-10)
	}
	return text
}
