package task

import (
	"math"
	"testing"

	"triagent/incident"
)

// suspectOf is a hypothesis with log-odds that rests on evidence, each of weight 1.
func suspectOf(node incident.NodeID, odds float64, cites ...incident.EvidenceID) scored {
	h := scored{Hypothesis: incident.Hypothesis{Node: node, LogOdds: odds, Cites: cites}}
	for _, c := range cites {
		h.parts = append(h.parts, part{weight: 1, cite: c})
	}
	return h
}

func TestRivals(t *testing.T) {
	const odds = 10.0
	for _, tt := range []struct {
		name string
		h    []scored
		want float64 // of the first, given that something is wrong
	}{
		{"same evidence", []scored{suspectOf("a", odds, "1", "2"), suspectOf("a", odds, "1", "2")}, 1 / 2.},
		{"other evidence", []scored{suspectOf("a", odds, "1", "2"), suspectOf("a", odds, "3")}, 1 / 1.25},
		{"half of it", []scored{suspectOf("a", odds, "1", "2"), suspectOf("a", odds, "2", "3")}, 1 / 1.625},
		{"another node", []scored{suspectOf("a", odds, "1"), suspectOf("b", odds, "2")}, 1 / 2.},
		{"nothing speaks for it", []scored{suspectOf("a", odds, "1"), suspectOf("a", odds)}, 1 / 1.25},
	} {
		v := judge(tt.h, 0, false)
		if got := v.p[0] / (1 - v.healthy); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	// The third has no rival but the first, and is given no more than the second for it.
	v := judge([]scored{suspectOf("a", odds, "1"), suspectOf("b", odds-.1, "2"), suspectOf("a", odds-.2, "3")}, 0, false)
	if v.p[2] >= v.p[1] || v.p[1] >= v.p[0] {
		t.Errorf("probabilities %v rise or tie", v.p)
	}
	// Alerts alone do not say that both hold.
	if v := judge([]scored{suspectOf("a", odds, "1"), suspectOf("a", odds, "2")}, 0, true); v.p[0] != .5 {
		t.Errorf("by alerts alone %v, want one half each", v.p)
	}
}
