package data

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"triagent/agents"
	"triagent/incident"
)

// happened is what the agent makes of alerts and changes among three nodes.
func happened(t *testing.T, alerts []incident.Alert, changes []incident.Change) agents.Result {
	t.Helper()
	r := newRecord(t)
	r.in.Nodes = []incident.NodeID{"a", "b", "c"}
	r.in.Bundle.Alerts, r.in.Bundle.Changes = alerts, changes
	r.in.Frame.Search = window(500, rowCount*rowStep)
	res, err := Happening{}.Investigate(t.Context(), r.in)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// An alert about a call is evidence about the one called, by its caller; what is
// said depends on where it comes from.
func TestHappeningAlerts(t *testing.T) {
	when := at(650)
	for _, tt := range []struct {
		name       string
		alert      incident.Alert
		node, peer incident.NodeID
		signal     incident.Signal
		dir        incident.Direction
	}{
		{"a metric", incident.Alert{Node: "a", Name: "rig_busy", Source: incident.Metric}, "a", "", "rig.busy", incident.Up},
		{"a metric, source unknown", incident.Alert{Node: "a", Name: "rig_busy"}, "a", "", "rig.busy", incident.Up},
		{"a direction is kept", incident.Alert{Node: "a", Name: "rig_busy", Direction: incident.Down}, "a", "", "rig.busy", incident.Down},
		{"nobody understands it", incident.Alert{Node: "a", Name: "qqq zzz"}, "a", "", "", incident.Up},
		{"a slow call", incident.Alert{Node: "b", Peer: "a", Name: "PD", Source: incident.Trace}, "a", "b", "call.latency", incident.Up},
		{"a failed call", incident.Alert{Node: "b", Peer: "a", Name: "500", Source: incident.Trace}, "a", "b", "call.error", incident.Up},
		{"a failed request", incident.Alert{Node: "b", Name: "404", Source: incident.Trace}, "b", "", "request.error", incident.Up},
		{"a slow span", incident.Alert{Node: "b", Name: "PD", Source: incident.Trace}, "b", "", "span.latency", incident.Up},
		{"a log line", incident.Alert{Node: "b", Name: "request timed out", Source: incident.Log}, "b", "", "log.timeout", incident.Up},
		{"a log line of no known meaning", incident.Alert{Node: "b", Name: "moo", Source: incident.Log}, "b", "", "template.new", incident.Up},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.alert.Time, tt.alert.File, tt.alert.Line = when, "alerts.jsonl", 7
			res := happened(t, []incident.Alert{tt.alert}, nil)
			if len(res.Evidence) != 1 {
				t.Fatalf("evidence %+v, want one", res.Evidence)
			}
			e := res.Evidence[0]
			if e.Node != tt.node || e.Peer != tt.peer || e.Signal != tt.signal || e.Direction != tt.dir || e.Score != agents.AlertScore {
				t.Errorf("evidence at %s, peer %q, %s %s, score %v; want at %s, peer %q, %s %s", e.Node, e.Peer, e.Signal, e.Direction, e.Score, tt.node, tt.peer, tt.signal, tt.dir)
			}
			if e.Source.File != "alerts.jsonl" || e.Source.Line != 7 || !e.Onset.Contains(when) {
				t.Errorf("source %+v, onset %v, want the alert's", e.Source, e.Onset)
			}
		})
	}
}

// A rule watches every node, so that an alert on one says something of the
// silence of the others.
func TestHappeningAlertsSeen(t *testing.T) {
	own := happened(t, []incident.Alert{{Node: "a", Name: "rig_busy"}}, nil)
	for _, n := range []incident.NodeID{"a", "b", "c"} {
		if !slices.Contains(own.Seen, agents.Observable{Node: n, Signal: "rig.busy"}) {
			t.Errorf("rig.busy at %s could have been alerted on", n)
		}
	}
	call := happened(t, []incident.Alert{{Node: "b", Peer: "a", Name: "PD", Source: incident.Trace}}, nil)
	if !slices.Contains(call.Seen, agents.Observable{Node: "a", Peer: "c", Signal: "call.latency"}) {
		t.Errorf("seen %+v, want that a could have waited for c", call.Seen)
	}
	if e := happened(t, []incident.Alert{{Node: "a", Name: "rig_busy"}}, nil).Evidence[0]; !e.Onset.IsZero() {
		t.Errorf("onset %v of an alert without a time", e.Onset)
	}
}

// Only what happened while an onset is looked for counts.
func TestHappeningChanges(t *testing.T) {
	for _, tt := range []struct {
		name string
		when time.Time
		want int
	}{
		{"before the search", at(499), 0},
		{"at its start", at(500), 1},
		{"in the window", at(700), 1},
		{"at the end", at(rowCount * rowStep), 0},
		{"nobody knows when", time.Time{}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := happened(t, nil, []incident.Change{{Time: tt.when, Node: "a", Kind: "restart", Text: "it came back"}})
			if len(res.Evidence) != tt.want || len(res.Findings) != tt.want {
				t.Fatalf("%d evidence, %d findings, want %d", len(res.Evidence), len(res.Findings), tt.want)
			}
			for _, e := range res.Evidence {
				if e.Signal != "event.restart" || e.Node != "a" || e.Score != changeScore || res.Findings[0].Cites[0] != e.ID {
					t.Errorf("evidence %+v, cited by %+v", e, res.Findings[0].Cites)
				}
			}
		})
	}
}

// A change of no known meaning is told all the same.
func TestHappeningUnknownChange(t *testing.T) {
	res := happened(t, nil, []incident.Change{{Time: at(600), Node: "a", Kind: "whim", Text: "moo"}})
	if len(res.Evidence) != 1 || res.Evidence[0].Signal != "" || len(res.Findings) != 1 {
		t.Errorf("evidence %+v, want one without a meaning", res.Evidence)
	}
}

// A storm costs what its rules and nodes cost, not their product with its
// alerts, and says what was not looked at.
func TestHappeningStorm(t *testing.T) {
	r := newRecord(t)
	for i := range 3000 {
		n := incident.NodeID(fmt.Sprintf("h%d", i))
		r.in.Nodes = append(r.in.Nodes, n)
		r.in.Bundle.Alerts = append(r.in.Bundle.Alerts, incident.Alert{Node: n, Peer: incident.NodeID(fmt.Sprintf("p%d", i%2*i)), Name: "rig_busy", Time: at(650)})
	}
	res, err := Happening{}.Investigate(t.Context(), r.in)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Evidence) != mostAlerts || len(res.Seen) > mostSeen+len(r.in.Nodes) {
		t.Errorf("%d pieces of evidence, %d observables", len(res.Evidence), len(res.Seen))
	}
	if len(res.Reductions) != 1 || res.Reductions[0].In != 3000 || res.Reductions[0].Out != mostAlerts {
		t.Errorf("reductions %+v", res.Reductions)
	}
	for i := range r.in.Bundle.Alerts {
		r.in.Bundle.Alerts[i].Peer = ""
	}
	if res, err = (Happening{}).Investigate(t.Context(), r.in); err != nil || len(res.Seen) != len(r.in.Nodes) {
		t.Errorf("%d observables of one rule over %d nodes: %v", len(res.Seen), len(r.in.Nodes), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Happening{}).Investigate(ctx, r.in); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
}
