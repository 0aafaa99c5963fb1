package main

import (
	"bytes"
	"strings"
	"testing"

	"triagent/collect"
	"triagent/incident"
)

// TestPrintJoins shows which nodes were taken for one, and which are known to one
// source alone.
func TestPrintJoins(t *testing.T) {
	inv := collect.Inventory{System: "plant", Sources: []collect.Discovered{{Name: "iotdb"}, {Name: "prom"}}, Joins: map[incident.NodeID][]collect.Teller{
		"dn-1": {{Source: "iotdb", Name: "dn-1"}, {Source: "prom", Name: "10.0.0.1:9092", By: "host 10.0.0.1"}},
	}}
	inv.Topology.Nodes = []incident.Node{{ID: "dn-1"}}
	for _, id := range []incident.NodeID{"a", "b", "c", "d", "e", "f", "g"} {
		inv.Topology.Nodes = append(inv.Topology.Nodes, incident.Node{ID: id})
		inv.Joins[id] = []collect.Teller{{Source: "prom", Name: string(id)}}
	}
	var out bytes.Buffer
	if err := printInventory(&out, inv); err != nil {
		t.Fatal(err)
	}
	want := `  joined
    dn-1; iotdb: dn-1; prom: 10.0.0.1:9092, by host 10.0.0.1
    known to prom alone: a, b, c, d, e and 2 more
`
	if !strings.Contains(out.String(), want) {
		t.Errorf("%s is not in\n%s", want, out.String())
	}
}
