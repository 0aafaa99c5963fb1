package data

import (
	"testing"
	"time"

	"triagent/agents"
	"triagent/incident"
)

var epoch = time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)

// at is the moment s seconds after the epoch of the tests.
func at(s float64) time.Time { return epoch.Add(time.Duration(s * 1e9)) }

func window(from, to float64) incident.Window { return incident.Window{From: at(from), To: at(to)} }

// frame has ten minutes of baseline and, a minute later, two of window.
func frame() agents.Frame {
	return agents.Frame{Window: window(660, 780), Baseline: []incident.Window{window(0, 600)}, Search: window(600, 780)}
}

func TestGrid(t *testing.T) {
	g := newGrid(frame(), at(700))
	for i := range g.from {
		if g.to[i] <= g.from[i] || i > 0 && g.from[i] < g.to[i-1] {
			t.Fatalf("bin %d: [%d, %d) after %d", i, g.from[i], g.to[i], g.to[max(0, i-1)])
		}
	}
	for _, tt := range []struct {
		at        float64
		in, fine  bool
		canBeginn bool
	}{
		{-1, false, false, false},
		{0, true, false, false},
		{599.9, true, false, false},
		{600, true, true, true},
		{720, true, true, true},
		{760, true, true, false}, // later than 30 s after the alert
		{780, false, false, false},
	} {
		b := g.bin(at(tt.at).UnixNano(), 3)
		if (b >= 0) != tt.in {
			t.Errorf("%v s: bin %d, want one: %v", tt.at, b, tt.in)
			continue
		}
		if tt.in && (g.searching(b) != tt.fine || (tt.fine && b < g.search+g.starts) != tt.canBeginn) {
			t.Errorf("%v s: bin %d, search from %d for %d to %d", tt.at, b, g.search, g.starts, g.stop)
		}
	}
	if u := g.usual(); len(u) != 1 || u[0] != window(0, 600) {
		t.Errorf("usual: %v", u)
	}
}

func TestGridSharesAShortBaseline(t *testing.T) {
	f := frame()
	f.Baseline = []incident.Window{window(540, 640)}
	g := newGrid(f, time.Time{})
	shared := 0
	for _, b := range g.blocks {
		if b.lo >= g.search {
			shared++
			if g.to[b.hi-1] > at(640).UnixNano() {
				t.Errorf("block to %v lies outside the baseline", utc(g.to[b.hi-1]))
			}
		}
	}
	if shared == 0 {
		t.Error("with six blocks of baseline the rest of it, which is searched, should count too")
	}
}

// An onset in the middle of the search is found, and the interval holds it.
func TestScanFindsTheOnset(t *testing.T) {
	g := newGrid(frame(), at(700))
	k, n := make([]int32, g.bins()), make([]int32, g.bins())
	began := g.bin(at(675).UnixNano(), 0)
	for i := range k {
		n[i] = 20
		if i < began {
			k[i] = 20
		}
	}
	c := g.share(k, n)
	if !c.known || c.up || c.sd < 10 {
		t.Fatalf("%+v", c)
	}
	if o := g.onset(c.lo, c.hi); o.From.After(at(675)) || o.To.Before(at(675)) || o.Duration() > time.Minute {
		t.Errorf("onset %v, want 675 s in it", o)
	}
}

func TestExposureSkipsGaps(t *testing.T) {
	g := newGrid(frame(), time.Time{})
	var all cell
	for s := 0.0; s < 750; s++ {
		if s >= 120 && s < 240 {
			continue
		}
		all.add(g.bin(at(s).UnixNano(), 0), g.bins())
	}
	e := exposure(g, &all)
	if got := e[g.bin(at(150).UnixNano(), 0)]; got != 0 {
		t.Errorf("a gap of a talkative system counts %v s", got)
	}
	if got := e[g.bin(at(20).UnixNano(), 0)]; got == 0 {
		t.Error("recorded time does not count")
	}
	if got := e[g.bin(at(775).UnixNano(), 0)]; got != 0 {
		t.Errorf("time after the last record counts %v s", got)
	}
}
