package report

import (
	stdbytes "bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"triagent/incident"
	"triagent/internal/errs"
)

// wireVersion is the version of the diagnosis file.
const wireVersion = 1

// Encode returns a diagnosis as one line of JSON without its line break, in the
// form of the diagnosis file, version 1. Texts are worded in the language of o;
// scores and probabilities are rounded to four digits, evidence numbers are
// exact. Every list is there, empty or not.
func Encode(d incident.Diagnosis, o Options) ([]byte, error) {
	return encode(o.wire(&d))
}

// EncodeFailure returns the line of a bundle that could not be diagnosed.
func EncodeFailure(id incident.ID, err error) ([]byte, error) {
	w := wireFailure{Version: wireVersion, Incident: string(id)}
	w.Error.Kind = string(errs.KindOf(err))
	w.Error.Message = err.Error()
	var e *errs.Error
	for next := err; errors.As(next, &e); next = e.Err {
		if e.File != "" {
			w.Error.File, w.Error.Line, w.Error.Column = e.File, e.Line, e.Column
			w.Error.Message = e.Err.Error()
			break
		}
	}
	return encode(w)
}

func encode(v any) ([]byte, error) {
	var b stdbytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode diagnosis: %w", err)
	}
	return inert(stdbytes.TrimRight(b.Bytes(), "\n")), nil
}

// inert writes the characters that a terminal acts on as the escapes of JSON,
// which say the same to whoever reads it: foreign text must not repaint the
// screen of a user who looks at the file.
func inert(line []byte) []byte {
	if stdbytes.IndexFunc(line, acted) < 0 {
		return line
	}
	out := make([]byte, 0, len(line)+len(line)/8)
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		if acted(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, line[:size]...)
		}
		line = line[size:]
	}
	return out
}

// acted reports whether a terminal takes r as a command, or for the direction of
// what follows. All such characters have four digits.
func acted(r rune) bool {
	if r >= ' ' && r <= '~' { // as a rule
		return false
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

func (o Options) wire(d *incident.Diagnosis) wireDiagnosis {
	return wireDiagnosis{
		Version:     wireVersion,
		Incident:    string(d.Incident.ID),
		Verdict:     string(d.Verdict),
		Confidence:  score(d.Confidence),
		Engine:      wireEngine(d.Engine),
		Summary:     o.Word(d.Summary),
		Detection:   wireDetectionOf(d.Detection),
		Causes:      each(d.Causes, wireCauseOf),
		Findings:    each(d.Findings, o.wireFinding),
		Evidence:    each(d.Evidence, o.wireEvidence),
		Reasoning:   each(d.Reasoning, o.wireReason),
		Rejected:    each(d.Rejected, o.wireRejected),
		Propagation: each(d.Propagation, wireSpreadOf),
		Reductions:  each(d.Reductions, o.wireReduction),
		Missing:     each(d.Missing, o.wireMissing),
		Subject:     wireSubjectOf(d.Incident),
		Plan:        o.wirePlan(d.Plan),
		Graph:       wireGraphOf(d.Graph),
		Charts:      each(d.Charts, wireChartOf),
		Templates:   each(d.Templates, wireTemplateOf),
		Cost:        wireCostOf(d.Cost),
	}
}

// each converts every element; the result is never nil.
func each[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}

// ids converts identifiers to strings; never nil.
func ids[T ~string](in []T) []string {
	return each(in, func(t T) string { return string(t) })
}

func score(v float64) number { return number(round4(v)) }

func window(w incident.Window) wireWindow {
	return wireWindow{From: stamp(w.From), To: stamp(w.To)}
}

func wireSpanOf(s incident.Span) wireSpan {
	return wireSpan{From: stamp(s.From), To: stamp(s.To), Nodes: ids(s.Nodes), Score: score(s.Score)}
}

func wireCauseOf(c incident.Cause) wireCause {
	return wireCause{
		Rank: c.Rank, Node: string(c.Node), Service: c.Service, Role: string(c.Role), Fault: string(c.Fault),
		Label: c.Label, Probability: score(c.Probability), Onset: stamp(c.Onset), Cites: ids(c.Cites),
	}
}

func (o Options) wireFinding(f incident.Finding) wireFinding {
	return wireFinding{
		ID: string(f.ID), Agent: f.Agent, Node: string(f.Node), Text: o.Word(f.Text),
		Strength: score(f.Strength), Cites: ids(f.Cites),
	}
}

func (o Options) wireEvidence(e incident.Evidence) wireEvidence {
	return wireEvidence{
		ID: string(e.ID), Kind: string(e.Kind), Node: string(e.Node), Signal: string(e.Signal), Unit: e.Unit,
		From: stamp(e.Window.From), To: stamp(e.Window.To), Text: o.Word(e.Text), Source: wireSource(e.Source),
		Peer: string(e.Peer), Name: e.Name, Direction: string(e.Direction), Shape: string(e.Shape),
		Score: score(e.Score), Onset: window(e.Onset), Numbers: each(e.Numbers, wireNumberOf),
	}
}

func wireNumberOf(n incident.Number) wireNumber {
	return wireNumber{
		Name: n.Name, Value: number(n.Value), Stat: string(n.Stat), File: n.File, Column: n.Column,
		Windows: each(n.Windows, window), Arg: n.Arg,
	}
}

func (o Options) wireReason(r incident.Reason) wireReason {
	return wireReason{Step: r.Number, Text: o.Word(r.Text), Cites: ids(r.Cites)}
}

func (o Options) wireRejected(r incident.Rejected) wireRejected {
	return wireRejected{Node: string(r.Node), Fault: string(r.Fault), Because: o.Word(r.Because), Cites: ids(r.Cites)}
}

func wireSpreadOf(s incident.Spread) wireSpread {
	return wireSpread{From: string(s.From), To: string(s.To), At: stamp(s.At), Cites: ids(s.Cites)}
}

func (o Options) wireAction(a incident.Action) wireAction {
	return wireAction{
		Action: a.Action, Target: string(a.Target), Params: full(a.Params), Risk: string(a.Risk),
		NeedsApproval: a.NeedsApproval, Text: o.actionText(a), Verify: o.wireCheck(a.Verify), Undo: o.wireCheck(a.Undo),
	}
}

// full returns m, or an empty map for nil: a consumer need not check.
func full(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func (o Options) wireCheck(c incident.Check) wireCheck {
	return wireCheck{
		Action: c.Action, Params: c.Params, Signal: string(c.Signal), Target: c.Target,
		WithinS: number(float64(c.Within) / float64(time.Second)), Text: o.checkText(c),
	}
}

func (o Options) wireReduction(r incident.Reduction) wireReduction {
	r.How, r.Rest = o.plain(r.How), o.plain(r.Rest)
	return wireReduction(r)
}

func (o Options) wireMissing(m incident.Missing) wireMissing {
	return wireMissing{What: o.plain(m.What), Why: o.plain(m.Why)}
}

func wireSubjectOf(i incident.Incident) wireSubject {
	return wireSubject{
		Title: i.Title, System: i.System, Window: window(i.Window), Baseline: window(i.Baseline),
		Alert: wireAlert{Name: i.Alert.Name, Node: string(i.Alert.Node), At: stamp(i.Alert.Time)},
	}
}

func wireNodeOf(n incident.GraphNode) wireNode {
	return wireNode{ID: string(n.ID), Service: n.Service, Role: string(n.Role), Oddness: score(n.Oddness)}
}

func wireEdgeOf(e incident.GraphEdge) wireEdge {
	return wireEdge{From: string(e.From), To: string(e.To), Kind: e.Kind, Count: e.Count, Oddness: score(e.Oddness)}
}

func wireChartOf(c incident.Chart) wireChart {
	return wireChart{
		Evidence: string(c.Evidence), Title: c.Title, Unit: c.Unit,
		Times:  each(c.Times, func(t time.Time) stamp { return stamp(t) }),
		Values: each(c.Values, func(v float64) number { return number(v) }),
	}
}

func wireTemplateOf(t incident.TemplateCount) wireTemplate {
	return wireTemplate{
		Node: string(t.Node), Template: t.Template, Level: t.Level,
		Window: t.Window, Baseline: t.Baseline, Evidence: string(t.Evidence),
	}
}
