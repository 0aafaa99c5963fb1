package collect_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"triagent/collect"
	"triagent/connectors"
	"triagent/incident"
)

// crowd is two sources that know many nodes under different names, on hosts of
// their own, and lack something of each.
func crowd(n int) []collect.Source {
	var a, b connectors.Found
	for i := range n {
		host := fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
		a.Nodes = append(a.Nodes, connectors.Node{Names: []string{fmt.Sprintf("node-%d", i), host + ":6667"}, Host: host})
		b.Nodes = append(b.Nodes, connectors.Node{Names: []string{host + ":9092"}, Host: host})
		b.Lacks = append(b.Lacks, connectors.Lack{What: "metrics of " + host, Why: "none"})
	}
	a.Groups = []connectors.Group{{ID: "all"}}
	for _, x := range b.Nodes {
		a.Groups[0].Members = append(a.Groups[0].Members, x.Names[0])
	}
	lines := &scripted{found: b, give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
		for _, x := range b.Nodes {
			if err := to.Series(connectors.Series{Node: x.Host, Name: "up", Times: at(61), Values: []float64{1}}); err != nil {
				return err
			}
		}
		return nil
	}}
	return []collect.Source{named("a", &scripted{found: a}), named("b", lines)}
}

// TestCrowd joins some hundred nodes of two sources by their hosts.
func TestCrowd(t *testing.T) {
	b, _ := gather(t, collect.Ask{Incident: ask}, crowd(300)...)
	if len(b.Topology.Nodes) != 300 || len(b.Tables) != 300 || len(b.Topology.Groups[0].Members) != 300 || len(b.Missing) < 300 {
		t.Errorf("%d nodes, %d tables, %d members, %d missing", len(b.Topology.Nodes), len(b.Tables), len(b.Topology.Groups[0].Members), len(b.Missing))
	}
	if id := b.Tables[7].Node; b.Topology.Nodes[7].ID != id || id != "node-104" {
		t.Errorf("%s and %s", id, b.Topology.Nodes[7].ID)
	}
}

// TestMerge has a source that says of two nodes of another that they are one.
func TestMerge(t *testing.T) {
	two := &scripted{found: connectors.Found{Nodes: []connectors.Node{{Names: []string{"a"}, Host: "h"}, {Names: []string{"b"}, Host: "h"}}}}
	one := &scripted{
		found: connectors.Found{Nodes: []connectors.Node{{Names: []string{"b", "a"}}}},
		give: func(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
			return to.Line(connectors.Line{Node: "h", Time: at(61)[0], Body: []byte("x")}) // it is alone there now
		},
	}
	b, _ := gather(t, collect.Ask{Incident: ask}, named("two", two), named("one", one))
	n := slices.DeleteFunc(b.Topology.Nodes, func(n incident.Node) bool { return !n.Known })
	if len(n) != 1 || n[0].ID != "a" || n[0].Host != "h" || len(b.LogNodes) != 1 || b.LogNodes[0] != "a" {
		t.Errorf("nodes %+v, logs of %v", n, b.LogNodes)
	}
}

// BenchmarkCrowd shows what ten times as many nodes cost: about ten times as much.
func BenchmarkCrowd(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		sources := crowd(n)
		sources[1].Source.(*scripted).give = nil // a file a node is another matter
		s := collect.System{Sources: sources}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if _, err := s.Bundle(b.Context(), collect.Ask{Incident: ask, Bare: true, Scratch: b.TempDir()}, filepath.Join(b.TempDir(), fmt.Sprint(i))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestJoins says by what nodes of different sources are taken for one.
func TestJoins(t *testing.T) {
	node := func(host string, names ...string) connectors.Node { return connectors.Node{Names: names, Host: host} }
	s := collect.System{Sources: []collect.Source{
		named("iotdb", &scripted{found: connectors.Found{Nodes: []connectors.Node{node("10.0.0.1", "dn-1", "10.0.0.1:6667"), node("10.0.0.2", "dn-2"), node("10.0.0.2", "cn-2")}}}),
		named("prom", &scripted{found: connectors.Found{Nodes: []connectors.Node{node("10.0.0.1", "10.0.0.1:9092"), node("10.0.0.2", "10.0.0.2:9092")}}}),
		named("logs", &scripted{found: connectors.Found{Nodes: []connectors.Node{node("", "other", "dn-2"), node("", "dn-1")}}}),
	}}
	inv := s.Discover(t.Context(), incident.Window{From: begin, To: begin.Add(1)})
	for id, want := range map[incident.NodeID][]collect.Teller{
		"dn-1":          {{"iotdb", "dn-1", ""}, {"prom", "10.0.0.1:9092", "host 10.0.0.1"}, {"logs", "dn-1", "name dn-1"}},
		"dn-2":          {{"iotdb", "dn-2", ""}, {"logs", "other", "name dn-2"}},
		"10.0.0.2:9092": {{"prom", "10.0.0.2:9092", ""}},
	} {
		if got := inv.Joins[id]; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
}
