package intake

import (
	"context"
	"slices"
	"strings"
	"time"

	"triagent/incident"
	"triagent/store"
	"triagent/telemetry"
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

// Collect makes the bundle of an incident that came without one, from its
// alerts and what earlier diagnoses have seen of its surroundings: incident,
// topology and alerts, and no telemetry, which the diagnosis reports as missing.
// Dst is as in telemetry.Write. Equal arguments give equal bytes.
func Collect(ctx context.Context, inc store.Incident, alerts []store.Alert, topology incident.Topology, dst string) error {
	alerts = slices.Clone(alerts)
	slices.SortFunc(alerts, func(a, b store.Alert) int {
		if c := a.Starts.Compare(b.Starts); c != 0 {
			return c
		}
		return strings.Compare(a.Fingerprint, b.Fingerprint)
	})
	head := incident.Incident{ID: incident.ID(inc.ID), Title: inc.Title, System: inc.System, Window: windowOf(inc, alerts)}
	head.Baseline = incident.Window{From: head.Window.From.Add(-baselineGap - baselineTime), To: head.Window.From.Add(-baselineGap)}
	opener := -1
	for i := range alerts {
		// The first of the worst is what people were called for.
		if opener < 0 || alerts[i].Severity > alerts[opener].Severity {
			opener = i
		}
	}
	// It is listed with the others as well: here it is not the sign of what
	// telemetry shows, but a piece of all the evidence there is.
	list := make([]incident.Alert, len(alerts))
	for i := range alerts {
		list[i] = alertOf(&alerts[i])
	}
	if opener >= 0 {
		head.Alert = list[opener]
	}
	return telemetry.Write(ctx, dst, func(w *telemetry.Writer) error {
		if err := w.Incident(head, nil); err != nil {
			return err
		}
		if err := w.Topology(around(topology, inc, alerts)); err != nil {
			return err
		}
		return w.Alerts(list)
	})
}

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

// alertOf makes an alert of a bundle of a stored one.
func alertOf(a *store.Alert) incident.Alert {
	return incident.Alert{
		Time: a.Starts.UTC(), Node: incident.NodeID(a.Node), Peer: incident.NodeID(a.Peer), Name: a.Name,
		Source: signalOf(a), Labels: a.Labels,
	}
}

// signalOf says what kind of signal an alert was raised on, where a label tells.
func signalOf(a *store.Alert) incident.Kind {
	for _, name := range []string{"signal", "telemetry", "datasource_type", "source_type"} {
		switch strings.ToLower(a.Labels[name]) {
		case "metric", "metrics", "prometheus":
			return incident.Metric
		case "log", "logs", "loki", "elasticsearch":
			return incident.Log
		case "trace", "traces", "tempo", "jaeger":
			return incident.Trace
		}
	}
	if a.Source == "alertmanager" {
		return incident.Metric // its rules are over metrics, whatever they count
	}
	return ""
}
