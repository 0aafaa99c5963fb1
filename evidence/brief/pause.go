package brief

import (
	"fmt"
	"math"
	"time"

	"triagent/compress"
	"triagent/incident"
	"triagent/telemetry"
)

// Pause is the longest silence of a node's log that ended in the window, where it
// is longer than is usual for it, and what was written when it ended. A process
// that was stopped or held begins with a line that tells, often one that it also
// wrote when all was well, so that its count says nothing.
type Pause struct {
	From   time.Time
	Length time.Duration
	Usual  time.Duration // the longest of the baseline
}

// Bounds of a pause that is told.
const (
	leastPause   = 5 * time.Second
	pauseFactor  = 3.
	usualAtLeast = time.Second
)

// ratio is how many times as long as usual.
func (p *Pause) ratio() float64 {
	return p.Length.Seconds() / max(p.Usual, usualAtLeast).Seconds()
}

// Resumed is a pause with the node and the template that ended it.
type Resumed struct {
	Pause
	Line compress.Line
}

// pauses watches the records of nodes in their order.
type pauses struct {
	in    *incident.Incident
	nodes []*paused
}

type paused struct {
	node  incident.NodeID
	last  int64 // Unix nanoseconds
	usual time.Duration
	best  Pause
	body  []byte // first record after best
}

// see takes the next record, whose time is known.
func (p *pauses) see(r *telemetry.Record) {
	n := len(p.nodes)
	if n == 0 || p.nodes[n-1].node != r.Node {
		s := &paused{node: r.Node, last: r.Time}
		s.usual = p.within(p.in.Baseline.From, time.Unix(0, r.Time))
		p.nodes = append(p.nodes, s)
		return
	}
	s := p.nodes[n-1]
	length := time.Duration(r.Time - s.last)
	if length <= 0 {
		return
	}
	from, at := time.Unix(0, s.last), time.Unix(0, r.Time)
	s.last = r.Time
	s.usual = max(s.usual, p.within(from, at))
	if p.in.Window.Contains(at) && length > s.best.Length {
		s.best = Pause{From: from, Length: length}
		s.body = append(s.body[:0], r.Body[:min(len(r.Body), 1<<10)]...)
	}
}

// within is how much of a silence lies in the baseline.
func (p *pauses) within(from, to time.Time) time.Duration {
	if from.Before(p.in.Baseline.From) {
		from = p.in.Baseline.From
	}
	if to.After(p.in.Baseline.To) {
		to = p.in.Baseline.To
	}
	return max(0, to.Sub(from))
}

// told are the pauses that are out of the usual, with the template that lines
// have for what ended them.
func (p *pauses) told(lines []compress.Line) []Resumed {
	var out []Resumed
	for _, s := range p.nodes {
		s.best.Usual = s.usual
		if s.best.Length < leastPause || s.usual == 0 || s.best.ratio() < pauseFactor {
			continue
		}
		for i := range lines {
			if lines[i].Node == s.node && compress.Match(lines[i].Template, string(s.body)) {
				out = append(out, Resumed{s.best, lines[i]})
				break
			}
		}
	}
	return out
}

// pauseItems are the pauses, each valued by how many times as long as usual it
// is and by how few nodes paused.
func pauseItems(all []Resumed) []item {
	sum := 0.
	for i := range all {
		sum += all[i].ratio()
	}
	var items []item
	for i := range all {
		p := &all[i]
		v := math.Log1p(p.ratio()) * p.ratio() / sum
		items = append(items, item{node: p.Line.Node, pause: p, line: &p.Line, value: moreValue * (v + pauseValue)})
	}
	return items
}

// pauseValue is what a pause is worth beside its length: there is at most one
// for each node.
const pauseValue = 1.

// short is the row of a pause without its template.
func (p *Resumed) short(window incident.Window) string {
	return fmt.Sprintf("log silent for %.0f s from %+.0f, usual %.0f s, then:", p.Length.Seconds(), p.From.Sub(window.From).Seconds(), p.Usual.Seconds())
}
