package intake

import (
	"context"
	"fmt"
	"time"

	"triagent/store"
)

// graph is who calls whom, as the diagnoses so far have seen it. It is not
// changed once made; nil maps are an empty one.
type graph struct {
	nodes map[string]bool
	edges map[string][]neighbour // by node, both ways
	read  time.Time              // zero: never
}

// neighbour is the other end of a call, whichever way it goes.
type neighbour struct{ system, node string }

// graphAge is how long a graph is used before it is read again.
const graphAge = 30 * time.Second

func (g *graph) known(node string) bool { return g.nodes[node] }

// around calls see with the neighbours of a host until it returns false. A
// system that is known narrows them; neighbours seen in no system always count.
func (g *graph) around(system, host string, see func(string)) {
	for _, n := range g.edges[host] {
		if system == "" || n.system == "" || n.system == system {
			see(n.node)
		}
	}
}

// readGraph reads the graph again once it is old.
func (in *Intake) readGraph(ctx context.Context) error {
	now := in.now()
	if old := in.graph.Load(); !old.read.IsZero() && now.Sub(old.read) < graphAge {
		return nil
	}
	nodes, edges, err := in.store.Topology(ctx, "")
	if err != nil {
		return fmt.Errorf("read topology: %w", err)
	}
	in.graph.Store(newGraph(nodes, edges, now))
	return nil
}

func newGraph(nodes []store.TopologyNode, edges []store.TopologyEdge, now time.Time) *graph {
	g := &graph{nodes: make(map[string]bool, len(nodes)), edges: make(map[string][]neighbour), read: now}
	for _, n := range nodes {
		g.nodes[n.Node] = true
	}
	for _, e := range edges {
		from, to := hostOf(e.From), hostOf(e.To)
		if from == to {
			continue
		}
		g.edges[from] = append(g.edges[from], neighbour{e.System, to})
		g.edges[to] = append(g.edges[to], neighbour{e.System, from})
	}
	return g
}
