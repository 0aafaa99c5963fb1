package main

import (
	"fmt"
	"slices"
	"time"

	"triagent/incident"
	"triagent/store"
)

// What the made incidents are made of.
var (
	systems  = []string{"iotdb", "postgresql", "kafka", "redis", "tidb", "shop", "billing", "search"}
	services = []string{"datanode", "primary", "broker", "cache", "replica", "api", "worker", "indexer"} // of the systems, in their order
	faults   = []incident.Fault{
		"cpu_saturation", "memory_saturation", "io_saturation", "disk_full", "node_down", "network_delay", "network_loss",
		"slow_query", "lock_contention", "replica_lag", "leader_flapping", "workload_spike", "code_exception", "config_error",
	}
	signs = []string{
		"Writes time out", "Latency of reads is high", "Replication falls behind", "Disk fills up", "Leader changes again and again",
		"Requests fail with 5xx", "Compaction does not keep up", "Connections are refused", "CPU is busy", "Memory runs out",
	}
	verdicts = []incident.Verdict{incident.Confirmed, incident.Confirmed, incident.Likely, incident.Likely, incident.Inconclusive, incident.Healthy}
	rules    = []string{"HighLatency", "DiskAlmostFull", "TargetDown", "ReplicationLag", "HighErrorRate", "CPUThrottled", "MemoryPressure", "QueueGrows"}
	zones    = []string{"eu-central-1a", "eu-central-1b", "us-east-1c", "ap-south-1a"}
)

func systemOf(i int) string { return pick(i, 1, systems) }

// serviceOf is the service of incident i: each system has one.
func serviceOf(i int) string { return services[slices.Index(systems, systemOf(i))] }

// nodeOf is the k-th node of incident i, one of sixty of the system; k = 0 is
// the culprit.
func nodeOf(i, k int) string { return fmt.Sprintf("%s-%d", serviceOf(i), (i*31+k*7)%60) }

// incident is what incident i is before its diagnosis.
func (h *history) incident(i int) store.Incident {
	in := store.Incident{
		Title:    fmt.Sprintf("%s on %s (%s)", pick(i, 3, signs), nodeOf(i, 0), pick(i, 4, zones)),
		System:   systemOf(i),
		Severity: pick(i, 5, []store.Severity{store.Info, store.Warning, store.Warning, store.Major, store.Major, store.Critical}),
		Source:   pick(i, 6, []string{"alertmanager", "alertmanager", "upload", "generic", "api"}),
		Labels: map[string]string{
			"zone": pick(i, 4, zones), "team": pick(i, 7, []string{"storage", "platform", "payments", "search"}),
			"cluster": fmt.Sprintf("%s-%02d", systemOf(i), i%40), "ticket": fmt.Sprintf("OPS-%d", 10_000+i),
		},
		Started: h.at.now().Add(-time.Duration(1+i%20) * time.Minute),
	}
	if h.whole(i) {
		in.Bundle, in.Size = h.solvedBy(i).bundle, h.solvedBy(i).size
	}
	return in
}

// diagnosis is what was found in incident i. That of the newest is one of a
// bundled incident, whole; others have their conclusion only.
func (h *history) diagnosis(i int) incident.Diagnosis {
	d := h.solvedBy(i).diagnosis
	d.Verdict = pick(i, 8, verdicts)
	d.Confidence = .4 + float64(i%60)/100
	if h.whole(i) {
		return d
	}
	d.Evidence, d.Charts, d.Templates, d.Reductions, d.Missing = nil, nil, nil, nil, nil
	d.Findings, d.Reasoning, d.Rejected, d.Propagation, d.Plan = nil, nil, nil, nil, nil
	d.Graph = graph(i)
	d.Causes = slices.Clone(d.Causes)
	if len(d.Causes) > 0 && d.Verdict != incident.Healthy {
		c := &d.Causes[0]
		c.Node, c.Service, c.Fault, c.Cites = incident.NodeID(nodeOf(i, 0)), serviceOf(i), pick(i, 9, faults), nil
		d.Summary.Args = slices.Clone(d.Summary.Args)
		for k := range d.Summary.Args {
			if d.Summary.Args[k].Name == "node" {
				d.Summary.Args[k].Value = string(c.Node)
			}
		}
	}
	return d
}

// graph is a few nodes that call the culprit.
func graph(i int) incident.Graph {
	var g incident.Graph
	for k := range 6 {
		id := incident.NodeID(nodeOf(i, k))
		g.Nodes = append(g.Nodes, incident.GraphNode{ID: id, Service: serviceOf(i)})
		if k > 0 {
			g.Edges = append(g.Edges, incident.GraphEdge{From: id, To: g.Nodes[0].ID, Kind: "call", Count: 100 + i%900})
		}
	}
	return g
}

// alert is the k-th alert of incident i.
func alert(i, k int, opened time.Time) store.Alert {
	node, rule := nodeOf(i, k), rules[(i+k)%len(rules)]
	return store.Alert{
		Source: "alertmanager", Fingerprint: fmt.Sprintf("%08x%08x", i, k), Name: rule, Severity: store.Severity(1 + (i+k)%4),
		Node: node, System: systemOf(i), URL: "http://127.0.0.1:9093/graph",
		Labels: map[string]string{
			"alertname": rule, "instance": node + ":9100", "cluster": fmt.Sprintf("%s-%02d", systemOf(i), i%40), "severity": "warning",
			"job": serviceOf(i), "zone": pick(i, 4, zones),
		},
		Annotations: map[string]string{
			"summary":     fmt.Sprintf("%s on %s since %d minutes", pick(i+k, 3, signs), node, 1+i%20),
			"description": fmt.Sprintf("The value is %d, the limit is %d. See the dashboard of %s.", 100+(i*k)%900, 90, serviceOf(i)),
		},
		Starts: opened.Add(time.Duration(k) * 7 * time.Second), Received: opened.Add(time.Duration(k)*7*time.Second + time.Second),
	}
}
