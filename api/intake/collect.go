package intake

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/store"
)

// The times around alerts that a bundle covers. Trouble begins before the first
// alert, which waits for a rule to hold.
const (
	leadTime     = 5 * time.Minute
	followTime   = 5 * time.Minute
	baselineTime = 30 * time.Minute
	baselineGap  = 2 * time.Minute
	maxWindow    = 24 * time.Hour // of alerts that fire for days the last day counts
)

// Known is what is known of an incident from its alerts and from earlier
// diagnoses of its surroundings: a source of alerts and topology like any other.
type Known struct {
	inc      store.Incident
	alerts   []store.Alert // by start
	topology incident.Topology
}

// NewKnown returns a source of what is known of an incident. It keeps topology.
func NewKnown(inc store.Incident, alerts []store.Alert, topology incident.Topology) *Known {
	alerts = slices.Clone(alerts)
	slices.SortFunc(alerts, func(a, b store.Alert) int {
		return cmp.Or(a.Starts.Compare(b.Starts), strings.Compare(a.Fingerprint, b.Fingerprint))
	})
	return &Known{inc: inc, alerts: alerts, topology: around(topology, inc, alerts)}
}

// Incident is the incident as a bundle has it: with the window to examine, the
// baseline before it, and the alert that people were called for.
func (k *Known) Incident() incident.Incident {
	head := incident.Incident{ID: incident.ID(k.inc.ID), Title: k.inc.Title, System: k.inc.System, Window: windowOf(k.inc, k.alerts)}
	head.Baseline = incident.Window{From: head.Window.From.Add(-baselineGap - baselineTime), To: head.Window.From.Add(-baselineGap)}
	opener := -1
	for i := range k.alerts {
		// The first of the worst is what people were called for.
		if opener < 0 || k.alerts[i].Severity > k.alerts[opener].Severity {
			opener = i
		}
	}
	if opener >= 0 {
		a := &k.alerts[opener]
		head.Alert = incident.Alert{
			Time: a.Starts.UTC(), Node: incident.NodeID(a.Node), Peer: incident.NodeID(a.Peer), Name: a.Name,
			Source: connectors.SignalOf(a.Source, a.Labels), Labels: a.Labels,
		}
	}
	return head
}

// Discover tells of the nodes around the alerts.
func (k *Known) Discover(context.Context, incident.Window) (connectors.Found, error) {
	var f connectors.Found
	for _, n := range k.topology.Nodes {
		f.Nodes = append(f.Nodes, connectors.Node{Names: []string{string(n.ID)}, Host: n.Host, Service: n.Service, Labels: n.Labels})
	}
	for _, r := range k.topology.Roles {
		f.Roles = append(f.Roles, connectors.Role{Node: string(r.Node), Role: r.Role, Group: r.Group, From: r.From.UnixNano()})
	}
	for _, c := range k.topology.Calls {
		f.Calls = append(f.Calls, connectors.Call{From: string(c.From), To: string(c.To)})
	}
	return f, nil
}

// Collect hands over the alerts, the one that people were called for among them:
// here it is not the sign of what telemetry shows, but a piece of the evidence.
func (k *Known) Collect(_ context.Context, _ connectors.Ask, to connectors.Sink) error {
	for i := range k.alerts {
		a := &k.alerts[i]
		err := to.Alert(connectors.Alert{
			Source: a.Source, Name: a.Name, Node: a.Node, Peer: a.Peer, System: a.System, Labels: a.Labels, Starts: a.Starts, Ends: a.Ends,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Close does nothing.
func (k *Known) Close() error { return nil }

// windowOf is the time that is to be examined: what was asked for, or around the
// alerts.
func windowOf(inc store.Incident, alerts []store.Alert) incident.Window {
	if !inc.Requested.IsZero() {
		return inc.Requested
	}
	w := incident.Window{From: inc.Started, To: inc.Started}
	for i := range alerts {
		a := &alerts[i]
		last := a.Ends
		if last.IsZero() {
			last = a.Last
		}
		if w.From.IsZero() || a.Starts.Before(w.From) {
			w.From = a.Starts
		}
		if last.After(w.To) {
			w.To = last
		}
	}
	w.From, w.To = w.From.UTC().Add(-leadTime), w.To.UTC().Add(followTime)
	if w.Duration() > maxWindow {
		w.From = w.To.Add(-maxWindow)
	}
	return w
}
