package evidence

import (
	"math"

	"triagent/incident"
)

// What a level needs: enough samples that their median says more than any of
// them, and enough blocks of baseline to see how much such a median wanders.
const (
	levelWindow = 12 // samples of the window
	levelBlocks = 6  // blocks of the baseline
	levelShare  = 4  // blocks that the window would be cut into
	levelFloor  = .1 // least spread of the logarithm
	// latencyFloor is the same of what is measured as a logarithm anyway: one
	// bucket of a histogram, a factor of 2, is no change.
	latencyFloor = .2
)

// level measures a shift that lasts: how far the window's median lies from the
// baseline's, in spreads of the medians of blocks of the baseline, on a
// logarithmic scale if nothing is negative. It is 0 where there are too few
// samples.
//
// The extremes that Score is made of say little of a series whose samples
// scatter as widely as they can fall: of commits between 20 and 100 a second
// none is odd by itself at 2, forty in a row are. On a linear scale nothing
// falls by more than it has; on a logarithmic one a fall to a tenth is as far
// as a rise to ten times as much.
func (s *Scorer) level(window float64) float64 {
	length := max(3, min(len(s.win)/levelShare, len(s.base)/(levelBlocks+2)))
	if len(s.win) < levelWindow || len(s.base) < levelBlocks*length || flips(s.base, s.win) {
		return 0
	}
	l := s.levelScale()
	s.blocks = s.blocks[:0]
	for _, r := range s.l.baseline {
		s.appendBlocks(r, length, l)
	}
	if len(s.blocks) < levelBlocks-1 { // gaps and ends of stretches cost some
		return 0
	}
	sortFloats(s.blocks)
	centre := l.at(s.scale.median)
	wander := max(1.4826*madSorted(s.blocks, quantileSorted(s.blocks, .5)), (quantileSorted(s.blocks, .85)-quantileSorted(s.blocks, .15))/2.07)
	chance, least := s.scale.narrow, s.scale.narrow/math.Sqrt(float64(length)) // of one sample
	if l.log {
		chance, least = 1.4826*madLog(s.base, &l), levelFloor
		if s.scale.log {
			least = latencyFloor
		}
	}
	// What blocks wander beyond chance a window wanders as well, and by chance
	// as much less as it is longer. 1.25: a median scatters more than a mean.
	chance *= 1.25
	beyond := max(0, wander*wander-chance*chance/float64(length))
	spread := max(least, math.Sqrt(beyond+chance*chance*(1/float64(len(s.win))+1/float64(len(s.base)))))
	return (l.at(window) - centre) / (spread * (1 + 2/float64(len(s.blocks))))
}

// levelScale is the scale that levels are measured on.
func (s *Scorer) levelScale() scale {
	l := scale{median: s.scale.median, log: s.base[0] >= 0 && s.win[0] >= 0, offset: s.scale.offset}
	if l.log && !s.scale.log {
		l.offset = max(.05*math.Abs(l.median), .25*s.scale.narrow)
	}
	l.centre = l.at(l.median)
	return l
}

// appendBlocks appends the medians of a stretch of the baseline, as measured,
// by blocks of length samples.
func (s *Scorer) appendBlocks(r stretch, length int, l scale) {
	s.block = s.block[:0]
	for _, v := range s.x[r.from:r.to] {
		if v != v {
			continue
		}
		if s.block = append(s.block, v); len(s.block) == length {
			sortFloats(s.block)
			s.blocks = append(s.blocks, l.at(quantileSorted(s.block, .5)))
			s.block = s.block[:0]
		}
	}
}

// sustain lets a shift that lasts speak where it says more than the extremes.
func (s *Scorer) sustain(c *Change) {
	c.Level = s.level(c.WindowMedian)
	if math.Abs(c.Level) < Noticed || math.Abs(c.Level) <= math.Abs(c.Score) {
		return
	}
	up := c.Level > 0
	if up == (c.WindowMedian <= c.BaselineMedian) {
		return
	}
	sign := math.Copysign(1, c.Level)
	_, c.Rank = s.extreme(sign)
	c.Score, c.Shift = c.Level, c.Level
	c.Direction, c.WindowPeak = incident.Down, s.win[c.Rank-1]
	if up {
		c.Direction, c.WindowPeak = incident.Up, s.win[len(s.win)-c.Rank]
	}
}
