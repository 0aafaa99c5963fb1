package data

import (
	"math"
	"time"

	"triagent/incident"
	"triagent/knowledge"
)

// A fault that has just begun shows in the last few samples alone: too few to
// change what a series looks like, enough where they say that nobody is there.

const (
	tailSteps = 3 // samples in a row that have to be missing at the end
	tailZeros = 2 // samples in a row that have to say that a process is down
	// stateScore is what a state is worth that a series reports rather than
	// measures, as a change of status.
	stateScore = changeScore
)

// ended reports whether a series that has a sample in nearly every row stops
// before the end of the window, or before where the same series of other nodes
// goes on to, and when its last sample was.
func (m *meter) ended(mv *moved) (last time.Time, ok bool) {
	first, end, n := sampled(mv.table.Times, mv.column.Values)
	if n < 3 {
		return time.Time{}, false
	}
	step := (end - first) / int64(n-1)
	to := m.last()[mv.column.Name]
	return time.Unix(0, end).UTC(), to-end >= tailSteps*step && end >= m.frame.Window.From.UnixNano()
}

// sampled is when a series has its first and last sample, and how many it has.
func sampled(times []int64, values []float64) (first, last int64, n int) {
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		if n == 0 {
			first = times[i]
		}
		last = times[i]
		n++
	}
	return first, last, n
}

// down makes the story of a series that says whether a process is up what its
// last samples say: that it is down now, and was up before. It returns since
// when; zero: they say no such thing.
func (m *meter) down(mv *moved) (since incident.Window) {
	if mv.info.Nature != knowledge.AbsenceNature || mv.info.Bad != incident.Down || mv.change.BaselineMedian != 1 {
		return since
	}
	at, zeros := len(mv.column.Values), 0
	for i := len(mv.column.Values) - 1; i >= 0; i-- {
		v := mv.column.Values[i]
		if math.IsNaN(v) {
			continue
		}
		if v != 0 && v != 1 {
			return since
		}
		if v == 1 {
			break
		}
		at = i
		zeros++
	}
	begin := time.Unix(0, mv.table.Times[min(at, len(mv.table.Times)-1)]).UTC()
	if zeros < tailZeros || at == 0 || !m.frame.Window.Contains(begin) {
		return since
	}
	c := &mv.change
	c.Score, c.Shift, c.WindowMedian = -stateScore, -stateScore, 0
	c.Direction, c.Shape = incident.Down, incident.Step
	c.Onset = incident.Window{From: time.Unix(0, mv.table.Times[at-1]).UTC(), To: begin}
	return incident.Window{From: begin, To: m.frame.Window.To}
}
