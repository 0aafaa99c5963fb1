package evidence

import (
	"math"
	"time"

	"triagent/incident"
)

// began is where a change began, in search samples (indices of Scorer.y): at
// best, not before first, not after last; it is over after end.
type began struct{ first, best, last, end int }

// onset finds where the change of c began: the start of the segment, ending in
// the window, that a shift of the size seen explains best against no shift
// (the segment form of Page's CUSUM, "Continuous Inspection Schemes", 1954). Its
// interval holds the starts whose log-likelihood is within 2 of the best, and
// goes on backwards while samples stand above the noise: a ramp begins before
// it is half way up. It works on the scale without the range floor, which a
// contaminated baseline would blow up.
func (s *Scorer) onset(c *Change) (began, bool) {
	s.y, s.at = s.y[:0], s.at[:0]
	inWindow := -1 // first search sample of the window
	sign := math.Copysign(1, c.Score)
	for i := s.l.search.from; i < s.l.search.to; i++ {
		v := s.x[i]
		if v != v {
			continue
		}
		if i >= s.l.window.from && inWindow < 0 {
			inWindow = len(s.y)
		}
		if i >= s.l.window.to {
			break
		}
		s.y = append(s.y, sign*(s.scale.at(v)-s.scale.centre)/s.scale.narrow)
		s.at = append(s.at, i)
	}
	peak := sign * (s.scale.at(c.WindowPeak) - s.scale.centre) / s.scale.narrow
	if inWindow < 0 || peak <= 0 || (peak < Noticed && math.Abs(c.Score) < Noticed) {
		return began{}, false
	}
	// A large shift is capped: 8 spreads tell any two samples apart, and the
	// half-way mark must not rise out of reach of a ramp's beginning.
	size := min(peak, 8)
	gain := func(i int) float64 { return size * (min(max(s.y[i], -size), size) - size/2) }
	var b began
	sum, start, most := 0.0, 0, math.Inf(-1)
	for i := range s.y {
		if sum <= 0 {
			sum, start = 0, i
		}
		sum += gain(i)
		if i >= inWindow && sum > most {
			most, b.best, b.end = sum, start, i
		}
	}
	if most <= 0 {
		return began{}, false
	}
	b.first, b.last = b.best, b.best
	for i, acc := b.best-1, 0.0; i >= 0 && acc > -20; i-- {
		if acc += gain(i); acc >= -2 {
			b.first = i
		}
	}
	for i, acc := b.best, 0.0; i < b.end && acc > -20; i++ {
		if acc -= gain(i); acc >= -2 {
			b.last = i + 1
		}
	}
	for b.first > 0 && s.y[b.first-1] > 1 {
		b.first--
	}
	return b, true
}

// cutBaseline takes out of the baseline what already belongs to the change and
// reports whether it did: where the onset lies before the end of the baseline,
// most samples from there on are as odd as the window's, and enough remain.
func (s *Scorer) cutBaseline(b began) bool {
	from := s.at[b.first]
	if from >= s.l.window.from {
		return false
	}
	size := min(s.y[b.best], 8)
	odd, all := 0, 0
	for i := b.first; i < len(s.y) && s.at[i] < s.l.window.from; i++ {
		if !s.inBaseline(s.at[i]) {
			continue
		}
		all++
		if s.y[i] > size/2 {
			odd++
		}
	}
	if all == 0 || float64(odd) < .6*float64(all) || len(s.base)-all < max(5, len(s.base)/3) {
		return false
	}
	kept := s.l.baseline[:0]
	for _, r := range s.l.baseline {
		if r.from < s.l.window.from {
			r.to = min(r.to, from)
		}
		if r.from < r.to {
			kept = append(kept, r)
		}
	}
	s.l.baseline = kept
	s.base = s.base[:0]
	for _, r := range kept {
		s.base = appendSamples(s.base, s.x[r.from:r.to])
	}
	sortFloats(s.base)
	return true
}

func (s *Scorer) inBaseline(row int) bool {
	for _, r := range s.l.baseline {
		if row >= r.from && row < r.to {
			return true
		}
	}
	return false
}

// onsetWindow turns search samples into time: after the last sample that was
// still as usual, not after the first that was not.
func (s *Scorer) onsetWindow(b began, times []int64) incident.Window {
	first := s.at[b.first]
	before := first - 1
	for before >= 0 && s.x[before] != s.x[before] {
		before--
	}
	from := times[first] - int64(s.l.step*1e9)
	if before >= 0 {
		from = times[before]
	}
	return incident.Window{From: time.Unix(0, from).UTC(), To: time.Unix(0, times[s.at[b.last]]).UTC()}
}

// shape tells how the series moved from its onset on.
func (s *Scorer) shape(c *Change, b began) incident.Shape {
	if c.Saturated > 0 && c.Score > 0 && c.Saturated >= 2/float64(c.Samples) {
		return incident.Saturated
	}
	var peak float64
	for _, y := range s.y[b.best:] {
		peak = max(peak, y)
	}
	high := 0
	for _, y := range s.y[b.best:] {
		if y > peak/2 {
			high++
		}
	}
	n := len(s.y) - b.best
	if ended := b.end < len(s.y)-1; ended && high <= max(1, n/4) {
		return incident.Spike
	}
	if s.climbs(b, peak) {
		return incident.Ramp
	}
	return incident.Step
}

// climbs reports whether the samples from the onset to the peak rise steadily:
// a line explains most of them, and rises by more than half of the peak.
func (s *Scorer) climbs(b began, peak float64) bool {
	y := s.y[b.first : b.end+1]
	n := float64(len(y))
	if n < 4 {
		return false
	}
	var sy, sxy, syy float64
	for i, v := range y {
		d := float64(i) - (n-1)/2
		sy += v
		syy += v * v
		sxy += d * v
	}
	sxx := n * (n*n - 1) / 12
	slope := sxy / sxx
	vary := syy - sy*sy/n
	return vary > 0 && slope*(n-1) > .5*peak && slope*slope*sxx > .7*vary
}
