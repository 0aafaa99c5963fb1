package meta

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"triagent/incident"
	"triagent/telemetry"
)

// edges names the edges of a graph as "from kind to xcount".
func edges(t *testing.T, b *telemetry.Bundle) []string {
	t.Helper()
	g, reduced, err := buildGraph(t.Context(), b, nil)
	if err != nil || reduced != nil {
		t.Fatalf("reduced %v, %v", reduced, err)
	}
	var out []string
	for _, e := range g.Edges {
		out = append(out, fmt.Sprintf("%s %s %s x%d", e.From, e.Kind, e.To, e.Count))
	}
	return out
}

func TestBuildGraph(t *testing.T) {
	hosts := incident.Topology{Nodes: []incident.Node{{ID: "a", Host: "10.0.0.1"}, {ID: "b", Host: "Host-B"}, {ID: "c"}}}
	called := nodes("a", "b")
	called.Calls = []incident.Call{{From: "a", To: "b"}}
	grouped := nodes("a", "b", "c")
	grouped.Groups = []incident.Group{{ID: "g", Members: []incident.NodeID{"b", "a", "c"}}}
	peer := func(key, name string) map[string]string { return map[string]string{key: name} }
	for _, tt := range []struct {
		name   string
		top    incident.Topology
		spans  []telemetry.Span
		tables []telemetry.Table
		want   []string
	}{
		{"calls that are known, not counted", called, nil, nil, []string{"a call b x0"}},
		{"replicas, each pair once", grouped, nil, nil, []string{"a replication b x0", "a replication c x0", "b replication c x0"}},
		{"a child on another node", nodes("a", "b"), []telemetry.Span{span("1", "", "a", nil), span("2", "1", "b", nil)}, nil, []string{"a call b x1"}},
		{"the parent after its child", nodes("a", "b"), []telemetry.Span{span("2", "1", "b", nil), span("1", "", "a", nil)}, nil, []string{"a call b x1"}},
		{"a child on the same node", nodes("a", "b"), []telemetry.Span{span("1", "", "a", nil), span("2", "1", "a", nil)}, nil, nil},
		{"a parent that was not recorded", nodes("a", "b"), []telemetry.Span{span("2", "1", "b", nil)}, nil, nil},
		{"a known call is counted", called, []telemetry.Span{span("1", "", "a", nil), span("2", "1", "b", nil)}, nil, []string{"a call b x1"}},
		{"a peer by its ID", nodes("a", "b"), []telemetry.Span{span("1", "", "a", peer("peer.service", "b"))}, nil, []string{"a call b x1"}},
		{"a peer by its host, in any case", hosts, []telemetry.Span{span("1", "", "a", peer("server.address", "HOST-b"))}, nil, []string{"a call b x1"}},
		{"a peer that is itself", hosts, []telemetry.Span{span("1", "", "a", peer("server.address", "10.0.0.1"))}, nil, nil},
		{"a peer that nobody knows", nodes("a"), []telemetry.Span{span("1", "", "a", peer("peer.service", "z"))}, nil, nil},
		{"a metric that names a host", hosts, nil, []telemetry.Table{table("b", 1, "sync_lag{peer=10.0.0.1}")}, []string{"b connection a x0"}},
		{"a metric that names a node in brackets", hosts, nil, []telemetry.Table{table("b", 1, `lag["C", 2]`)}, []string{"b connection c x0"}},
		{"a metric that names itself", hosts, nil, []telemetry.Table{table("b", 1, "lag{peer=host-b}")}, nil},
		{"a name outside of braces", hosts, nil, []telemetry.Table{table("b", 1, "lag_a_c")}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, edges(t, written(t, tt.top, tt.spans, tt.tables...))); diff != "" {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
		})
	}
}

// Spans that each name another node make no graph of as many; those that the
// topology knows are in it, wherever they come.
func TestBuildGraphStrangers(t *testing.T) {
	var spans []telemetry.Span
	for i := range maxStrangers + 500 {
		spans = append(spans, span(fmt.Sprint(i), "", incident.NodeID(fmt.Sprint("lambda-", i)), map[string]string{"peer.service": "b"}))
	}
	spans = append(spans, span("x", "1", "a", nil), span("y", "x", "b", nil))
	g, reduced, err := buildGraph(t.Context(), written(t, nodes("a", "b"), spans), nil)
	if err != nil || reduced == nil {
		t.Fatalf("reduced %v, %v", reduced, err)
	}
	if len(g.Nodes) != maxStrangers+2 || len(g.Edges) != maxStrangers+2 || reduced.In-reduced.Out != 500 {
		t.Errorf("%d nodes, %d edges, reduced %+v", len(g.Nodes), len(g.Edges), reduced)
	}
}

// A group of thousands, which no consensus has, must not cost millions of edges.
func TestBuildGraphLargeGroup(t *testing.T) {
	var ids []incident.NodeID
	for i := range 5000 {
		ids = append(ids, incident.NodeID(fmt.Sprint("n", i)))
	}
	top := nodes(ids...)
	top.Groups = []incident.Group{{ID: "g", Members: ids}}
	g, _, err := buildGraph(t.Context(), &telemetry.Bundle{Topology: top}, nil)
	if err != nil || len(g.Edges) != len(ids) {
		t.Errorf("%d edges, %v", len(g.Edges), err)
	}
}

// blockOf is a block with one span.
func blockOf(s *telemetry.Span, list uint64) *telemetry.Block {
	return &telemetry.Block{
		List: list, Texts: []string{"", string(s.Node), s.Service}, Attributes: make([][]telemetry.Attribute, 1),
		Marks: []telemetry.Mark{{Span: telemetry.HashID(s.SpanID), Parent: telemetry.HashID(s.ParentID), Node: 1, Service: 2}},
	}
}

// Spans come in any order; the graph is the same.
func TestBuildGraphIgnoresOrder(t *testing.T) {
	names := []incident.NodeID{"a", "b", "c", "d"}
	rapid.Check(t, func(r *rapid.T) {
		var spans []telemetry.Span
		for i := range rapid.IntRange(1, 12).Draw(r, "spans") {
			parent := ""
			if i > 0 {
				parent = fmt.Sprint(rapid.IntRange(0, i-1).Draw(r, "parent"))
			}
			spans = append(spans, span(fmt.Sprint(i), parent, rapid.SampledFrom(names).Draw(r, "node"), nil))
		}
		mixed := rapid.Permutation(spans).Draw(r, "mixed")
		built := func(list []telemetry.Span) incident.Graph {
			g := newGraphBuilder()
			for i := range list {
				g.addBlock(blockOf(&list[i], uint64(i)))
			}
			g.joinSpans()
			return g.graph(&telemetry.Bundle{Topology: nodes(names...)})
		}
		if diff := cmp.Diff(built(spans), built(mixed)); diff != "" {
			r.Fatalf("in another order (-one +other):\n%s", diff)
		}
	})
}

// A node that spans alone name takes part: it can be the one that failed.
func TestStrangers(t *testing.T) {
	spans := []telemetry.Span{span("1", "", "z", nil), span("2", "1", "b", nil), span("3", "1", "", nil)}
	spans[0].Service = "shop"
	for _, tt := range []struct {
		name string
		top  incident.Topology
		want []incident.NodeID
		told []incident.Missing
	}{
		{"no topology", incident.Topology{}, []incident.NodeID{"b", "z"}, nil},
		{"another topology", nodes("a", "b"), []incident.NodeID{"a", "b", "z"}, []incident.Missing{{What: "topology", Why: "it does not name z: role unknown"}}},
		{"the topology knows all", nodes("z", "b"), []incident.NodeID{"z", "b"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, d := newRun(1)
			r.in.Bundle = written(t, tt.top, spans)
			if err := r.mapSystem(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.in.Nodes); diff != "" {
				t.Errorf("nodes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.told, d.Missing); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			if last := d.Graph.Nodes[len(d.Graph.Nodes)-1]; last.ID != "z" || last.Service != "shop" && len(tt.want) != len(tt.top.Nodes) {
				t.Errorf("the last node is %+v", last)
			}
		})
	}
}

func TestBuildGraphCancelled(t *testing.T) {
	b := written(t, nodes("a", "b"), []telemetry.Span{span("1", "", "a", nil)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := buildGraph(ctx, b, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want that it was cancelled", err)
	}
}
