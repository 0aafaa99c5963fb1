package evidence

import (
	"math"
	"slices"
	"time"

	"triagent/incident"
)

// present counts rows and samples of window and baseline. A counter that was
// reset has a sample, though no rate.
type present struct{ samples, rows, baseSamples, baseRows int }

func (s *Scorer) present() present {
	count := func(r stretch) (n int) {
		for _, v := range s.raw[r.from:r.to] {
			if v == v {
				n++
			}
		}
		return n
	}
	p := present{samples: count(s.l.window), rows: s.l.expected}
	for _, b := range s.l.baseline {
		p.baseSamples += count(b)
		p.baseRows += b.to - b.from
	}
	return p
}

// odd is the signed root of the G statistic of rows with a sample, window
// against baseline. Missing data is evidence: a stopped node is an absence. 0
// if either has no row.
func (p present) odd() float64 {
	if p.baseRows == 0 || p.rows == 0 {
		return 0
	}
	kw, nw, kb, nb := float64(p.samples), float64(p.rows), float64(p.baseSamples), float64(p.baseRows)
	all := (kw + kb) / (nw + nb)
	term := func(k, e float64) float64 {
		if k == 0 {
			return 0
		}
		return 2 * k * math.Log(k/e)
	}
	g := term(kw, nw*all) + term(nw-kw, nw*(1-all)) + term(kb, nb*all) + term(nb-kb, nb*(1-all))
	return math.Copysign(math.Sqrt(max(g, 0)), kw/nw-kb/nb)
}

// absence turns missing samples, and samples where there were none, into a
// change of their own; its counts are of samples, also for a counter.
func (s *Scorer) absence(c *Change, p present, times []int64, f Frame) {
	switch {
	case p.baseSamples == 0 && p.samples > 0:
		c.Samples, c.BaselineSamples = p.samples, 0
		c.Score, c.Direction, c.Shape = c.Presence, incident.New, incident.Flat
		if c.Score >= Noticed {
			c.Shape, c.Onset = incident.Step, s.appeared(times)
		}
		if n := len(s.win); n > 0 {
			c.WindowPeak, c.Rank = s.win[n-1], 1
		}
	case c.Presence <= -Noticed:
		last, silence := s.longestSilence(times, f)
		if p.samples > 0 && s.step(silence) < 3 || silence.Duration().Seconds() < 3*s.sparse(times) {
			return
		}
		c.Silence = silence
		if p.samples < 2 || -c.Presence >= math.Abs(c.Score) {
			c.Samples, c.BaselineSamples = p.samples, p.baseSamples
			c.Score, c.Direction, c.Shape = c.Presence, incident.Gone, incident.Silent
			c.Onset = incident.Window{From: last, To: silence.From}
		}
	}
	if c.Shape == "" {
		c.Shape = incident.Flat
	}
}

// step is the length of w in rows.
func (s *Scorer) step(w incident.Window) float64 {
	if s.l.step == 0 {
		return 0
	}
	return w.Duration().Seconds()/s.l.step + 1e-6
}

// sparse is the time between two samples that the series itself seldom exceeds
// in the baseline (its 90 % quantile), in seconds, where that is well above the
// step of the rows; else 0. Rows may be of many series, each with times of its own.
func (s *Scorer) sparse(times []int64) float64 {
	var gaps []float64
	for _, b := range s.l.baseline {
		last := -1
		for i := b.from; i < b.to; i++ {
			if s.raw[i] != s.raw[i] {
				continue
			}
			if last >= 0 {
				gaps = append(gaps, float64(times[i]-times[last])/1e9)
			}
			last = i
		}
	}
	if len(gaps) == 0 {
		return 0
	}
	slices.Sort(gaps)
	if g := gaps[(len(gaps)-1)*9/10]; g > 1.5*s.l.step {
		return g
	}
	return 0
}

// appeared is where the first sample of the window came.
func (s *Scorer) appeared(times []int64) incident.Window {
	for i := s.l.search.from; i < s.l.window.to; i++ {
		if s.raw[i] == s.raw[i] {
			from := times[i] - int64(s.l.step*1e9)
			if i > 0 {
				from = times[i-1]
			}
			return incident.Window{From: time.Unix(0, from).UTC(), To: time.Unix(0, times[i]).UTC()}
		}
	}
	return incident.Window{}
}

// longestSilence returns the longest stretch of the window without a sample,
// from the moment the first missing one was due, and the time of the sample
// before it (its own beginning, if there was none). It may begin before the
// window, within the search.
func (s *Scorer) longestSilence(times []int64, f Frame) (last time.Time, w incident.Window) {
	step := int64(s.l.step * 1e9)
	end := f.Window.To.UnixNano()
	prev := f.Window.From.UnixNano() - step
	for i := min(s.l.window.from, len(s.raw)) - 1; i >= s.l.search.from; i-- {
		prev = times[i]
		if s.raw[i] == s.raw[i] {
			break
		}
	}
	var from, to int64
	consider := func(next int64) {
		if next-prev-step > to-from {
			from, to = prev+step, next
		}
	}
	for i := s.l.window.from; i < s.l.window.to; i++ {
		if s.raw[i] == s.raw[i] {
			consider(times[i])
			prev = times[i]
		}
	}
	consider(end)
	return time.Unix(0, from-step).UTC(), incident.Window{From: time.Unix(0, from).UTC(), To: time.Unix(0, to).UTC()}
}
