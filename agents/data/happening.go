package data

import (
	"context"
	"fmt"
	"time"

	"triagent/agents"
	"triagent/incident"
)

// changeScore is what a change is worth that the system or an operator reports,
// in the units of a score: it is a fact.
const changeScore = 40.0

// Happening turns what was reported, not measured, into evidence: alerts beside
// the one that opened the incident, and changes (deployments, settings,
// restarts, status).
type Happening struct{}

var _ agents.Agent = Happening{}

// Name is "data/event".
func (Happening) Name() string { return "data/event" }

// Investigate takes every alert, and the changes from the start of the search
// for an onset to the end of the window.
func (a Happening) Investigate(ctx context.Context, in agents.Input) (agents.Result, error) {
	var res agents.Result
	told := make(map[agents.Observable]bool)
	alerts := in.Bundle.Alerts[:min(len(in.Bundle.Alerts), mostAlerts)]
	sides := newCallSides(in, alerts)
	for i, al := range alerts {
		if err := ctx.Err(); err != nil {
			return res, err
		}
		a.alert(in, i, al, sides, told, &res)
	}
	if n := len(in.Bundle.Alerts); n > len(alerts) {
		res.Reductions = append(res.Reductions, incident.Reduction{
			Stage: "alerts", In: int64(n), Out: int64(len(alerts)), Unit: "alerts", How: "the first ones", Rest: "alerts.jsonl",
		})
	}
	for i, c := range in.Bundle.Changes {
		if !c.Time.IsZero() && !c.Time.Before(in.Frame.Search.From) && c.Time.Before(in.Frame.Window.To) {
			a.change(in, i, c, &res)
		}
	}
	return res, nil
}

const (
	mostAlerts = 1000    // looked at one by one
	mostSeen   = 500_000 // nodes that are noted as watched, over all rules
)

func (a Happening) alert(in agents.Input, i int, al incident.Alert, sides *callSides, told map[agents.Observable]bool, res *agents.Result) {
	e := incident.Evidence{
		ID: incident.EvidenceID(fmt.Sprintf("alert/%d", i)), Kind: incident.Occurred, Node: al.Node,
		Name: al.Name, Direction: al.Direction, Score: agents.AlertScore,
		Window: instant(al.Time), Onset: instant(al.Time), Source: incident.Source{File: al.File, Line: al.Line},
		Text: incident.Say("alert.raised", "name", al.Name, "operation", al.Labels["operation"]),
	}
	if e.Direction == "" {
		e.Direction = incident.Up
	}
	e.Signal = a.meaning(in, al)
	if al.Peer != "" { // a call, seen by its caller: it is about the one called
		e.Node, e.Peer = al.Peer, al.Node
	}
	if calls := sides.of(al, e); len(calls) > 0 {
		for k, c := range calls {
			c.ID = incident.EvidenceID(fmt.Sprintf("alert/%d/%d", i, k))
			tell(in, c, told, res)
		}
		return
	}
	tell(in, e, told, res)
}

// tell books evidence, and once for each rule whom else it watches.
func tell(in agents.Input, e incident.Evidence, told map[agents.Observable]bool, res *agents.Result) {
	res.Evidence = append(res.Evidence, e)
	rule := agents.Observable{Signal: e.Signal} // alerts of one rule say the same of the others
	if e.Peer != "" && e.Signal != lostTime {
		rule.Node = e.Node
	}
	if !told[rule] && len(told)*len(in.Nodes) < mostSeen {
		told[rule] = true
		res.Seen = append(res.Seen, seenAlike(in, e)...)
	}
}

// seenAlike lists every node as one whose signal could have been alerted on: an
// alerting rule watches all instances, so silence of the others says something.
func seenAlike(in agents.Input, e incident.Evidence) []agents.Observable {
	out := make([]agents.Observable, 0, len(in.Nodes))
	for _, n := range in.Nodes {
		o := agents.Observable{Node: n, Signal: e.Signal}
		if e.Peer != "" && e.Signal != lostTime {
			o = agents.Observable{Node: e.Node, Peer: n, Signal: e.Signal}
		}
		out = append(out, o)
	}
	return out
}

// meaning of an alert: of the metric that it is named for, or, of a trace, an
// error where it names a status code and a delay otherwise.
func (a Happening) meaning(in agents.Input, al incident.Alert) incident.Signal {
	switch al.Source {
	case incident.Trace:
		failed := isStatus(al.Name)
		called := al.Peer != ""
		switch {
		case failed && called:
			return "call.error"
		case failed:
			return "request.error"
		case called:
			return "call.latency"
		}
		return "span.latency"
	case incident.Log:
		if s := in.Base.Log(in.Bundle.Incident.System, 0, al.Name); len(s) > 0 {
			return s[0]
		}
		return "template.new"
	}
	n, _ := in.Bundle.Topology.Node(al.Node)
	m, _ := in.Base.Metric(in.Bundle.Incident.System, n.Service, al.Name)
	return m.Signal
}

func (a Happening) change(in agents.Input, i int, c incident.Change, res *agents.Result) {
	signals := in.Base.Change(in.Bundle.Incident.System, c)
	if len(signals) == 0 {
		signals = []incident.Signal{""}
	}
	f := incident.Finding{Agent: a.Name(), Node: c.Node, Strength: 0.5, Text: incident.Say(
		"change.happened", "node", string(c.Node), "kind", c.Kind, "text", c.Text, "at", c.Time.UTC().Format(clock))}
	for k, s := range signals {
		e := incident.Evidence{
			ID: incident.EvidenceID(fmt.Sprintf("change/%d/%d", i, k)), Kind: incident.Occurred, Node: c.Node, Signal: s,
			Name: c.Kind, Direction: incident.Up, Score: changeScore, Window: instant(c.Time), Onset: instant(c.Time),
			Source: incident.Source{File: c.File, Line: c.Line}, Text: incident.Say("change.text", "kind", c.Kind, "text", c.Text),
		}
		res.Evidence = append(res.Evidence, e)
		f.Cites = append(f.Cites, e.ID)
		for _, n := range in.Nodes {
			res.Seen = append(res.Seen, agents.Observable{Node: n, Signal: s})
		}
	}
	res.Findings = append(res.Findings, f)
}

// instant is a window of a second at t; zero for an unknown time.
func instant(t time.Time) incident.Window {
	if t.IsZero() {
		return incident.Window{}
	}
	return incident.Window{From: t, To: t.Add(time.Second)}
}
