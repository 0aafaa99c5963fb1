package compress

import (
	"time"

	"triagent/incident"
)

// talkative is how many records a stretch must hold on average for one without
// any to be a gap in what was recorded rather than silence.
const talkative = 10

// exposure says how much of a window was recorded: all of it, unless records are
// so frequent that a step without one of any node is a gap. Its memory is
// bounded however long the window is.
type exposure struct {
	step time.Duration
	seen []int64 // records by step
	sum  int64
	used int64
}

const maxSteps = 1 << 14

func newExposure(w incident.Window) exposure {
	step := max(5*time.Second, w.Duration()/maxSteps)
	return exposure{step: step, seen: make([]int64, int(w.Duration()/step)+1)}
}

func (x *exposure) note(at time.Duration) {
	k := int(at / x.step)
	if k < 0 || k >= len(x.seen) {
		return
	}
	if x.seen[k] == 0 {
		x.used++
	}
	x.seen[k]++
	x.sum++
}

// seconds are those recorded in [from, to).
func (x *exposure) seconds(from, to time.Duration) float64 {
	if x.used == 0 || x.sum < talkative*x.used {
		return (to - from).Seconds()
	}
	var sum time.Duration
	for at := from; at < to; {
		k := int(at / x.step)
		next := min(to, time.Duration(k+1)*x.step)
		if k < len(x.seen) && x.seen[k] > 0 {
			sum += next - at
		}
		at = next
	}
	return sum.Seconds()
}
