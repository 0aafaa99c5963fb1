package meta

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"triagent/incident"
	"triagent/telemetry"
)

// maxGraphSpans bounds how many spans the call graph is built from. The edges
// of a system show long before; what was left out is recorded.
const maxGraphSpans = 500_000

// maxStrangers bounds the nodes that spans alone name: each may be to blame, and is
// judged by every fault card.
const maxStrangers = 10_000

// Kinds of edges.
const (
	callEdge        = "call"
	replicationEdge = "replication"
	connectionEdge  = "connection"
)

type edgeKey struct {
	from, to incident.NodeID
	kind     string
}

// graphBuilder collects who talks to whom.
type graphBuilder struct {
	edges map[edgeKey]int
	names map[string]incident.NodeID // IDs, hosts and lower-case forms of both
	spans callSpans
	seen  map[incident.NodeID]string // service by node that only spans name
}

func newGraphBuilder() *graphBuilder {
	return &graphBuilder{
		edges: map[edgeKey]int{}, names: map[string]incident.NodeID{}, seen: map[incident.NodeID]string{},
	}
}

var errEnough = errors.New("enough spans for the graph")

// buildGraph joins the nodes of a bundle: by the calls that its topology knows,
// by replication within its groups, by its spans (a child span on another node,
// or a client span that names its server), and by metric columns that name a
// peer. Nodes, those that only spans name among them, and edges are sorted. groups
// are those that the topology does not name.
//
// tell, which may be nil, is told of every block of spans: all of them, if there
// is no error.
func buildGraph(ctx context.Context, b *telemetry.Bundle, tell func(*telemetry.Block), groups ...incident.Group) (incident.Graph, *incident.Reduction, error) {
	g := newGraphBuilder()
	for _, n := range b.Topology.Nodes {
		g.names[strings.ToLower(string(n.ID))] = n.ID
		if n.Host != "" {
			g.names[strings.ToLower(n.Host)] = n.ID
		}
	}
	for _, c := range b.Topology.Calls {
		g.edges[edgeKey{c.From, c.To, callEdge}] += 0
	}
	for _, grp := range slices.Concat(b.Topology.Groups, groups) {
		g.addGroup(grp)
	}
	g.addConnections(b)
	reduced, err := g.addSpans(ctx, b, tell)
	if err != nil {
		return incident.Graph{}, nil, err
	}
	return g.graph(b), reduced, nil
}

// maxPairs is how many members of a group are joined each with each. The
// members of a larger one are joined with their neighbours in its list: nobody
// reads a million edges.
const maxPairs = 32

func (g *graphBuilder) addGroup(grp incident.Group) {
	if m := grp.Members; len(m) > maxPairs {
		for i := range m {
			a, b := m[i], m[(i+1)%len(m)]
			if a != b {
				g.edges[edgeKey{min(a, b), max(a, b), replicationEdge}] += 0
			}
		}
		return
	}
	for _, a := range grp.Members {
		for _, b := range grp.Members {
			if a < b {
				g.edges[edgeKey{a, b, replicationEdge}] += 0
			}
		}
	}
}

// addConnections finds metric columns whose name holds the ID or host of
// another node, as "iot_sync_lag{peer=10.0.0.5}".
func (g *graphBuilder) addConnections(b *telemetry.Bundle) {
	for _, t := range b.Tables {
		for _, c := range t.Columns {
			if peer, ok := g.peerIn(c.Name, t.Node); ok {
				g.edges[edgeKey{t.Node, peer, connectionEdge}] += 0
			}
		}
	}
}

// peerIn returns the node, other than self, that a metric name's braces or
// brackets name.
func (g *graphBuilder) peerIn(name string, self incident.NodeID) (incident.NodeID, bool) {
	at := strings.IndexAny(name, "{[(")
	if at < 0 {
		return "", false
	}
	for _, word := range strings.FieldsFunc(strings.ToLower(name[at:]), func(r rune) bool {
		return strings.ContainsRune("{}[]()=,;\"' ", r)
	}) {
		if id, ok := g.names[word]; ok && id != self {
			return id, true
		}
	}
	return "", false
}

func (g *graphBuilder) addSpans(ctx context.Context, b *telemetry.Bundle, tell func(*telemetry.Block)) (*incident.Reduction, error) {
	if !b.HasSpans {
		return nil, nil
	}
	enough := false
	for _, n := range b.Topology.Nodes {
		g.spans.number(n.ID)
	}
	g.spans.most = len(g.spans.nodes) + maxStrangers
	err := b.Blocks(ctx, func(k *telemetry.Block) error {
		if tell != nil {
			tell(k)
		}
		first := *k
		if room := maxGraphSpans - g.spans.read(); len(k.Marks) > room {
			enough, first.Marks = true, k.Marks[:room]
		}
		g.addBlock(&first)
		if enough && tell == nil {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	in, left := int64(g.spans.read()), int64(g.spans.left)
	g.joinSpans()
	r := &incident.Reduction{Stage: "call graph", In: in, Out: in - left, Unit: "spans", How: "the first spans only", Rest: "traces"}
	switch {
	case left > 0:
		r.How = fmt.Sprintf("the first spans only, and of nodes that the topology does not know the first %d", maxStrangers)
	case enough:
		r.In++
	default:
		return nil, nil
	}
	return r, nil
}

// addBlock takes spans in.
func (g *graphBuilder) addBlock(b *telemetry.Block) {
	g.spans.add(b)
	numbers := g.spans.numbers.Of(b)
	for i := range b.Marks {
		m := &b.Marks[i]
		if m.Attributes == 0 || numbers[m.Node] == telemetry.Unnumbered {
			continue
		}
		node := incident.NodeID(b.Texts[m.Node])
		if peer, ok := g.named(telemetry.PeerIn(b.Attributes[m.Attributes])); ok && peer != node {
			g.edges[edgeKey{node, peer, callEdge}]++
		}
	}
}

// named is the node that a text names, in whatever case.
func (g *graphBuilder) named(text string) (incident.NodeID, bool) {
	id, ok := g.names[text]
	if !ok {
		id, ok = g.names[strings.ToLower(text)]
	}
	return id, ok
}

// joinSpans makes calls of the spans whose parent ran on another node.
func (g *graphBuilder) joinSpans() {
	for c, n := range g.spans.calls() {
		g.edges[edgeKey{g.spans.nodes[c.from], g.spans.nodes[c.to], callEdge}] += n
	}
	for n, id := range g.spans.nodes {
		g.seen[id] = g.spans.service[n]
	}
	g.spans = callSpans{}
}

func (g *graphBuilder) graph(b *telemetry.Bundle) incident.Graph {
	var out incident.Graph
	for _, n := range b.Topology.Nodes {
		out.Nodes = append(out.Nodes, incident.GraphNode{ID: n.ID, Service: n.Service})
		delete(g.seen, n.ID)
	}
	delete(g.seen, "")
	for id, service := range g.seen {
		out.Nodes = append(out.Nodes, incident.GraphNode{ID: id, Service: service})
	}
	slices.SortFunc(out.Nodes, func(a, b incident.GraphNode) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for k, n := range g.edges {
		out.Edges = append(out.Edges, incident.GraphEdge{From: k.from, To: k.to, Kind: k.kind, Count: n})
	}
	slices.SortFunc(out.Edges, func(a, b incident.GraphEdge) int {
		if c := strings.Compare(string(a.From), string(b.From)); c != 0 {
			return c
		}
		if c := strings.Compare(string(a.To), string(b.To)); c != 0 {
			return c
		}
		return strings.Compare(a.Kind, b.Kind)
	})
	return out
}
