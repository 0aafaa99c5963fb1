package data

import (
	"math"
	"slices"

	"triagent/incident"
)

const (
	// spareShare is the share of a limit below which a resource is not scarce. Of
	// windows of four samples without a fault the lone ones reach .05 to .18, those with
	// a fault .78 and more, so a fifth to a half do as well.
	spareShare = 1. / 3
	// loneScore bounds what a lone sample says then: less than is noticed.
	loneScore = noticed - .1
)

// shares is the most that any metric of a signal reaches of its limit in the
// window, 0 to 1 and above. Signals of which no limit is known are left out.
func (m *meter) shares(all []moved) map[incident.Signal]float64 {
	out := map[incident.Signal]float64{}
	for i := range all {
		mv := &all[i]
		if mv.meaning.Signal == "" || mv.meaning.Scale <= 0 || mv.meaning.Counter || mv.change.Samples == 0 {
			continue
		}
		times := mv.table.Times
		from, _ := slices.BinarySearch(times, m.frame.Window.From.UnixNano())
		to, _ := slices.BinarySearch(times, m.frame.Window.To.UnixNano())
		most := 0.0
		for _, v := range mv.column.Values[from:to] {
			if v > most { // NaN is not
				most = v
			}
		}
		out[mv.meaning.Signal] = math.Max(out[mv.meaning.Signal], most/mv.meaning.Scale)
	}
	return out
}

// lone bounds what a single sample says of the use of a resource that is far from
// scarce all the while: something ran for a moment and had what it needed, which is
// work and no lack.
func (mv *moved) lone(used map[incident.Signal]float64) {
	c := &mv.change
	share, known := used[mv.meaning.Signal]
	if !known || share >= spareShare || mv.info.Bad != incident.Up || c.Rank != 1 || c.Samples < 2 {
		return
	}
	c.Score = math.Min(c.Score, loneScore)
}
