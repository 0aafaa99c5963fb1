package data

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"triagent/agents"
	"triagent/evidence"
	"triagent/incident"
	"triagent/telemetry"
)

// clock is how a time of day is printed in evidence, always UTC.
const clock = "15:04:05"

// word puts a move into words, each number with its recipe.
func (m *meter) word(mv *moved, e *incident.Evidence) {
	if mv.per != nil {
		m.wordRatio(mv, e)
		return
	}
	c := &mv.change
	key := "metric.moved"
	before := m.number(mv, "before", c.BaselineMedian, .5, c.Baseline)
	story := []incident.Window{m.frame.Window}
	if !mv.since.IsZero() {
		story[0] = mv.since
	}
	after := m.number(mv, "after", c.WindowMedian, .5, story)
	switch {
	case c.Direction == incident.Gone && !mv.since.IsZero():
		key = "metric.ended"
		before, after = m.samples(mv, "before", c.Baseline), m.samples(mv, "after", story)
	case c.Direction == incident.New:
		key, before = "metric.appeared", m.samples(mv, "before", c.Baseline)
	case c.Direction == incident.Gone:
		key = "metric.silent"
		before, after = m.samples(mv, "before", c.Baseline), m.samples(mv, "after", []incident.Window{m.frame.Window})
	case math.Abs(c.Shift) < math.Abs(c.Score)/2 && c.Samples > 1: // the extreme is the story
		key = "metric.peaked"
		at := c.Rank - 1
		if c.Direction == incident.Up {
			at = c.Samples - c.Rank
		}
		after = m.number(mv, "after", c.WindowPeak, float64(at)/float64(c.Samples-1), []incident.Window{m.frame.Window})
	}
	e.Numbers = []incident.Number{before, after}
	e.Text = incident.Say(key, "name", mv.column.Name, "before", printed(&before, e.Unit), "after", printed(&after, e.Unit),
		"onset", onsetText(c.Onset)).With("shape", "shape."+string(c.Shape))
}

// printed is a number of a metric in unit as its text says it: of a counter a
// rate, of samples a count.
func printed(n *incident.Number, unit string) string {
	return evidence.Format(n.Value, evidence.UnitOf(n.Stat, unit))
}

// onsetText prints when a change began; empty if that is unknown.
func onsetText(w incident.Window) string {
	if w.IsZero() {
		return ""
	}
	return w.To.UTC().Format(clock)
}

// number is a quantile of the samples of a metric, of the rates of a counter.
func (m *meter) number(mv *moved, name string, value, q float64, in []incident.Window) incident.Number {
	n := incident.Number{
		Name: name, Value: value, Stat: evidence.Quantile, File: mv.table.File, Column: mv.column.Name,
		Windows: in, Arg: strconv.FormatFloat(q, 'g', -1, 64),
	}
	if mv.meaning.Counter {
		n.Stat = evidence.RateQ
	}
	return n
}

func (m *meter) samples(mv *moved, name string, in []incident.Window) incident.Number {
	return incident.Number{
		Name: name, Value: float64(countSamples(mv.table, mv.column, in)), Stat: evidence.Samples,
		File: mv.table.File, Column: mv.column.Name, Windows: in,
	}
}

func countSamples(t *telemetry.Table, c *telemetry.Column, in []incident.Window) int {
	n := 0
	for i, v := range c.Values {
		if math.IsNaN(v) {
			continue
		}
		at := time.Unix(0, t.Times[i])
		for _, w := range in {
			if w.Contains(at) {
				n++
				break
			}
		}
	}
	return n
}

// Signals of silence: of a process whose host is still measured, and of a node
// of which nothing is measured any more.
const (
	processSilent incident.Signal = "process.silent"
	nodeSilent    incident.Signal = "node.silent"
)

// absence adds evidence for a node most of whose metrics ended at once. One
// metric without samples says that nothing happened; most of them say that
// nobody answered. Quiet are those that a stretch of the window has no sample
// of, over those that have none at its end.
func (m *meter) absence(t *telemetry.Table, quiet, over []moved, dense int) {
	m.seen[agents.Observable{Node: t.Node, Signal: processSilent}] = true
	m.seen[agents.Observable{Node: t.Node, Signal: nodeSilent}] = true
	most := func(list []moved) bool { return dense > 0 && float64(len(list)) >= 0.5*float64(dense) }
	switch {
	case most(quiet):
		best := slices.MinFunc(quiet, func(a, b moved) int { return cmp.Compare(a.change.Presence, b.change.Presence) })
		best.change.Score = -silenceWeight * math.Abs(best.change.Presence)
		best.change.Onset = incident.Window{From: best.change.Silence.From.Add(-time.Second), To: best.change.Silence.From}
		best.since = incident.Window{}
		m.silent(best, len(quiet) == dense)
	case most(over):
		best := over[len(over)/2]
		best.change.Score = -stateScore
		best.change.Onset = incident.Window{From: best.since.From, To: best.since.From.Add(time.Second)}
		best.since.From = best.change.Onset.To
		m.silent(best, len(over) == dense)
	}
}

// silent keeps the story of one metric as that of a node, or of its process if
// other metrics of the node go on.
func (m *meter) silent(mv moved, all bool) {
	mv.meaning.Signal = processSilent
	if all {
		mv.meaning.Signal = nodeSilent
	}
	mv.meaning.Unit = ""
	mv.change.Direction, mv.change.Shape = incident.Gone, incident.Silent
	m.moved = append(m.moved, mv)
}

// silenceWeight makes the absence of most metrics of a node count for more than
// that of one: they are not independent, but they agree.
const silenceWeight = 5
