package evidence

import "math"

// What is taken for the tail of a change.
const (
	tailBlock  = 3 // samples whose median says whether it goes on
	tailBefore = 8 // samples before the window that tell what is normal
)

// cutTail takes out of the baseline what follows the window and still belongs to
// it: while blocks of three samples lie nearer to the window's median than to
// that of the baseline before the window, in a series that clearly moved. Queues
// drain and caches fill after the trouble itself is over.
func (s *Scorer) cutTail() {
	after := -1
	s.block = s.block[:0]
	for i, r := range s.l.baseline {
		if r.to <= s.l.window.from {
			s.block = appendSamples(s.block, s.x[r.from:r.to])
		}
		if r.from == s.l.window.to {
			after = i
		}
	}
	if after < 0 || len(s.block) < tailBefore {
		return
	}
	sortFloats(s.block)
	before, window := quantileSorted(s.block, .5), quantileSorted(s.win, .5)
	if math.Abs(window-before) <= Noticed*1.4826*madSorted(s.block, before) {
		return
	}
	r := &s.l.baseline[after]
	end := s.tailEnd(*r, (before+window)/2, window > before)
	gone := 0
	for _, v := range s.x[r.from:end] {
		if v == v {
			gone++
		}
	}
	if gone == 0 || len(s.base)-gone < max(5, len(s.base)/3) {
		return
	}
	r.from = end
	s.l.merge()
	s.base = s.base[:0]
	for _, b := range s.l.baseline {
		s.base = appendSamples(s.base, s.x[b.from:b.to])
	}
	sortFloats(s.base)
}

// tailEnd is the row of r from which blocks lie on the usual side of half.
func (s *Scorer) tailEnd(r stretch, half float64, up bool) int {
	end := r.from
	s.block = s.block[:0]
	for i := r.from; i < r.to; i++ {
		v := s.x[i]
		if v != v {
			continue
		}
		if s.block = append(s.block, v); len(s.block) < tailBlock {
			continue
		}
		sortFloats(s.block)
		if middle := s.block[tailBlock/2]; middle == half || (middle > half) != up {
			break
		}
		s.block, end = s.block[:0], i+1
	}
	return end
}
