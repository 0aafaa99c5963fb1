package evidence

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"triagent/incident"
)

var nan = math.NaN()

// origin is the time of the first sample of made series.
var origin = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

func at(step, i int) time.Time { return origin.Add(time.Duration(step*i) * time.Second) }

// made is a series of nb baseline and nw window samples, step seconds apart.
func made(nb, nw, step int, value func(i int, r *rand.Rand) float64) ([]int64, []float64, Frame) {
	r := rand.New(rand.NewPCG(7, 11))
	var times []int64
	var values []float64
	for i := range nb + nw {
		times = append(times, at(step, i).UnixNano())
		values = append(values, value(i, r))
	}
	return times, values, Frame{
		Window:   incident.Window{From: at(step, nb), To: at(step, nb+nw)},
		Baseline: []incident.Window{{From: origin, To: at(step, nb)}},
		Search:   incident.Window{From: at(step, nb).Add(-90 * time.Second), To: at(step, nb+nw)},
	}
}

func TestChangeShapes(t *testing.T) {
	const nb, nw = 24, 22
	for _, tt := range []struct {
		name   string
		value  func(i int, r *rand.Rand) float64
		m      Meaning
		shape  incident.Shape
		dir    incident.Direction
		lo, hi float64 // bounds of the score
		onset  int     // row of the first changed sample; -1: none
	}{
		{"noise", func(_ int, r *rand.Rand) float64 { return 50 + 5*r.NormFloat64() }, Meaning{}, incident.Flat, "", -3, 3, -1},
		{"step up", func(i int, r *rand.Rand) float64 {
			return 20 + r.NormFloat64() + 70*above(i, 30)
		}, Meaning{Bad: incident.Up, Unit: "percent"}, incident.Step, incident.Up, 30, 100, 30},
		{"step down", func(i int, r *rand.Rand) float64 {
			return 100 + 5*r.NormFloat64() - 80*above(i, 28)
		}, Meaning{Bad: incident.Down}, incident.Step, incident.Down, -30, -8, 28},
		{"pulse that ends in the window", func(i int, r *rand.Rand) float64 {
			return 20 + r.NormFloat64() + 70*(above(i, 27)-above(i, 38))
		}, Meaning{}, incident.Step, incident.Up, 30, 100, 27},
		{"ramp", func(i int, r *rand.Rand) float64 {
			return 100 + r.NormFloat64() + 10*float64(max(0, i-25))
		}, Meaning{}, incident.Ramp, incident.Up, 20, 100, 26},
		{"spike", func(i int, r *rand.Rand) float64 {
			return 10 + r.NormFloat64() + 90*(above(i, 33)-above(i, 35))
		}, Meaning{}, incident.Spike, incident.Up, 20, 100, 33},
		{"one odd sample is nothing", func(i int, r *rand.Rand) float64 {
			return 10 + r.NormFloat64() + 90*(above(i, 33)-above(i, 34))
		}, Meaning{}, incident.Flat, "", -3, 3, -1},
		{"saturated with a noisy baseline", func(i int, r *rand.Rand) float64 {
			if i >= 29 {
				return 99 + r.Float64()
			}
			return 45 + 12*r.NormFloat64()
		}, Meaning{Unit: "percent", Limit: 100, Bad: incident.Up}, incident.Saturated, incident.Up, 12, 15, 29},
		{"silent", func(i int, r *rand.Rand) float64 {
			if i >= 26 {
				return nan
			}
			return 5 + r.NormFloat64()
		}, Meaning{}, incident.Silent, incident.Gone, -12, -4, 26},
		{"all of the window silent", func(i int, r *rand.Rand) float64 {
			if i >= 24 {
				return nan
			}
			return 5 + r.NormFloat64()
		}, Meaning{}, incident.Silent, incident.Gone, -12, -6, 24},
		{"sparse as ever", func(i int, r *rand.Rand) float64 {
			if i%3 != 0 {
				return nan
			}
			return 5 + r.NormFloat64()
		}, Meaning{}, incident.Flat, "", -3, 3, -1},
		{"appears", func(i int, _ *rand.Rand) float64 {
			if i < 30 {
				return nan
			}
			return 5
		}, Meaning{}, incident.Step, incident.New, 4, 12, 30},
		{"flat and off by one digit", func(i int, _ *rand.Rand) float64 { return 3 + above(i, 30) }, Meaning{}, incident.Flat, "", -3, 3, -1},
		{"flat large and off by one digit", func(i int, _ *rand.Rand) float64 {
			return 50331648 + 4096*above(i, 30)
		}, Meaning{Unit: "bytes"}, incident.Flat, "", -3, 3, -1},
		{"rare events, two in the window", func(i int, r *rand.Rand) float64 {
			if i == 30 || i == 40 {
				return .2 + .0005*r.Float64()
			}
			return 0
		}, Meaning{}, incident.Flat, "", -3, 3, -1},
		{"nothing at all, then a lot", func(i int, r *rand.Rand) float64 {
			return above(i, 31) * (95 + r.NormFloat64())
		}, Meaning{Unit: "percent"}, incident.Step, incident.Up, 40, 100, 31},
		{"flag that falls and stays", func(i int, _ *rand.Rand) float64 { return 1 - above(i, 28) }, Meaning{}, incident.Step, incident.Down, -10, -10, 28},
		{"latency five-fold", func(i int, r *rand.Rand) float64 {
			return 8 * math.Exp(.2*r.NormFloat64()+1.6*above(i, 30))
		}, Meaning{Log: true, Unit: "ms", Bad: incident.Up}, incident.Step, incident.Up, 3, 9, 30},
		{"latency of one bucket", func(i int, r *rand.Rand) float64 {
			return 8 * math.Exp(.2*r.NormFloat64()+.69*above(i, 30))
		}, Meaning{Log: true, Unit: "ms", Bad: incident.Up}, incident.Flat, "", -3, 3.2, -1},
		{"counter that speeds up", func(i int, _ *rand.Rand) float64 {
			return 1000 + 50*float64(i) + 500*float64(max(0, i-30))
		}, Meaning{Counter: true}, incident.Step, incident.Up, 20, 300, 31},
		{"two spikes up while most of the window is down", func(i int, r *rand.Rand) float64 {
			return 100 + r.NormFloat64() - 60*above(i, 26) + 130*above(i%10, 8)*above(i, 35)
		}, Meaning{Bad: incident.Up}, incident.Step, incident.Down, -15, -8, 26},
		{"counter reset", func(i int, _ *rand.Rand) float64 {
			return 1000 + 50*float64(i) - 2500*above(i, 30)
		}, Meaning{Counter: true}, incident.Flat, "", -3, 3, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			times, values, f := made(nb, nw, 5, tt.value)
			var s Scorer
			c := s.Change(times, values, f, tt.m)
			if c.Shape != tt.shape || (tt.dir != "" && c.Direction != tt.dir) {
				t.Errorf("shape %q direction %q, want %q %q", c.Shape, c.Direction, tt.shape, tt.dir)
			}
			if !(c.Score >= tt.lo && c.Score <= tt.hi) {
				t.Errorf("score %.2f, want %g to %g", c.Score, tt.lo, tt.hi)
			}
			if tt.onset >= 0 {
				wantOnset(t, c, at(5, tt.onset), 5)
			} else if !c.Onset.IsZero() {
				t.Errorf("onset %v, want none", c.Onset)
			}
			if t.Failed() {
				t.Logf("%+v", c)
			}
		})
	}
}

func above(i, from int) float64 {
	if i >= from {
		return 1
	}
	return 0
}

// wantOnset checks that the onset holds the moment before the first changed
// sample and is at most four samples wide.
func wantOnset(t *testing.T, c Change, first time.Time, step int) {
	t.Helper()
	if c.Onset.IsZero() || !c.Onset.From.Before(first) || c.Onset.To.Before(first) {
		t.Errorf("onset %v to %v does not hold %v", c.Onset.From, c.Onset.To, first)
	}
	if got := c.Onset.Duration(); got > time.Duration(4*step)*time.Second {
		t.Errorf("onset interval %v is wide", got)
	}
}

// TestLateAlarm has the baseline hold the first 60 s of the fault and the
// window start 60 s late.
func TestLateAlarm(t *testing.T) {
	times, values, f := made(36, 22, 5, func(i int, r *rand.Rand) float64 {
		return 20 + r.NormFloat64() + 70*above(i, 24)
	})
	var s Scorer
	c := s.Change(times, values, f, Meaning{Unit: "percent", Bad: incident.Up})
	if c.Score < 30 || c.BaselineSamples > 24 || c.BaselineSamples < 23 {
		t.Errorf("score %.1f against %d samples, want over 30 against 24", c.Score, c.BaselineSamples)
	}
	wantOnset(t, c, at(5, 24), 5)
	if n := s.NullMax(times, values, Frame{Window: f.Window, Baseline: c.Baseline, Search: f.Search}, Meaning{Unit: "percent"}); n > 4 {
		t.Errorf("null of the cut baseline %.1f", n)
	}
}

// TestWindowSizes checks that a step is seen alike with five samples and five
// hundred, and that noise is not.
func TestWindowSizes(t *testing.T) {
	for _, n := range []int{2, 3, 5, 22, 100, 500} {
		times, values, f := made(max(n, 8), n, 5, func(i int, r *rand.Rand) float64 {
			return 20 + r.NormFloat64() + 30*above(i, max(n, 8))
		})
		var s Scorer
		step := s.Change(times, values, f, Meaning{})
		for i := range values {
			if i >= max(n, 8) {
				values[i] -= 30
			}
		}
		noise := s.Change(times, values, f, Meaning{})
		if step.Score < 10 || step.Shape != incident.Step || math.Abs(noise.Score) > 3.5 {
			t.Errorf("%d samples: step %.1f %q, noise %.1f", n, step.Score, step.Shape, noise.Score)
		}
	}
}

func TestMissingRows(t *testing.T) { // the file ends when the node stops
	times, values, f := made(24, 22, 5, func(_ int, r *rand.Rand) float64 { return 5 + r.NormFloat64() })
	var s Scorer
	c := s.Change(times[:30], values[:30], f, Meaning{})
	if c.Shape != incident.Silent || c.Samples != 6 || c.Gaps != 16 {
		t.Errorf("shape %q, %d samples, %d gaps; want silent, 6, 16", c.Shape, c.Samples, c.Gaps)
	}
	if !c.Silence.From.Equal(at(5, 30)) || !c.Silence.To.Equal(f.Window.To) {
		t.Errorf("silence %v", c.Silence)
	}
	c = s.Change(nil, nil, f, Meaning{})
	if c.Samples != 0 || c.Score != 0 || c.Direction != "" {
		t.Errorf("empty series: %+v", c)
	}
}

// TestNull checks that the null of noise looks like its scores, that a series
// with bursts has a larger one, and that positions agree between series.
func TestNull(t *testing.T) {
	var s Scorer
	noise := func(_ int, r *rand.Rand) float64 { return 50 + 5*r.NormFloat64() }
	burst := func(i int, r *rand.Rand) float64 {
		return 50 + 5*r.NormFloat64() + 200*(above(i%10, 3)-above(i%10, 5))*above(i, 12)
	}
	times, values, f := made(24, 22, 5, noise)
	_, gaps, _ := made(24, 22, 5, func(i int, r *rand.Rand) float64 {
		if i%2 == 0 {
			return nan
		}
		return noise(i, r)
	})
	_, bursts, _ := made(24, 22, 5, burst)
	a, b := s.Null(nil, times, values, f, Meaning{}), s.Null(nil, times, gaps, f, Meaning{})
	if len(a) != 5 || len(b) != len(a) {
		t.Errorf("%d and %d blocks, want 5", len(a), len(b))
	}
	quiet, loud := s.NullMax(times, values, f, Meaning{}), s.NullMax(times, bursts, f, Meaning{})
	if quiet <= 0 || quiet > 4 || loud < 2*quiet {
		t.Errorf("null of noise %.2f, of bursts %.2f", quiet, loud)
	}
	if got := s.Null(nil, times[:4], values[:4], f, Meaning{}); len(got) != 0 {
		t.Errorf("null of 4 rows: %v", got)
	}
}

// TestEqualResults checks that scratch memory does not leak between series.
func TestEqualResults(t *testing.T) {
	var used Scorer
	for seed := range 200 {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		times, values, f := made(5+r.IntN(40), 1+r.IntN(40), 5, func(_ int, _ *rand.Rand) float64 {
			if r.IntN(5) == 0 {
				return nan
			}
			return math.Round(r.ExpFloat64() * 10)
		})
		m := Meaning{Log: r.IntN(2) == 0, Counter: r.IntN(3) == 0}
		var fresh Scorer
		a, b := used.Change(times, values, f, m), fresh.Change(times, values, f, m)
		if math.Float64bits(a.Score) != math.Float64bits(b.Score) || a.Onset != b.Onset || a.Shape != b.Shape {
			t.Fatalf("seed %d: %+v\n%+v", seed, a, b)
		}
		if math.IsNaN(a.Score) || math.IsInf(a.Score, 0) {
			t.Fatalf("seed %d: score %v", seed, a.Score)
		}
		used.NullMax(times, values, f, m)
	}
}

func BenchmarkChange(b *testing.B) {
	for _, size := range []struct {
		name           string
		series, nb, nw int
	}{{"1200x50", 1200, 26, 24}, {"93x200", 93, 140, 60}} {
		times, _, f := made(size.nb, size.nw, 5, func(int, *rand.Rand) float64 { return 0 })
		all := make([][]float64, size.series)
		for i := range all {
			r := rand.New(rand.NewPCG(uint64(i), 3))
			for j := range size.nb + size.nw {
				v := 100 + 10*r.NormFloat64()
				if i%10 == 0 {
					v += 80 * above(j, size.nb+5)
				}
				all[i] = append(all[i], v)
			}
		}
		var s Scorer
		b.Run("score/"+size.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, v := range all {
					s.Change(times, v, f, Meaning{})
				}
			}
		})
		b.Run("null/"+size.name, func(b *testing.B) {
			b.ReportAllocs()
			var buf []float64
			for b.Loop() {
				for _, v := range all {
					buf = s.Null(buf[:0], times, v, f, Meaning{})
				}
			}
		})
	}
}

// TestSparse shows that a series with a sample a minute is not silent between two
// of them, though rows of others lie there, and that it is when it stops.
func TestSparse(t *testing.T) {
	var times []int64
	var values []float64
	for i := range 30 {
		times, values = append(times, at(60, i).UnixNano()), append(values, 1)
	}
	for i := 1800; i < 2160; i++ { // a row a second, of others
		times, values = append(times, at(1, i).UnixNano()), append(values, math.NaN())
		if i%60 == 0 {
			values[len(values)-1] = 1
		}
	}
	f := Frame{
		Window:   incident.Window{From: at(60, 30), To: at(60, 36)},
		Baseline: []incident.Window{{From: origin, To: at(60, 30)}},
		Search:   incident.Window{From: at(60, 30).Add(-90 * time.Second), To: at(60, 36)},
	}
	var s Scorer
	if c := s.Change(times, values, f, Meaning{}); c.Direction == incident.Gone {
		t.Errorf("a sample a minute: %+v", c)
	}
	for i := 60; i < len(values); i++ {
		values[i] = math.NaN()
	}
	if c := s.Change(times, values, f, Meaning{}); c.Direction != incident.Gone {
		t.Errorf("no sample in five minutes: %+v", c)
	}
}

// A burst of one sample is news, unless the baseline had three such.
func TestRecurs(t *testing.T) {
	for _, tt := range []struct {
		bursts int
		height float64 // of those in the baseline; that in the window is 1 to 40
		news   bool
	}{{0, 0, true}, {2, 40, true}, {3, 40, false}, {3, 25, false}, {3, 5, true}, {9, 40, false}} {
		for _, sign := range []float64{1, -1} {
			times, values, f := made(200, 4, 60, func(i int, r *rand.Rand) float64 {
				switch {
				case i == 202:
					return 100 + sign*40
				case i%20 == 0 && i/20 < tt.bursts:
					return 100 + sign*tt.height
				}
				return 100 + r.Float64()
			})
			var s Scorer
			c := s.Change(times, values, f, Meaning{})
			if (math.Abs(c.Score) >= Noticed) != tt.news {
				t.Errorf("%d bursts of %v before: score %.1f, news is to be %t", tt.bursts, sign*tt.height, c.Score, tt.news)
			}
		}
	}
}
