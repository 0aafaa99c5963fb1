package data

import (
	"context"
	"fmt"
	"time"

	"triagent/agents"
	"triagent/incident"
)

// Trace turns spans, and the log lines that belong to them, into evidence. What
// happens inside an operation is judged for each way into a node by itself
// (events conditional on service and entry operation, after Nezha), so that a
// change of the mix of requests is not taken for a change of the code; time is
// split into a node's own, that of each call it makes, and the rest.
//
// Scores of one family can be compared with each other; a healthy window tops
// out about 5 in each.
//
// Source: Yu et al., "Nezha: Interpretable Fine-Grained Root Causes Analysis for
// Microservices on Multi-modal Observability Data", FSE 2023, for events with
// their support before and after. Unlike it, support is judged by a G-test
// against robust blocks of the baseline, and pairs of events are not used.
type Trace struct {
	walk  *logWalk
	spans *spanWalk
}

var _ agents.Agent = Trace{}

// Name returns "data/trace".
func (Trace) Name() string { return "data/trace" }

// Investigate reads the spans and the logs once, unless the crew has already.
// Memory is bounded by the number of distinct operations and
// by fixed limits on spans that wait for the rest of their trace.
func (t Trace) Investigate(ctx context.Context, in agents.Input) (agents.Result, error) {
	if !in.Bundle.HasSpans || in.Frame.Window.IsZero() {
		return agents.Result{}, nil
	}
	w, err := t.walk.walked(ctx, in)
	if err != nil {
		return agents.Result{}, err
	}
	s, err := t.spans.walked(ctx, in, w)
	if err != nil {
		return agents.Result{}, err
	}
	m, a := s.model, s.assembler
	m.index()
	var lines *lineTable
	if w.traced {
		if lines, err = m.readLines(ctx, in, w); err != nil {
			return agents.Result{}, err
		}
	}
	res := agents.Result{Evidence: m.evidence(lines, in), Normal: m.before(in.Frame)}
	res.Compared = len(m.entries) > 0 && res.Normal > 0
	if lines != nil {
		if err := lines.recount(ctx, in, res.Evidence); err != nil {
			return agents.Result{}, err
		}
	}
	if m.lost(in.Frame) {
		res.Lost = true
		res.Missing = append(res.Missing, incident.Missing{What: "traces of the window", Why: "the baseline has some, the window none"})
	}
	number(res.Evidence, "T")
	res.Findings = findings(Trace{}.Name(), res.Evidence)
	res.Reductions = m.reductions(a, len(res.Evidence))
	return res, nil
}

// before is how long a part of the baseline spans were recorded in.
func (m *model) before(f agents.Frame) time.Duration {
	first, last := int64(0), int64(0)
	for i := range m.g.bins() {
		if m.total.sum(i, i+1) == 0 {
			continue
		}
		if first == 0 {
			first = m.g.from[i]
		}
		last = m.g.to[i]
	}
	return f.Before(first, last)
}

// lost reports whether spans were recorded in the baseline and none in the
// window.
func (m *model) lost(f agents.Frame) bool {
	from := m.g.search
	for from < m.g.stop && m.g.from[from] < f.Window.From.UnixNano() {
		from++
	}
	return m.total.outside(m.g) > 0 && from < m.g.stop && m.total.sum(from, m.g.stop) == 0
}

// evidence judges all families.
func (m *model) evidence(lines *lineTable, in agents.Input) []incident.Evidence {
	if m.total.outside(m.g) == 0 {
		m.g.borrow()
	}
	var out []incident.Evidence
	out = append(out, m.eventEvidence(lines)...)
	out = append(out, m.selfEvidence()...)
	out = append(out, m.netEvidence()...)
	out = append(out, m.latencyEvidence()...)
	out = append(out, m.failureEvidence()...)
	out = append(out, m.clientEvidence(in.Base, in.Bundle.Incident.System)...)
	out = append(out, m.absenceEvidence()...)
	return out
}

// readLines counts the log lines of each segment as events.
func (m *model) readLines(ctx context.Context, in agents.Input, w *logWalk) (*lineTable, error) {
	lines := w.lines.on(m.g)
	m.join.sort()
	err := w.each(ctx, in, func(l spokenLine) {
		m.join.line(l, m.node(incident.NodeID(lines.nodes.text[l.node]), ""))
	})
	if err != nil {
		return nil, err
	}
	m.classes = newLineClasses(lines)
	m.join.events(lines.root, func(l lineSegment) {
		m.happen(eventKey{l.entry, lineEvent, l.template, none}, int(l.bin), l.segment)
	})
	class := func(t int32) int32 {
		if c, ok := m.classes.of[lines.root(t)]; ok {
			return c
		}
		return none
	}
	m.join.events(class, func(l lineSegment) {
		m.happen(eventKey{l.entry, classEvent, l.template, none}, int(l.bin), l.segment)
	})
	return lines, nil
}

func (m *model) reductions(a *assembler, made int) []incident.Reduction {
	out := []incident.Reduction{{
		Stage: "traces", In: m.read, Out: int64(made), Unit: "spans to evidence", Rest: m.file,
		How: "counted and timed by node, operation and time; the telling changes are kept",
	}}
	if a.early > 0 {
		out = append(out, incident.Reduction{
			Stage: "traces", In: m.read, Out: m.read, Unit: "spans", Rest: m.file,
			How: "traces too long in coming were taken apart before their last span",
		})
	}
	if m.crowd > 0 {
		out = append(out, incident.Reduction{
			Stage: "traces", In: m.read, Out: m.read - m.crowd, Unit: "spans", Rest: m.file,
			How: fmt.Sprintf("of nodes that the topology does not know the first %d", maxStrangers),
		})
	}
	if m.join != nil && m.join.lost+m.join.full > 0 {
		n := int64(len(m.join.lines)) + m.join.lost + m.join.full
		out = append(out, incident.Reduction{
			Stage: "traces", In: n, Out: int64(len(m.join.lines)), Unit: "records", Rest: "logs/",
			How: "records whose span is not in the traces are judged without their operation",
		})
	}
	return out
}
