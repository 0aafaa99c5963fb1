package evidence

import (
	"math"
	"time"

	"triagent/incident"
)

// Bounds of the change score, in robust standard deviations.
const (
	// Noticed is the score from which a change has a shape and an onset.
	Noticed = 3.0
	// saturatedScore is the least score of a series that newly stands at its limit.
	saturatedScore = 12.0
	// flippedScore is the score of a flag (0 or 1) that flips and stays.
	flippedScore = 10.0
	// appearedScore bounds the score of a series that never moved in the baseline.
	appearedScore = 50.0
	// fewSamples is how many samples of a window still let a single one speak.
	fewSamples = 6
	// oftenEnough is how often the baseline did what is no news in a single sample.
	oftenEnough = 3
)

// Meaning is what measuring a change needs to know of a metric. The zero
// Meaning is a gauge of which nothing is known.
type Meaning struct {
	Bad     incident.Direction // Up or Down; empty: both ways are bad
	Unit    string             // "percent", "ms", "s", "bytes", "bytes/s", "1/s" ...; sets the least scale
	Limit   float64            // where it saturates, in its unit; 0: none known
	Floor   float64            // least scale in its unit, instead of the guessed resolution; 0: none
	Log     bool               // measured as a logarithm: latencies
	Counter bool               // only ever grows: measured as increase a second
}

// Change says how a metric moved between baseline and window. Values are in the
// unit of the metric, or that unit a second for a counter.
type Change struct {
	BaselineMedian float64 // NaN: no sample
	// BaselineSpread is the scale that Score is measured in, floors applied; of
	// the natural logarithm if Meaning.Log.
	BaselineSpread float64
	WindowMedian   float64 // NaN: no sample
	WindowSpread   float64 // 1.4826 MAD of the window, not floored, in the unit: "more" or "less variance"
	// WindowPeak is the Rank-th largest sample of the window if Score > 0, the
	// Rank-th smallest if Score < 0: the second in short windows, so that one
	// odd sample is not a change, the 2+n/50-th in longer ones.
	WindowPeak float64
	Rank       int
	// Score is the distance of WindowPeak from BaselineMedian in spreads; its
	// sign is the way it went. For a series that went silent or appeared it is
	// Presence.
	Score float64
	// Shift is the signed distance of WindowMedian from BaselineMedian in spreads;
	// where Score is Level, so is Shift.
	Shift float64
	// Level is the same distance in spreads of the medians of blocks of the
	// baseline, on a logarithmic scale where it can be; 0: too few samples. It
	// is the Score where it says more than WindowPeak does.
	Level     float64
	Direction incident.Direction // Up, Down, New, Gone; empty: no sample at all
	Shape     incident.Shape     // Flat below Noticed
	// Onset is where the change began: after From, not after To. Zero below Noticed.
	Onset           incident.Window
	BaselineSamples int
	Samples         int // in the window
	Gaps            int // rows of the window without sample, rows that are missing included
	// Presence is the signed root of the G statistic of the share of rows with a
	// sample, window against baseline: below 0 samples are missing.
	Presence float64
	// Silence is the longest stretch of the window without a sample, if that is
	// odd for the series; zero otherwise.
	Silence incident.Window
	// Saturated is the share of the window's samples at 90 % of the limit or
	// more; 0 without a limit.
	Saturated float64
	// Baseline is what served as baseline: that of the frame, less the parts
	// that already or still belonged to the change.
	Baseline []incident.Window
}

// Scorer measures changes. It keeps scratch memory between calls: use one a
// goroutine. The zero Scorer is ready.
type Scorer struct {
	l      layout
	raw    []float64 // the caller's values
	x      []float64 // what is measured: raw, or rate
	rate   []float64
	base   []float64 // baseline samples, ascending, in the unit
	win    []float64 // window samples, ascending, in the unit
	scale  scale
	block  []float64 // level: samples of a block
	blocks []float64 // level: medians of blocks, as measured, ascending
	y      []float64 // standardised search samples
	at     []int     // row of each y
	sorted []sample  // null: baseline samples, ascending
	rest   []float64 // null: baseline without a block, ascending
}

// Change measures how one series moved. times are Unix nanoseconds, ascending;
// values has one entry for each, NaN where there is no sample. It does not keep
// or change them.
//
// The score is a robust z with floors: with too few or too regular samples the
// median absolute deviation says next to nothing of what is usual, and a
// metric that never moved beats every real fault by moving one digit. The scale
// is the largest of 1.4826 MAD, (q95-q05)/3.3, 5 % of the median (.35 of the
// logarithm), the resolution of the metric, the floor of its unit, and is
// widened by 1+4/n for a baseline of n samples.
//
// Source of the statistic: median/IQR scores after Pham et al., "BARO: Robust
// Root Cause Analysis for Microservices", FSE 2024; unlike there the onset is
// searched in each series, and a baseline that already holds the beginning of
// the change is cut at its onset.
func (s *Scorer) Change(times []int64, values []float64, f Frame, m Meaning) Change {
	s.load(times, values, f, m)
	c := Change{BaselineMedian: math.NaN(), WindowMedian: math.NaN(), WindowPeak: math.NaN()}
	c.Samples, c.BaselineSamples = len(s.win), len(s.base)
	if c.Samples > 0 {
		c.WindowMedian = quantileSorted(s.win, .5)
		c.WindowSpread = 1.4826 * madSorted(s.win, c.WindowMedian)
	}
	if c.BaselineSamples > 0 {
		c.BaselineMedian = quantileSorted(s.base, .5)
	}
	if c.Samples > 0 && c.BaselineSamples > 0 {
		s.score(&c, times, m)
	}
	p := s.present() // of the baseline as cut
	c.Gaps, c.Presence = p.rows-p.samples, p.odd()
	s.absence(&c, p, times, f)
	c.Baseline = s.baselineUsed(times, f)
	return c
}

// score fills c where both windows have samples, a second time if the baseline
// turned out to hold the beginning of the change.
func (s *Scorer) score(c *Change, times []int64, m Meaning) {
	s.cutTail()
	s.scale = newScale(s.base, s.win, s.l.step, m)
	s.measure(c, m)
	s.sustain(c)
	on, ok := s.onset(c)
	if ok && s.cutBaseline(on) {
		s.scale = newScale(s.base, s.win, s.l.step, m)
		s.measure(c, m)
		s.sustain(c)
		on, ok = s.onset(c)
	}
	c.Shape = incident.Flat
	if math.Abs(c.Score) < Noticed || !ok {
		return
	}
	c.Onset = s.onsetWindow(on, times)
	c.Shape = s.shape(c, on)
}

// measure computes medians, peak and score against the current baseline.
func (s *Scorer) measure(c *Change, m Meaning) {
	c.BaselineSamples = len(s.base)
	c.BaselineMedian, c.BaselineSpread = s.scale.median, s.scale.spread
	c.Shift = s.scale.z(c.WindowMedian)
	up, upRank := s.extreme(+1)
	down, downRank := s.extreme(-1)
	// A move in the good direction has to be twice as large to be the story,
	// but what half of the window did tells the way whatever the rest did.
	wUp, wDown := 1.0, 1.0
	switch {
	case c.Shift >= Noticed:
		wDown = 0
	case c.Shift <= -Noticed:
		wUp = 0
	case m.Bad == incident.Up:
		wDown = .5
	case m.Bad == incident.Down:
		wUp = .5
	}
	n := len(s.win)
	rises := up*wUp >= down*wDown
	if rises && c.Shift < 0 && c.Shift <= -up/2 || !rises && c.Shift > 0 && c.Shift >= down/2 { // nor does an extreme that is hardly larger
		rises = !rises
	}
	if rises {
		c.Score, c.Rank, c.Direction, c.WindowPeak = up, upRank, incident.Up, s.win[n-upRank]
	} else {
		c.Score, c.Rank, c.Direction, c.WindowPeak = -down, downRank, incident.Down, s.win[downRank-1]
	}
	s.saturation(c, m)
}

// extreme returns how far the window went in the direction of sign, at least 0,
// and the rank of the sample that says so.
func (s *Scorer) extreme(sign float64) (z float64, rank int) {
	n := len(s.win)
	nth := func(k int) float64 {
		if sign > 0 {
			return max(0, s.scale.z(s.win[n-k]))
		}
		return max(0, -s.scale.z(s.win[k-1]))
	}
	rank = min(2+n/50, n)
	if n == 1 {
		return nth(1) / 2, 1
	}
	z = nth(rank)
	if n <= fewSamples {
		if one := nth(1) / 2; one > z && !s.recurs(sign, one) {
			return one, 1
		}
	}
	return z, rank
}

// recurs reports whether the baseline went that far at least three times: what a
// single sample did now and then before is no news in a single sample. A job
// that runs once an hour moves no median, and is as usual as anything.
func (s *Scorer) recurs(sign, z float64) bool {
	n := len(s.base)
	if n < oftenEnough {
		return false
	}
	if sign > 0 {
		return s.scale.z(s.base[n-oftenEnough]) >= z
	}
	return -s.scale.z(s.base[oftenEnough-1]) >= z
}

// saturation counts samples near the limit and raises the score of a series
// that is newly there: where the baseline is noisy its own scale hides it.
func (s *Scorer) saturation(c *Change, m Meaning) {
	if m.Limit <= 0 {
		return
	}
	near := func(x []float64) int {
		n := 0
		for i := len(x) - 1; i >= 0 && x[i] >= .9*m.Limit; i-- {
			n++
		}
		return n
	}
	n := near(s.win)
	c.Saturated = float64(n) / float64(len(s.win))
	if n >= 2 && float64(near(s.base)) < .05*float64(len(s.base)) && m.Bad != incident.Down {
		rank := min(2+len(s.win)/50, n)
		c.Score, c.Rank, c.Direction = max(c.Score, saturatedScore), rank, incident.Up
		c.WindowPeak = s.win[len(s.win)-rank]
	}
}

// load splits the series into sorted baseline and window samples.
func (s *Scorer) load(times []int64, values []float64, f Frame, m Meaning) {
	s.l.place(times, f)
	s.raw, s.x = values, values
	if m.Counter {
		s.rate = rates(s.rate[:0], times, values)
		s.x = s.rate
	}
	s.base = s.base[:0]
	for _, b := range s.l.baseline {
		s.base = appendSamples(s.base, s.x[b.from:b.to])
	}
	s.win = appendSamples(s.win[:0], s.x[s.l.window.from:s.l.window.to])
	sortFloats(s.base)
	sortFloats(s.win)
}

func appendSamples(to, from []float64) []float64 {
	for _, v := range from {
		if v == v {
			to = append(to, v)
		}
	}
	return to
}

// rates appends the increase a second of a counter since its previous sample
// to to, one for each value: NaN at gaps, at the first sample and where the
// counter fell (it was reset).
func rates(to []float64, times []int64, values []float64) []float64 {
	last := -1
	for i, v := range values {
		r := math.NaN()
		if v == v {
			if last >= 0 && v >= values[last] && times[i] > times[last] {
				r = (v - values[last]) / (float64(times[i]-times[last]) / 1e9)
			}
			last = i
		}
		to = append(to, r)
	}
	return to
}

// baselineUsed returns the windows that the baseline's rows came from: those of
// the frame, cut at the first row that no longer belongs to it.
func (s *Scorer) baselineUsed(times []int64, f Frame) []incident.Window {
	var used []incident.Window
	row := func(i int) time.Time {
		if i == len(times) {
			return time.Unix(0, times[i-1]+max(1, int64(s.l.step*1e9))).UTC()
		}
		return time.Unix(0, times[i]).UTC()
	}
	for _, b := range s.l.baseline {
		w := incident.Window{From: row(b.from), To: row(b.to)}
		for _, g := range f.Baseline {
			r := rows(times, g)
			if r.from == b.from {
				w.From = g.From.UTC()
			}
			if r.to == b.to {
				w.To = g.To.UTC()
			}
		}
		used = append(used, w)
	}
	return used
}
