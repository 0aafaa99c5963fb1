package data

import (
	"testing"

	"triagent/agents"
	"triagent/incident"
)

// slow is an alert on a slow span: of a call that peer made, or without peer of
// what the node itself did.
func slow(node, peer incident.NodeID, operation string) incident.Alert {
	return incident.Alert{Node: node, Peer: peer, Name: "PD", Source: incident.Trace, Labels: map[string]string{"operation": operation}}
}

func toldBy(t *testing.T, alerts ...incident.Alert) agents.Result {
	t.Helper()
	r := newRecord(t)
	r.in.Nodes = []incident.NodeID{"front-a", "geo-b", "geo-b2", "rate-c"}
	r.in.Bundle.Topology.Nodes = []incident.Node{{ID: "front-a", Service: "front"}, {ID: "geo-b", Service: "geo"}, {ID: "geo-b2", Service: "geo"}, {ID: "rate-c", Service: "rate"}, {ID: "10.0.0.5", Service: "lone"}}
	r.in.Bundle.Alerts = alerts
	res, err := Happening{}.Investigate(t.Context(), r.in)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

type said struct {
	node, peer incident.NodeID
	signal     incident.Signal
}

// A call that is slow where it was made and not where it was answered lost its
// time in between.
func TestHappeningCallSides(t *testing.T) {
	for _, tt := range []struct {
		name   string
		alerts []incident.Alert
		want   []said
	}{
		{"slow at both ends", []incident.Alert{slow("front-a", "", "/rate.Rate/Get"), slow("rate-c", "front-a", "/rate.Rate/Get")}, []said{{"front-a", "rate-c", "call.latency"}, {"front-a", "rate-c", "call.latency"}}},
		{"at the caller alone", []incident.Alert{slow("front-a", "", "/rate.Rate/Get")}, []said{{"rate-c", "front-a", "call.net_time"}}},
		{"another operation was answered late", []incident.Alert{slow("front-a", "", "/rate.Rate/Get"), slow("rate-c", "front-a", "/rate.Rate/Put")}, []said{{"rate-c", "front-a", "call.net_time"}, {"front-a", "rate-c", "call.latency"}}},
		{"answered late for somebody else", []incident.Alert{slow("front-a", "", "/rate.Rate/Get"), slow("rate-c", "geo-b", "/rate.Rate/Get")}, []said{{"rate-c", "front-a", "call.net_time"}, {"geo-b", "rate-c", "call.latency"}}},
		{"one of two replicas answered late", []incident.Alert{slow("front-a", "", "/geo.Geo/Near"), slow("geo-b2", "front-a", "/geo.Geo/Near")}, []said{{"front-a", "geo-b2", "call.latency"}, {"front-a", "geo-b2", "call.latency"}}},
		{"several callees", []incident.Alert{slow("geo-b", "", "/rate.Rate/Get"), slow("geo-b", "", "/front/Get")}, []said{{"geo-b", "rate-c", "call.net_time"}, {"rate-c", "geo-b", "call.net_time"}, {"geo-b", "front-a", "call.net_time"}, {"front-a", "geo-b", "call.net_time"}}},
		{"its own step", []incident.Alert{slow("rate-c", "", "/rate.Rate/Get")}, []said{{"rate-c", "", "span.latency"}}},
		{"part of a word", []incident.Alert{slow("front-a", "", "generate")}, []said{{"front-a", "", "span.latency"}}},
		{"a name that could not be checked", []incident.Alert{slow("front-a", "", "/lone/Get")}, []said{{"front-a", "", "span.latency"}}},
		{"no operation", []incident.Alert{slow("front-a", "", "")}, []said{{"front-a", "", "span.latency"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []said
			ids := map[incident.EvidenceID]bool{}
			for _, e := range toldBy(t, tt.alerts...).Evidence {
				got, ids[e.ID] = append(got, said{e.Node, e.Peer, e.Signal}), true
			}
			if len(got) != len(tt.want) || len(ids) != len(got) {
				t.Fatalf("%v, want %v", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("%v, want %v", got, tt.want)
				}
			}
		})
	}
}

// Whoever had lost time would have been told of, so that silence says something.
func TestHappeningLostTimeSeen(t *testing.T) {
	seen := map[agents.Observable]bool{}
	for _, o := range toldBy(t, slow("front-a", "", "/rate.Rate/Get")).Seen {
		seen[o] = true
	}
	for _, n := range []incident.NodeID{"front-a", "geo-b", "geo-b2", "rate-c"} {
		if !seen[agents.Observable{Node: n, Signal: "call.net_time"}] {
			t.Errorf("time lost at %s would not have been told", n)
		}
	}
}
