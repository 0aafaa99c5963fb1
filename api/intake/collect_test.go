package intake_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"triagent/api/intake"
	"triagent/incident"
	"triagent/store"
	"triagent/telemetry"
)

// TestCollect writes a bundle and reads it back.
func TestCollect(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2026, 11, 20, 10, minute, 0, 0, time.UTC) }
	inc := store.Incident{ID: "inc-7", Title: "a: Slow", System: "s", Started: at(0), Nodes: []string{"a", "new"}}
	alerts := []store.Alert{
		{Source: "alertmanager", Fingerprint: "2", Name: "Down", Node: "b", Severity: store.Critical, Starts: at(3), Last: at(4), Labels: map[string]string{"alertname": "Down"}},
		{Source: "alertmanager", Fingerprint: "1", Name: "Slow", Node: "a", Peer: "b", Severity: store.Warning, Starts: at(0), Last: at(6)},
		{Source: "generic", Fingerprint: "3", Name: "Odd", Severity: store.Critical, Starts: at(5), Ends: at(8), Labels: map[string]string{"signal": "Logs"}},
	}
	nodes := []store.TopologyNode{
		{System: "s", Node: "a", Service: "db", Role: incident.Leader, Seen: at(59)},
		{System: "s", Node: "b", Service: "db"},
		{System: "s", Node: "c", Service: "gateway"},
		{System: "s", Node: "d"},
		{System: "s", Node: "far"},
		{System: "t", Node: "a", Service: "other"},
	}
	edges := []store.TopologyEdge{
		{From: "c", To: "a", Kind: "call"}, {From: "c", To: "a", Kind: "connection"}, {From: "d", To: "far", Kind: "call"}, {From: "a", To: "d", Kind: "replication"},
	}
	for _, name := range []string{"bundle", "bundle.tar.gz"} {
		t.Run(name, func(t *testing.T) {
			dst := filepath.Join(t.TempDir(), name)
			if err := intake.Collect(t.Context(), inc, alerts, intake.TopologyOf(nodes, edges, at(0)), dst); err != nil {
				t.Fatal(err)
			}
			b, err := telemetry.Open(t.Context(), dst, telemetry.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			i := b.Incident
			if i.ID != "inc-7" || i.System != "s" || i.Alert.Name != "Down" || i.Alert.Node != "b" || i.Alert.Source != incident.Metric || !i.Alert.Time.Equal(at(3)) {
				t.Errorf("incident %+v", i)
			}
			if !i.Window.From.Equal(at(-5)) || !i.Window.To.Equal(at(13)) || !i.Baseline.From.Equal(at(-37)) || !i.Baseline.To.Equal(at(-7)) {
				t.Errorf("window %v, baseline %v", i.Window, i.Baseline)
			}
			if len(b.Alerts) != 3 || b.Alerts[0].Name != "Slow" || b.Alerts[0].Peer != "b" || b.Alerts[2].Source != incident.Log {
				t.Errorf("alerts %+v", b.Alerts)
			}
			var ids []incident.NodeID
			for _, n := range b.Topology.Nodes {
				ids = append(ids, n.ID)
			}
			if fmt.Sprint(ids) != "[a b c new]" || fmt.Sprint(b.Topology.Calls) != "[{a b} {c a}]" {
				t.Errorf("nodes %v, calls %v", ids, b.Topology.Calls)
			}
			if r := b.Topology.Roles; len(r) != 1 || r[0].Role != incident.Leader || r[0].From.After(at(0)) {
				t.Errorf("roles %+v", r)
			}
		})
	}
}

// TestCollectAsked makes a bundle of what somebody asked, without any alert.
func TestCollectAsked(t *testing.T) {
	from := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	var first []byte
	for range 2 {
		dst := filepath.Join(t.TempDir(), "b.tar")
		inc := store.Incident{ID: "inc-8", Title: "slow", Nodes: []string{"a"}, Started: from, Requested: incident.Window{From: from, To: from.Add(time.Hour)}}
		if err := intake.Collect(t.Context(), inc, nil, incident.Topology{}, dst); err != nil {
			t.Fatal(err)
		}
		b, err := telemetry.Open(t.Context(), dst, telemetry.Limits{})
		if err != nil || b.Incident.Window != inc.Requested || b.Incident.Alert.Name != "" || len(b.Topology.Nodes) != 1 {
			t.Fatalf("%+v, %v", b, err)
		}
		data, err := os.ReadFile(dst)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		} else if string(first) != string(data) {
			t.Error("equal arguments give other bytes")
		}
	}
}

// TestCollectLong bounds the window of what fires for days.
func TestCollectLong(t *testing.T) {
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	dst := filepath.Join(t.TempDir(), "b")
	alerts := []store.Alert{{Source: "generic", Fingerprint: "1", Name: "A", Starts: now.Add(-100 * time.Hour), Last: now}}
	if err := intake.Collect(t.Context(), store.Incident{ID: "inc-9", Started: alerts[0].Starts}, alerts, incident.Topology{}, dst); err != nil {
		t.Fatal(err)
	}
	b, err := telemetry.Open(t.Context(), dst, telemetry.Limits{})
	if err != nil || b.Incident.Window.Duration() != 24*time.Hour || !b.Incident.Window.To.Equal(now.Add(5*time.Minute)) {
		t.Errorf("window %v, %v", b.Incident.Window, err)
	}
}
