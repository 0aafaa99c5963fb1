package store

import (
	"cmp"
	"context"
	"slices"

	"triagent/incident"
)

const (
	seeNode = `INSERT INTO topology_nodes (system, node, service, role, seen, incident) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (system, node) DO UPDATE SET service = excluded.service, role = excluded.role, seen = excluded.seen, incident = excluded.incident`
	seeEdge = `INSERT INTO topology_edges (system, from_node, to_node, kind, seen, count) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (system, from_node, to_node, kind) DO UPDATE SET seen = excluded.seen, count = excluded.count`
	listNodes = `SELECT system, node, service, role, seen, incident FROM topology_nodes WHERE $1 = '' OR system = $2
ORDER BY system, node LIMIT 5000`
	listEdges = `SELECT system, from_node, to_node, kind, seen, count FROM topology_edges WHERE $1 = '' OR system = $2
ORDER BY system, from_node, to_node, kind LIMIT 20000`
)

// maxSeen bounds the nodes, and four times it the edges, that one diagnosis
// brings in.
const maxSeen = 2000

// seeTopology keeps the nodes and edges that a diagnosis saw.
func (t *txn) seeTopology(ctx context.Context, in Incident, g incident.Graph) error {
	nodes, edges := slices.Clone(g.Nodes[:min(len(g.Nodes), maxSeen)]), slices.Clone(g.Edges[:min(len(g.Edges), 4*maxSeen)])
	// One order for all writers: none waits for another that waits for it.
	slices.SortFunc(nodes, func(a, b incident.GraphNode) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(edges, func(a, b incident.GraphEdge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Kind, b.Kind))
	})
	for _, n := range nodes {
		if _, err := t.exec(ctx, seeNode, in.System, string(n.ID), n.Service, string(n.Role), nanos(t.at), in.Number); err != nil {
			return err
		}
	}
	for _, e := range edges {
		if _, err := t.exec(ctx, seeEdge, in.System, string(e.From), string(e.To), e.Kind, nanos(t.at), max(0, e.Count)); err != nil {
			return err
		}
	}
	return nil
}

// Topology returns the nodes and edges that diagnoses saw, of one system or,
// if it is empty, of all; at most 5,000 nodes and 20,000 edges.
func (s *Store) Topology(ctx context.Context, system string) ([]TopologyNode, []TopologyEdge, error) {
	nodes, err := all(func(row scanner) (n TopologyNode, err error) {
		var seen, number int64
		err = row.Scan(&n.System, &n.Node, &n.Service, &n.Role, &seen, &number)
		n.Seen, n.Incident = moment(seen), incidentID(number)
		return n, err
	})(s.rows(ctx, listNodes, system, system))
	if err != nil {
		return nil, nil, kinded("list nodes", err)
	}
	edges, err := all(func(row scanner) (e TopologyEdge, err error) {
		var seen int64
		err = row.Scan(&e.System, &e.From, &e.To, &e.Kind, &seen, &e.Count)
		e.Seen = moment(seen)
		return e, err
	})(s.rows(ctx, listEdges, system, system))
	return nodes, edges, kinded("list edges", err)
}
