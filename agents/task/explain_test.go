package task

import (
	"testing"

	"triagent/incident"
	"triagent/knowledge"
)

// lost and lags are hypotheses on a, which is down, and b, whose lag follows.
func lostAndLags() (lost, lags scored) {
	lost = scored{
		card:       &knowledge.Card{Explains: []incident.Signal{"replication.lag"}},
		Hypothesis: incident.Hypothesis{Node: "a", Fault: "node_down", LogOdds: 4, Cites: []incident.EvidenceID{"E1"}, Onset: minute(11, 12)},
	}
	lags = scored{
		card:       &knowledge.Card{},
		Hypothesis: incident.Hypothesis{Node: "b", Fault: "replica_lag", LogOdds: 3, Cites: []incident.EvidenceID{"E2"}, Onset: minute(12, 13)},
		parts:      []part{{item: &knowledge.Item{Signal: "replication.lag"}, weight: 2, cite: "E2"}},
	}
	return lost, lags
}

// TestExplainAway shows what a fault of a neighbour takes from a hypothesis, and
// when it does not.
func TestExplainAway(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(lost, lags *scored)
		beside bool // in the graph
		less   bool
	}{
		{"a neighbour's fault explains it", func(_, _ *scored) {}, true, true},
		{"they have nothing to do with each other", func(_, _ *scored) {}, false, false},
		{"the neighbour is the weaker", func(lost, _ *scored) { lost.LogOdds = 2 }, true, false},
		{"its fault does not do that", func(lost, _ *scored) { lost.card.Explains = nil }, true, false},
		{"it began later", func(lost, _ *scored) { lost.Onset = minute(14, 15) }, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := rig(t)
			if c.beside {
				in.Graph.Edges = []incident.GraphEdge{{From: "b", To: "a"}}
			}
			lost, lags := lostAndLags()
			c.change(&lost, &lags)
			b := newBoard(in)
			b.onsets["E2"] = lags.Onset
			all := []scored{lags, lost}
			explainAway(in, b, all)
			if less := all[0].LogOdds < lags.LogOdds-.9; less != c.less || all[0].LogOdds < lags.LogOdds-explainsShare*2 {
				t.Errorf("log-odds %.2f of %.2f; want less: %v", all[0].LogOdds, lags.LogOdds, c.less)
			}
			if all[1].LogOdds != lost.LogOdds {
				t.Errorf("the cause lost %.2f", lost.LogOdds-all[1].LogOdds)
			}
		})
	}
}
