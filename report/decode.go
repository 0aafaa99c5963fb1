package report

import (
	"encoding/json"
	"time"

	"triagent/incident"
	"triagent/internal/errs"
)

// Decode reads a diagnosis that Encode wrote. Texts come back in the language
// they were worded in, whatever the language of a later report; all else is as
// it was, scores rounded. Unknown fields are passed over: a later version adds
// some. The line of a failed bundle gives an error of the kind that it names;
// anything else that is no diagnosis gives kind errs.Invalid.
func Decode(line []byte) (incident.Diagnosis, error) {
	var w struct {
		wireDiagnosis
		Error *wireError `json:"error"`
	}
	if err := json.Unmarshal(line, &w); err != nil {
		return incident.Diagnosis{}, errs.New(errs.Invalid, "read diagnosis: %w", err)
	}
	switch {
	case w.Version == 0:
		return incident.Diagnosis{}, errs.New(errs.Invalid, "read diagnosis: no version: not a diagnosis")
	case w.Version > wireVersion:
		return incident.Diagnosis{}, errs.New(errs.Invalid, "read diagnosis: version %d, this program reads up to %d", w.Version, wireVersion)
	case w.Error != nil:
		e := errs.New(errs.Kind(w.Error.Kind), "%s", w.Error.Message)
		e.File, e.Line, e.Column = w.Error.File, w.Error.Line, w.Error.Column
		d := incident.Diagnosis{}
		d.Incident.ID = incident.ID(w.Incident)
		return d, e
	}
	return w.diagnosis(), nil
}

func (w *wireDiagnosis) diagnosis() incident.Diagnosis {
	d := incident.Diagnosis{
		Incident:   w.Subject.incident(w.Incident),
		Verdict:    incident.Verdict(w.Verdict),
		Confidence: float64(w.Confidence),
		Engine:     incident.Engine(w.Engine),
		Summary:    literal(w.Summary),
		Detection: incident.Detection{
			Anomalous: w.Detection.Anomalous, Score: float64(w.Detection.Score),
			Spans: back(w.Detection.Windows, wireSpan.span),
		},
		Causes:      back(w.Causes, wireCause.cause),
		Findings:    back(w.Findings, wireFinding.finding),
		Evidence:    back(w.Evidence, wireEvidence.evidence),
		Reasoning:   back(w.Reasoning, wireReason.reason),
		Rejected:    back(w.Rejected, wireRejected.rejected),
		Propagation: back(w.Propagation, wireSpread.spread),
		Reductions:  back(w.Reductions, func(r wireReduction) incident.Reduction { return incident.Reduction(r) }),
		Missing:     back(w.Missing, func(m wireMissing) incident.Missing { return incident.Missing(m) }),
		Graph:       incident.Graph{Nodes: back(w.Graph.Nodes, wireNode.node), Edges: back(w.Graph.Edges, wireEdge.edge)},
		Charts:      back(w.Charts, wireChart.chart),
		Templates:   back(w.Templates, wireTemplate.template),
		Cost: incident.Cost{
			Wall: time.Duration(w.Cost.WallMS) * time.Millisecond, CPU: time.Duration(w.Cost.CPUMS) * time.Millisecond,
			PeakBytes: w.Cost.PeakBytes, ModelCalls: w.Cost.ModelCalls, PromptTokens: w.Cost.PromptTokens,
			CompletionTokens: w.Cost.CompletionTokens, USD: float64(w.Cost.USD),
		},
	}
	if w.Plan != nil {
		d.Plan = &incident.Plan{ID: w.Plan.ID, Steps: back(w.Plan.Steps, wireAction.action)}
	}
	return d
}

// literal is a text that is worded already.
func literal(s string) incident.Text {
	if s == "" {
		return incident.Text{}
	}
	return incident.Say("literal", "text", s)
}

// back converts every element; the result is nil for none.
func back[A, B any](in []A, f func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	return each(in, f)
}

// names converts strings to identifiers; nil for none.
func names[T ~string](in []string) []T {
	return back(in, func(s string) T { return T(s) })
}

func (w wireWindow) window() incident.Window {
	return incident.Window{From: time.Time(w.From), To: time.Time(w.To)}
}

func (s wireSubject) incident(id string) incident.Incident {
	return incident.Incident{
		ID: incident.ID(id), Title: s.Title, System: s.System, Window: s.Window.window(), Baseline: s.Baseline.window(),
		Alert: incident.Alert{Name: s.Alert.Name, Node: incident.NodeID(s.Alert.Node), Time: time.Time(s.Alert.At)},
	}
}

func (s wireSpan) span() incident.Span {
	return incident.Span{
		Window: wireWindow{From: s.From, To: s.To}.window(), Nodes: names[incident.NodeID](s.Nodes), Score: float64(s.Score),
	}
}

func (c wireCause) cause() incident.Cause {
	return incident.Cause{
		Rank: c.Rank, Node: incident.NodeID(c.Node), Service: c.Service, Role: incident.Role(c.Role),
		Fault: incident.Fault(c.Fault), Label: c.Label, Probability: float64(c.Probability),
		Onset: time.Time(c.Onset), Cites: names[incident.EvidenceID](c.Cites),
	}
}

func (f wireFinding) finding() incident.Finding {
	return incident.Finding{
		ID: incident.FindingID(f.ID), Agent: f.Agent, Node: incident.NodeID(f.Node), Text: literal(f.Text),
		Strength: float64(f.Strength), Cites: names[incident.EvidenceID](f.Cites),
	}
}

func (e wireEvidence) evidence() incident.Evidence {
	return incident.Evidence{
		ID: incident.EvidenceID(e.ID), Kind: incident.Kind(e.Kind), Node: incident.NodeID(e.Node),
		Peer: incident.NodeID(e.Peer), Signal: incident.Signal(e.Signal), Name: e.Name, Unit: e.Unit,
		Window: wireWindow{From: e.From, To: e.To}.window(), Direction: incident.Direction(e.Direction),
		Shape: incident.Shape(e.Shape), Score: float64(e.Score), Onset: e.Onset.window(), Text: literal(e.Text),
		Source: incident.Source(e.Source), Numbers: back(e.Numbers, wireNumber.number),
	}
}

func (n wireNumber) number() incident.Number {
	return incident.Number{
		Name: n.Name, Value: float64(n.Value), Stat: incident.Stat(n.Stat), File: n.File, Column: n.Column,
		Windows: back(n.Windows, wireWindow.window), Arg: n.Arg,
	}
}

func (r wireReason) reason() incident.Reason {
	return incident.Reason{Number: r.Step, Text: literal(r.Text), Cites: names[string](r.Cites)}
}

func (r wireRejected) rejected() incident.Rejected {
	return incident.Rejected{
		Node: incident.NodeID(r.Node), Fault: incident.Fault(r.Fault), Because: literal(r.Because),
		Cites: names[incident.EvidenceID](r.Cites),
	}
}

func (s wireSpread) spread() incident.Spread {
	return incident.Spread{
		From: incident.NodeID(s.From), To: incident.NodeID(s.To), At: time.Time(s.At),
		Cites: names[incident.EvidenceID](s.Cites),
	}
}

func (a wireAction) action() incident.Action {
	return incident.Action{
		Action: a.Action, Target: incident.NodeID(a.Target), Params: nonEmpty(a.Params), Risk: incident.Risk(a.Risk),
		NeedsApproval: a.NeedsApproval, Text: literal(a.Text), Verify: a.Verify.check(), Undo: a.Undo.check(),
	}
}

func nonEmpty(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}

func (c wireCheck) check() incident.Check {
	return incident.Check{
		Action: c.Action, Params: nonEmpty(c.Params), Signal: incident.Signal(c.Signal), Target: c.Target,
		Within: time.Duration(float64(c.WithinS) * float64(time.Second)), Text: literal(c.Text),
	}
}

func (n wireNode) node() incident.GraphNode {
	return incident.GraphNode{
		ID: incident.NodeID(n.ID), Service: n.Service, Role: incident.Role(n.Role), Oddness: float64(n.Oddness),
	}
}

func (e wireEdge) edge() incident.GraphEdge {
	return incident.GraphEdge{
		From: incident.NodeID(e.From), To: incident.NodeID(e.To), Kind: e.Kind, Count: e.Count, Oddness: float64(e.Oddness),
	}
}

func (c wireChart) chart() incident.Chart {
	return incident.Chart{
		Evidence: incident.EvidenceID(c.Evidence), Title: c.Title, Unit: c.Unit,
		Times:  back(c.Times, func(s stamp) time.Time { return time.Time(s) }),
		Values: back(c.Values, func(n number) float64 { return float64(n) }),
	}
}

func (t wireTemplate) template() incident.TemplateCount {
	return incident.TemplateCount{
		Node: incident.NodeID(t.Node), Template: t.Template, Level: t.Level,
		Window: t.Window, Baseline: t.Baseline, Evidence: incident.EvidenceID(t.Evidence),
	}
}
