package iotdb_test

import (
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/iotdb"
	"triagent/incident"
	"triagent/lab/iotdb/cluster"
	"triagent/lab/iotdb/clustertest"
	"triagent/telemetry"
)

// kept is a sink that keeps everything.
type kept struct {
	series  []connectors.Series
	changes []connectors.Change
	found   []connectors.Found
	missing []incident.Missing
	reduced []incident.Reduction
	clocks  []connectors.Clock
}

func (k *kept) Series(s connectors.Series) error { k.series = append(k.series, s); return nil }
func (k *kept) Line(connectors.Line) error       { return nil }
func (k *kept) Span(*telemetry.Span, string) error {
	return nil
}

func (k *kept) Change(c connectors.Change) error   { k.changes = append(k.changes, c); return nil }
func (k *kept) Alert(connectors.Alert) error       { return nil }
func (k *kept) Found(f connectors.Found) error     { k.found = append(k.found, f); return nil }
func (k *kept) Reduced(r incident.Reduction) error { k.reduced = append(k.reduced, r); return nil }

func (k *kept) Missing(m incident.Missing) error { k.missing = append(k.missing, m); return nil }
func (k *kept) Clock(c connectors.Clock) error   { k.clocks = append(k.clocks, c); return nil }

// TestLive reads a real cluster that had a load.
func TestLive(t *testing.T) {
	p := clustertest.Open(t)
	p.Run(t.Context(), cluster.Load{For: 15 * time.Second, Rate: 40})
	c := iotdb.Config{URLs: p.REST(), Series: []iotdb.Pattern{{Path: "root.plant.*.*.s1", Node: `root\.plant\.(line\d+)`, Step: time.Second}}}
	c.User, c.Password, c.Proxy = "root", "root", "none"
	for _, n := range p.Nodes() {
		c.Metrics = append(c.Metrics, n.At(n.Metrics()))
	}
	src, err := iotdb.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = src.Close() }()
	span := incident.Window{From: time.Now().Add(-5 * time.Minute), To: time.Now()}
	found, err := src.Discover(t.Context(), span)
	if err != nil {
		t.Fatal(err)
	}
	roles := make(map[incident.Role]int)
	for _, r := range found.Roles {
		roles[r.Role]++
	}
	if len(found.Nodes) != 6 || roles[incident.ConfigLeader] != 1 || roles[incident.ConfigFollower] != 2 || roles[incident.Leader] != len(found.Groups)-1 || roles[incident.Leader] < 4 || roles[incident.Follower] != 2*roles[incident.Leader] {
		t.Errorf("%d nodes, roles %v", len(found.Nodes), roles)
	}
	k := &kept{}
	begun := time.Now()
	if err := src.Collect(t.Context(), connectors.Ask{Span: span}, k); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d series, changes %v, missing %v, clock %v in %v, %+v", len(k.series), k.changes, k.missing, k.clocks, time.Since(begun), src.Load())
	byNode := make(map[string]int)
	for _, s := range k.series {
		byNode[s.Node]++
	}
	if byNode["datanode-3"] < 1000 || byNode["confignode-0"] < 300 || byNode["line0"] == 0 {
		t.Errorf("series by node: %v", byNode)
	}
}
