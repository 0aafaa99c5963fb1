package intake_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"triagent/api/intake"
	"triagent/connectors"
	"triagent/incident"
	"triagent/store"
)

// TestKnown looks at what is known of an incident from its alerts.
func TestKnown(t *testing.T) {
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
	k := intake.NewKnown(inc, alerts, intake.TopologyOf(nodes, edges, at(0)))
	i := k.Incident()
	if i.ID != "inc-7" || i.System != "s" || i.Alert.Name != "Down" || i.Alert.Node != "b" || i.Alert.Source != incident.Metric || !i.Alert.Time.Equal(at(3)) {
		t.Errorf("incident %+v", i)
	}
	if !i.Window.From.Equal(at(-5)) || !i.Window.To.Equal(at(13)) || !i.Baseline.From.Equal(at(-37)) || !i.Baseline.To.Equal(at(-7)) {
		t.Errorf("window %v, baseline %v", i.Window, i.Baseline)
	}
	var to sink
	if err := k.Collect(t.Context(), connectors.Ask{}, &to); err != nil || len(to.alerts) != 3 || to.alerts[0].Name != "Slow" || to.alerts[0].Peer != "b" {
		t.Errorf("alerts %+v, %v", to.alerts, err)
	}
	f, err := k.Discover(t.Context(), i.Window)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, n := range f.Nodes {
		names = append(names, n.Names[0])
	}
	slices.Sort(names)
	if fmt.Sprint(names) != "[a b c new]" || len(f.Calls) != 2 {
		t.Errorf("nodes %v, calls %v", names, f.Calls)
	}
	if r := f.Roles; len(r) != 1 || r[0].Role != incident.Leader || r[0].From > at(0).UnixNano() {
		t.Errorf("roles %+v", r)
	}
}

// sink keeps the alerts that it is given.
type sink struct {
	connectors.Sink
	alerts []connectors.Alert
}

func (s *sink) Alert(a connectors.Alert) error {
	s.alerts = append(s.alerts, a)
	return nil
}

// TestKnownAsked examines what somebody asked for, without any alert.
func TestKnownAsked(t *testing.T) {
	from := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	inc := store.Incident{ID: "inc-8", Title: "slow", Nodes: []string{"a"}, Started: from, Requested: incident.Window{From: from, To: from.Add(time.Hour)}}
	k := intake.NewKnown(inc, nil, incident.Topology{})
	f, err := k.Discover(t.Context(), incident.Window{})
	if i := k.Incident(); err != nil || i.Window != inc.Requested || i.Alert.Name != "" || len(f.Nodes) != 1 {
		t.Errorf("%+v, %+v, %v", i, f, err)
	}
}

// TestKnownLong bounds the window of what fires for days.
func TestKnownLong(t *testing.T) {
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	alerts := []store.Alert{{Source: "generic", Fingerprint: "1", Name: "A", Starts: now.Add(-100 * time.Hour), Last: now}}
	w := intake.NewKnown(store.Incident{ID: "inc-9", Started: alerts[0].Starts}, alerts, incident.Topology{}).Incident().Window
	if w.Duration() != 24*time.Hour || !w.To.Equal(now.Add(5*time.Minute)) {
		t.Errorf("window %v", w)
	}
}
