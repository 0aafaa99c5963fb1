package task

import (
	"math"
	"testing"

	"triagent/agents"
	"triagent/incident"
)

func suspicionOf(in agents.Input, alertsOnly bool) map[incident.NodeID]float64 {
	return newBoard(in).suspicion(alertsOnly)
}

// What only the node's own doing moves makes it odder than what a victim shows
// as easily.
func TestSuspicionByNature(t *testing.T) {
	in := rig(t, "rig.own", "rig.out", "rig.load")
	own := suspicionOf(with(in, up("E1", "a", "rig.own", full)), false)["a"]
	out := suspicionOf(with(in, up("E1", "a", "rig.out", full)), false)["a"]
	if !near(own, suspicionWeight) || !near(out, 0.4*suspicionWeight) {
		t.Errorf("internal %v, external %v, want %v and 0.4 of it", own, out, suspicionWeight)
	}
	good := up("E1", "a", "rig.own", full)
	good.Direction = incident.Down
	if got := suspicionOf(with(in, good), false)["a"]; !near(got, own/2) {
		t.Errorf("a move in the good direction counts %v, want half of %v", got, own)
	}
}

// Suspicion is of the node that moved, not of who is talked about, and against
// the usual node: where all are odd none is.
func TestSuspicionIsRelative(t *testing.T) {
	in := rig(t, "rig.sure", "rig.out")
	said := up("E1", "b", "rig.out", full)
	said.Peer = "a"
	if got := suspicionOf(with(in, said), false); got["a"] != 0 || got["b"] != 0 {
		t.Errorf("suspicion = %v, want none of what is told of others", got)
	}
	for _, n := range rigNodes {
		in = with(in, up("E-"+string(n), n, "rig.sure", full))
	}
	if got := suspicionOf(in, false); got["a"] != 0 {
		t.Errorf("suspicion = %v, want 0 where all are alike", got)
	}
}

// Measured oddness is bounded; alerts have no size, so there it has no bound.
func TestSuspicionBound(t *testing.T) {
	in := rig(t)
	for i, s := range in.Base.Signals() {
		if i < 60 {
			in = with(in, up("E"+string(s.Signal), "a", s.Signal, full))
		}
	}
	if got := suspicionOf(in, false)["a"]; got != mostSuspicion {
		t.Errorf("suspicion = %v, want no more than %v", got, mostSuspicion)
	}
	if got := suspicionOf(in, true)["a"]; got <= 2*mostSuspicion {
		t.Errorf("suspicion by alerts = %v, want it unbounded", got)
	}
}

// Of a chain of slow calls the end is suspected: it is waited for and waits for
// nobody.
func TestChainEnds(t *testing.T) {
	call := func(id string, from, to incident.NodeID) incident.Evidence {
		e := up(id, from, "call.latency", full)
		e.Kind, e.Peer = incident.Trace, to
		return e
	}
	in := with(rig(t), call("E1", "a", "b"), call("E2", "b", "c"))
	got := newBoard(in).chainEnds()
	if len(got) != 1 || !near(got["c"], deepest) {
		t.Errorf("chain ends = %v, want c alone with %v", got, deepest)
	}
	faint := call("E1", "a", "b")
	faint.Score = usual
	if got := newBoard(with(rig(t), faint)).chainEnds()["b"]; got <= 0 || got >= deepest {
		t.Errorf("a faint call counts %v, want between 0 and %v", got, deepest)
	}
}

func TestSymptoms(t *testing.T) {
	in := rig(t, "rig.out", "rig.own")
	one := up("E1", "a", "rig.out", full)
	for _, tt := range []struct {
		name     string
		evidence []incident.Evidence
		want     float64
	}{
		{"none", nil, 0},
		{"internal ones are no symptoms", []incident.Evidence{up("E1", "a", "rig.own", full)}, 0},
		{"one", []incident.Evidence{one}, 1},
		{"weighed", []incident.Evidence{up("E1", "a", "rig.out2", full)}, 0.5},
		{"one a signal, however many nodes", []incident.Evidence{one, up("E2", "b", "rig.out", full), up("E3", "c", "rig.out", full)}, 1},
		{"two signals", []incident.Evidence{one, up("E2", "b", "rig.out2", full)}, 1.5},
		{"for the better", []incident.Evidence{{ID: "E1", Node: "a", Signal: "rig.out", Direction: incident.Down, Score: full}}, 0},
		{"bounded each", []incident.Evidence{up("E1", "a", "rig.out", 1e9)}, most},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := newBoard(with(in, tt.evidence...)).symptoms(); !near(got, tt.want) {
				t.Errorf("symptoms = %v, want %v", got, tt.want)
			}
		})
	}
}

// Only the strongest few count, so that measuring more alarms no sooner.
func TestSymptomsFew(t *testing.T) {
	in, n := rig(t), 0
	for _, s := range in.Base.Signals() {
		if s.Nature == "external" && s.Bad == incident.Up && s.Weight == 1 {
			in, n = with(in, up("E"+string(s.Signal), "a", s.Signal, full)), n+1
		}
	}
	if got := newBoard(in).symptoms(); n <= symptomCount || math.Abs(got-symptomCount) > 1e-9 {
		t.Errorf("%d symptoms sum to %v, want %d", n, got, symptomCount)
	}
}
