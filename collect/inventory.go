package collect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/incident"
)

// Inventory is who takes part in a system and what its sources hold, without any
// sample.
type Inventory struct {
	System, Kind string
	Sources      []Discovered // in the order of the declaration
	Topology     incident.Topology
	Joins        map[incident.NodeID][]Teller // who knows each node, in the order of the declaration
}

// Teller is a source that knows a node.
type Teller struct {
	Source, Name string // and how it calls the node
	By           string // what it was joined by with what was known, as "host 10.0.0.1"; empty: it was not
}

// Discovered is what one source knows.
type Discovered struct {
	Name, Kind, At string
	Found          connectors.Found
	Took           time.Duration
	Err            error // nil: it answered
}

// Failed counts the sources that could not be asked.
func (i *Inventory) Failed() int {
	n := 0
	for _, s := range i.Sources {
		if s.Err != nil {
			n++
		}
	}
	return n
}

// RolesOf names the roles of a node, as "leader of 3, follower of 6".
func (i *Inventory) RolesOf(node incident.NodeID) string {
	counts := make(map[incident.Role]int)
	var order []incident.Role
	last := make(map[string]incident.Role)
	for _, r := range i.Topology.Roles { // by group, node and time: the last one of a group holds
		if r.Node == node {
			last[r.Group] = r.Role
		}
	}
	for _, r := range last {
		if counts[r] == 0 {
			order = append(order, r)
		}
		counts[r]++
	}
	slices.Sort(order)
	var parts []string
	for _, r := range order {
		parts = append(parts, fmt.Sprintf("%s of %d", r, counts[r]))
	}
	return strings.Join(parts, ", ")
}

// Discover asks all sources at once whom and what they know in a span of time.
// A source that cannot be asked costs only itself.
func (s *System) Discover(ctx context.Context, span incident.Window) Inventory {
	inv := Inventory{System: s.Name, Kind: s.Kind, Sources: make([]Discovered, len(s.Sources))}
	s.each(func(i int, src Source) {
		begun := time.Now()
		f, err := src.Discover(ctx, span)
		inv.Sources[i] = Discovered{Name: src.Name, Kind: src.Kind, At: src.At, Found: f, Took: time.Since(begun)}
		if err != nil {
			inv.Sources[i].Err = reason(ctx, err)
		}
	})
	g := &gathering{span: span, nodes: newDirectory()}
	for _, d := range inv.Sources {
		g.learn(d.Name, d.Found)
	}
	inv.Topology, inv.Joins = g.topology(), g.nodes.joins()
	return inv
}
