package task

import (
	"math"
	"slices"

	"triagent/incident"
)

// picture tells the call graph again, now with what each node was and how odd
// the nodes and edges looked.
func (n *narrator) picture() {
	g := incident.Graph{Nodes: slices.Clone(n.in.Graph.Nodes), Edges: slices.Clone(n.in.Graph.Edges)}
	nodes, edges := n.oddness()
	for i := range g.Nodes {
		node := &g.Nodes[i]
		node.Oddness = nodes[node.ID]
		if roles := rolesOf(n.in, node.ID); len(roles) > 0 {
			node.Role = roles[0]
		}
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		e.Oddness = math.Max(edges[[2]incident.NodeID{e.From, e.To}], edges[[2]incident.NodeID{e.To, e.From}])
	}
	n.emit(incident.GraphBuilt{Graph: g})
}

// oddness is the strength, at most 1, of the strongest evidence at each node
// and between each two.
func (n *narrator) oddness() (map[incident.NodeID]float64, map[[2]incident.NodeID]float64) {
	nodes, edges := map[incident.NodeID]float64{}, map[[2]incident.NodeID]float64{}
	for _, e := range n.in.Evidence {
		s := math.Min(1, strength(e.Score))
		if e.Peer != "" {
			pair := [2]incident.NodeID{e.Node, e.Peer}
			edges[pair] = math.Max(edges[pair], s)
			continue
		}
		nodes[e.Node] = math.Max(nodes[e.Node], s)
	}
	return nodes, edges
}
