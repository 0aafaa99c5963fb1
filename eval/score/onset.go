package score

import (
	"math"
	"slices"
	"time"

	"triagent/incident"
	"triagent/telemetry"
)

// onsetNear is how far an onset may be off, in seconds, and still be called right.
const onsetNear = 30

// SetOnset compares when the first cause of the diagnosis began with when the
// true one at its node did, the earliest if there are several. It does nothing
// where the node is wrong or the truth gives no beginning.
func (r *Row) SetOnset(d incident.Diagnosis, t telemetry.Truth) {
	if len(d.Causes) == 0 {
		return
	}
	first, began := d.Causes[0], time.Time{}
	for _, c := range t.Causes {
		from := c.Window.From
		if c.Node == first.Node && c.Node != "" && !from.IsZero() && (began.IsZero() || from.Before(began)) {
			began = from
		}
	}
	if began.IsZero() {
		return
	}
	r.OnsetAsked = true
	if !first.Onset.IsZero() {
		v := first.Onset.Sub(began).Seconds()
		r.Onset = &v
	}
}

// onsetWithin is 1 for an onset that is right; none at all is wrong.
func (r *Row) onsetWithin() (float64, bool) {
	return truth(r.Onset != nil && math.Abs(*r.Onset) <= onsetNear), r.OnsetAsked
}

// onsetError is the median of how far onsets are off, early or late alike, in
// seconds. Answers without an onset are left out; onsetWithin counts them.
func onsetError(rows []*Row) (float64, int, bool) {
	var off []float64
	for _, r := range rows {
		if r.Onset != nil {
			off = append(off, math.Abs(*r.Onset))
		}
	}
	if len(off) == 0 {
		return 0, 0, false
	}
	slices.Sort(off)
	return quantile(off, .5), len(off), true
}
