package clustertest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"triagent/collect"
	"triagent/connectors/files"
	"triagent/connectors/iotdb"
	"triagent/connectors/prometheus"
	"triagent/incident"
	"triagent/lab/iotdb/cluster"
	"triagent/lab/iotdb/clustertest"
	"triagent/telemetry"
)

// TestBundle collects from a cluster one of whose DataNodes was killed, over its
// REST service, its log files and the Prometheus that scrapes it, into one bundle.
func TestBundle(t *testing.T) {
	p := clustertest.Open(t)
	p.Run(t.Context(), cluster.Load{For: 20 * time.Second, Rate: 40})
	const lost = "datanode-4"
	from := time.Now().Add(-10 * time.Minute)
	killed := time.Now()
	if err := p.Kill(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Start(t.Context(), lost); err != nil {
			t.Error(err)
		}
	}()
	p.Run(t.Context(), cluster.Load{For: 15 * time.Second, Rate: 40})

	c := iotdb.Config{URLs: p.REST()}
	c.User, c.Password, c.Proxy = "root", "root", "none"
	db, err := iotdb.New(c)
	if err != nil {
		t.Fatal(err)
	}
	logs, err := files.New(files.Config{Paths: []string{filepath.Join(p.Dir, "*", "logs", "*.log*")}})
	if err != nil {
		t.Fatal(err)
	}
	prom := prometheus.Config{}
	prom.URL, prom.Proxy = "http://"+p.Prometheus(), "none"
	metrics, err := prometheus.New(prom)
	if err != nil {
		t.Fatal(err)
	}
	s := collect.System{Name: "lab", Kind: "iotdb", Sources: []collect.Source{
		{Name: "iotdb", Kind: "iotdb", At: p.REST()[0], Source: db},
		{Name: "logs", Kind: "files", At: p.Dir, Source: logs},
		{Name: "metrics", Kind: "prometheus", At: prom.URL, Source: metrics},
	}}
	defer func() { _ = s.Close() }()
	dst := filepath.Join(t.TempDir(), "bundle")
	if keep := os.Getenv("TRIAGENT_KEEP_BUNDLE"); keep != "" {
		dst = keep
	}
	begun := time.Now()
	got, err := s.Bundle(t.Context(), collect.Ask{Incident: incident.Incident{
		ID: "lab-1", Title: "a node is down", Window: incident.Window{From: killed.Add(-time.Minute), To: time.Now()},
		Baseline: incident.Window{From: from, To: killed.Add(-time.Minute)},
	}}, dst)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v in %v", got.Sources, time.Since(begun))
	b, err := telemetry.Open(t.Context(), dst, telemetry.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Topology.Nodes) != 6 || len(b.LogNodes) != 6 || len(b.Topology.Groups) < 5 || len(b.Topology.Roles) < 15 {
		t.Errorf("%d nodes, logs of %v, %d groups, %d roles", len(b.Topology.Nodes), b.LogNodes, len(b.Topology.Groups), len(b.Topology.Roles))
	}
	if len(b.Tables) != 6 {
		t.Errorf("metrics of %d nodes", len(b.Tables))
	}
	told := false
	for _, c := range b.Changes {
		told = told || c.Node == lost && c.Kind == "status"
	}
	if !told {
		t.Errorf("the status of %s is not told: %+v", lost, b.Changes)
	}
	lines := make(map[incident.NodeID]int)
	if err := b.Logs(t.Context(), nil, func(r *telemetry.Record) error {
		lines[r.Node]++
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, n := range p.Nodes() {
		if lines[incident.NodeID(n.Name)] == 0 {
			t.Errorf("no log line of %s: %v", n.Name, lines)
		}
	}
	t.Log(lines, fmt.Sprint(b.Missing))
}
