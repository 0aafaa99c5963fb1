package data

import (
	"triagent/evidence"
	"triagent/incident"
)

// Bounds on failures and absences.
const (
	leastShare   = .02 // a node that had less of the system's spans is too quiet to be missed
	absentShare  = .1  // it is missed when less than this part of its share is left
	leastAbsence = 3.0 // least score of an absence
)

// failureEvidence tells which operations of a node fail more often.
func (m *model) failureEvidence() []incident.Evidence {
	bins := m.g.bins()
	var out []incident.Evidence
	for _, e := range m.entries {
		o := m.plainOp(e.node, e.op)
		if o == nil || o.peer != none || len(o.failed) == 0 {
			continue
		}
		c := m.g.share(o.fail.counts(make([]int32, bins)), o.count.counts(make([]int32, bins)))
		if !c.known || !c.up || c.sd < weakEvent {
			continue
		}
		sel := m.selector(o)
		ev := incident.Evidence{
			Kind: incident.Trace, Node: m.nodeID(o.node), Signal: "span.error", Name: m.ops.text[o.name],
			Direction: incident.Up, Score: c.sd, Window: m.g.window(c.start), Onset: m.g.onset(c.lo, c.hi),
			Source: incident.Source{File: m.file, Line: o.failed.from(c.start), Query: sel},
		}
		cl := say("trace.failures", "node", string(ev.Node), "operation", ev.Name).
			count("before", o.fail.outside(m.g), spans(evidence.SpanFail, m.file, sel, "", m.g.usual()...)).
			count("calls_before", o.count.outside(m.g), spans(evidence.SpanCount, m.file, sel, "", m.g.usual()...)).
			count("after", o.fail.sum(c.start, m.g.stop), spans(evidence.SpanFail, m.file, sel, "", ev.Window)).
			count("calls", o.count.sum(c.start, m.g.stop), spans(evidence.SpanCount, m.file, sel, "", ev.Window))
		ev.Text, ev.Numbers = cl.text, cl.numbers
		out = append(out, ev)
	}
	return strongest(out, 2)
}

// absenceEvidence tells which nodes ceased to record spans while others went
// on: their share of the system's spans is judged, so that a gap in all of the
// recording is not taken for theirs.
func (m *model) absenceEvidence() []incident.Evidence {
	bins := m.g.bins()
	by := make([]cell, len(m.nodes.text))
	last := make([]*op, len(m.nodes.text))
	for _, o := range m.opSeq {
		dense := make([]int32, bins)
		by[o.node].into(dense)
		o.count.into(dense)
		by[o.node] = cell{dense: dense}
		if p := last[o.node]; p == nil || o.lastBase > p.lastBase {
			last[o.node] = o
		}
	}
	all := m.total.counts(make([]int32, bins))
	var out []incident.Evidence
	for n := range by {
		if by[n].dense == nil {
			continue
		}
		c := m.g.share(by[n].dense, all)
		if !c.known || c.up || c.normal < leastShare || c.level > absentShare*c.normal || c.sd < leastAbsence {
			continue
		}
		out = append(out, m.absent(int32(n), &by[n], c, last[n].lastLine(m.g)))
	}
	return out
}

func (m *model) absent(n int32, count *cell, c change, line int) incident.Evidence {
	sel := evidence.Selector{Node: m.nodeID(n)}.String()
	ev := incident.Evidence{
		Kind: incident.Trace, Node: m.nodeID(n), Signal: "span.missing", Direction: incident.Gone, Score: c.sd,
		Window: m.g.window(c.start), Onset: m.g.onset(c.lo, c.hi),
		Source: incident.Source{File: m.file, Line: line, Query: sel},
	}
	cl := say("trace.absent", "node", string(ev.Node)).
		count("before", count.outside(m.g), spans(evidence.SpanCount, m.file, sel, "", m.g.usual()...)).
		count("after", count.sum(c.start, m.g.stop), spans(evidence.SpanCount, m.file, sel, "", ev.Window)).
		count("all", m.total.sum(c.start, m.g.stop), spans(evidence.SpanCount, m.file, "", "", ev.Window))
	ev.Text, ev.Numbers = cl.text, cl.numbers
	return ev
}
