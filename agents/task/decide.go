// Package task holds the task agents: detection (is anything wrong, and when),
// diagnosis (which node, which fault, and what was ruled out) and repair (what
// to do). They weigh evidence that others made; they make none.
package task

import (
	"context"
	"math"
	"slices"

	"triagent/agents"
	"triagent/incident"
	"triagent/telemetry"
)

// Calibration of the built-in engine: from log-odds to probabilities. Something
// is wrong with the logistic of (best - alarmAt)/alarmTemper, where best is the
// strongest hypothesis without suspicion, plus the signs (see wrong); given that, a
// hypothesis has its share of a softmax with temperature causeTemper. They were set so that of the
// answers given at .8 four in five are right on systems that they were not set
// on.
const (
	alarmAt     = -0.3
	alarmFrom   = 0.0 // best from which an alarm is raised: a false one costs more than a late one
	alarmTemper = 0.5
	causeTemper = 0.3
	alertTemper = 3.0 // of causes where there are alerts alone, which have no size
)

// Bounds of the verdict (CONTRACT: defaults). Nothing is called healthy from the
// probability at which a cause is called likely: of recorded windows between that and
// three quarters, three of five had a fault; of those up to four fifths, none of four.
const (
	confirmedFrom = .90
	likelyFrom    = .60
	healthyAbove  = .75
)

// How much is listed.
const (
	maxCauses   = 12
	maxRejected = 6
	leastCause  = .002 // probability below which a hypothesis is not worth a look
)

// tie is the difference in log-odds below which two hypotheses are told as
// equally strong: half of the last digit that is printed.
const tie = .05

// tied reports whether nothing tells a hypothesis from the first.
func tied(first, h scored) bool { return first.LogOdds-h.LogOdds < tie }

// Decide weighs the evidence of in and tells what it concludes: detection,
// hypotheses, causes, reasoning, what was ruled out, how trouble spread, and
// the plan. It emits Concluded last.
func Decide(ctx context.Context, in agents.Input, findings []incident.Finding, emit incident.Listener) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b := newBoard(in)
	list, recalled := recall(in, b, score(in, b))
	v := judge(list, wrong(b.symptoms(), in.Apart), onlyAlerts(in.Bundle))
	eyes := see(in)
	v.doubt(eyes)
	for _, l := range eyes.lacking() {
		emit(l)
	}
	for _, h := range v.hypotheses[:min(len(v.hypotheses), maxCauses)] {
		emit(incident.HypothesisScored{Hypothesis: h.Hypothesis})
	}
	d := detection(in, v)
	emit(incident.Detected{Detection: d})
	n := narrator{in: in, board: b, view: v, findings: findings, emit: emit, recalled: recalled}
	n.picture()
	switch suspected := len(v.hypotheses) > 0 && len(v.hypotheses[0].Cites) > 0; {
	case comparable(in) && !young(in) && !in.Lost && v.healthy > healthyAbove:
		n.healthy()
		return nil
	case !suspected:
		n.unknown()
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

// comparable reports whether there is anything that normal was measured by:
// without it nothing can be called healthy.
func comparable(in agents.Input) bool {
	return !in.Bundle.Incident.Baseline.IsZero() && in.Compared
}

// view is what the scores come to.
type view struct {
	hypotheses []scored  // best first
	p          []float64 // probability of each, beside it
	healthy    float64   // probability that nothing is wrong
	anomalous  bool
}

// judge turns log-odds into probabilities; signs is what says that something is
// wrong and not where. With alerts alone something is wrong for certain.
func judge(h []scored, signs float64, alertsOnly bool) view {
	v := view{hypotheses: h, p: make([]float64, len(h)), healthy: 1}
	if len(h) == 0 {
		return v
	}
	best := math.Inf(-1)
	for i := range h {
		if len(h[i].Cites) > 0 {
			best = math.Max(best, h[i].LogOdds-h[i].suspicion)
		}
	}
	best += signs
	v.anomalous = best > alarmFrom || alertsOnly
	v.healthy = 1 / (1 + math.Exp((best-alarmAt)/alarmTemper))
	if alertsOnly {
		v.healthy = 0
	}
	temper := causeTemper
	if alertsOnly {
		temper = alertTemper
	}
	var sum float64
	for i := range h {
		v.p[i] = math.Exp((h[i].LogOdds - h[0].LogOdds) / temper)
		sum += v.p[i]
	}
	for i := range v.p {
		v.p[i] *= (1 - v.healthy) / sum
	}
	if !alertsOnly { // an alert tells one fault from another too badly to say that both hold
		share(h, v.p, 1-v.healthy)
	}
	return v
}

// onlyAlerts reports whether a bundle has alerts and nothing measured: then
// nothing can contradict them.
func onlyAlerts(b *telemetry.Bundle) bool {
	return len(b.Alerts) > 0 && len(b.Tables) == 0 && len(b.LogNodes) == 0 && !b.HasSpans
}

// detection says whether anything is wrong at all: whether the best hypothesis
// beats the one that nothing is. Where the bundle did not say what to examine,
// the stretch that stands out most is told even if it does not look wrong.
func detection(in agents.Input, v view) incident.Detection {
	d := incident.Detection{Anomalous: v.anomalous, Score: 1 - v.healthy}
	found := in.Bundle.Incident.Window.IsZero() && !in.Frame.Window.IsZero()
	if len(v.hypotheses) == 0 || len(v.hypotheses[0].Cites) == 0 || !v.anomalous && !found {
		return d
	}
	first := v.hypotheses[0]
	span := incident.Span{Window: in.Frame.Window, Nodes: v.struck(), Score: d.Score}
	if at := first.Onset.To; at.After(span.From) && at.Before(span.To) && in.Bundle.Incident.Window == in.Frame.Window {
		span.From = at
	}
	if !span.IsZero() {
		d.Spans = []incident.Span{span}
	}
	return d
}

// struck are the nodes that the evidence speaks of as loudly as of the first
// suspect, which comes first.
func (v view) struck() []incident.NodeID {
	var out []incident.NodeID
	for _, h := range v.hypotheses {
		if tied(v.hypotheses[0], h) && len(h.Cites) > 0 && !slices.Contains(out, h.Node) {
			out = append(out, h.Node)
		}
	}
	return out
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
