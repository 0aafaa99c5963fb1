// Package task holds the task agents: detection (is anything wrong, and when),
// diagnosis (which node, which fault, and what was ruled out) and repair (what
// to do). They weigh evidence that others made; they make none.
package task

import (
	"context"
	"math"

	"triagent/agents"
	"triagent/incident"
)

// Calibration of the built-in engine. A hypothesis competes with all others and
// with the hypothesis that nothing is wrong, which has log-odds healthy. The
// temperature was set so that of the answers given at .8 four in five are right
// on systems that it was not set on; docs/calibration says how.
const (
	healthy     = 2.0
	temperature = 1.0
)

// Bounds of the verdict (CONTRACT: defaults).
const (
	confirmedFrom = .90
	likelyFrom    = .60
)

// How much is listed.
const (
	maxCauses   = 12
	maxRejected = 6
	leastCause  = .002 // probability below which a hypothesis is not worth a look
)

// Decide weighs the evidence of in and tells what it concludes: detection,
// hypotheses, causes, reasoning, what was ruled out, how trouble spread, and
// the plan. It emits Concluded last.
func Decide(ctx context.Context, in agents.Input, findings []incident.Finding, emit incident.Listener) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b := newBoard(in)
	v := judge(score(in, b))
	for _, h := range v.hypotheses[:min(len(v.hypotheses), maxCauses)] {
		emit(incident.HypothesisScored{Hypothesis: h.Hypothesis})
	}
	d := detection(in, v)
	emit(incident.Detected{Detection: d})
	n := narrator{in: in, board: b, view: v, findings: findings, emit: emit}
	if !d.Anomalous {
		n.healthy()
		return nil
	}
	n.causes()
	n.spread()
	n.rejected()
	n.reason()
	n.plan()
	n.conclude()
	return nil
}

// view is what the scores come to.
type view struct {
	hypotheses []scored  // best first
	p          []float64 // probability of each, beside it
	healthy    float64   // probability that nothing is wrong
}

// judge turns log-odds into probabilities: a softmax over all hypotheses and
// the one that nothing is wrong.
func judge(h []scored) view {
	v := view{hypotheses: h, p: make([]float64, len(h))}
	top := healthy
	if len(h) > 0 {
		top = max(top, h[0].LogOdds)
	}
	v.healthy = math.Exp((healthy - top) / temperature)
	sum := v.healthy
	for i := range h {
		v.p[i] = math.Exp((h[i].LogOdds - top) / temperature)
		sum += v.p[i]
	}
	for i := range v.p {
		v.p[i] /= sum
	}
	v.healthy /= sum
	return v
}

// detection says whether anything is wrong at all: whether the best hypothesis
// beats the one that nothing is.
func detection(in agents.Input, v view) incident.Detection {
	d := incident.Detection{Score: 1 - v.healthy}
	if len(v.hypotheses) == 0 || v.hypotheses[0].LogOdds <= healthy || len(v.hypotheses[0].Cites) == 0 {
		return d
	}
	d.Anomalous = true
	first := v.hypotheses[0]
	span := incident.Span{Window: in.Frame.Window, Nodes: []incident.NodeID{first.Node}, Score: d.Score}
	if at := first.Onset.To; at.After(span.From) && at.Before(span.To) && in.Bundle.Incident.Window == in.Frame.Window {
		span.From = at
	}
	if !span.IsZero() {
		d.Spans = []incident.Span{span}
	}
	return d
}

// verdict says how far a probability may be trusted: it is confirmed only by
// two independent kinds of evidence.
func verdict(p float64, kinds int) incident.Verdict {
	switch {
	case p >= confirmedFrom && kinds >= 2:
		return incident.Confirmed
	case p >= likelyFrom:
		return incident.Likely
	}
	return incident.Inconclusive
}
