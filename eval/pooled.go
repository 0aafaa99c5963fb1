package eval

import (
	"slices"

	"triagent/eval/score"
)

// Pooled are figures over the cases of all sets together, each case once. What a
// set asks of the engine that others do not (its own words for faults, windows)
// is not pooled.
type Pooled struct {
	Figures []score.Figure `json:"figures"`
	// Late are those of the late alarm, Same those of the exact alarm on the same
	// cases; empty without late runs.
	Late []score.Figure `json:"late,omitempty"`
	Same []score.Figure `json:"same,omitempty"`
}

// pooledKeys are the figures that mean the same in every set.
var pooledKeys = []string{"detect_precision", "detect_recall", "node_ac1", "type_macro_f1", "type_macro_f1_coarse", "strict_recall", "strict_recall_coarse", "ece", "brier", "sure_right", "sure_wrong"}

// pool computes the figures over the cases of all sets; nil for a single one,
// whose own figures they are.
func pool(sets []SetReport, seed uint64) *Pooled {
	if len(sets) < 2 {
		return nil
	}
	var exact, late, same []*score.Row
	for i := range sets {
		exact = append(exact, sets[i].Exact.Rows...)
		if l := sets[i].Late; l != nil {
			late, same = append(late, l.Rows...), append(same, l.same...)
		}
	}
	return &Pooled{Figures: pooled(exact, seed), Late: pooled(late, seed), Same: pooled(same, seed)}
}

func pooled(rows []*score.Row, seed uint64) []score.Figure {
	if len(rows) == 0 {
		return nil
	}
	return slices.DeleteFunc(score.Figures(rows, seed), func(f score.Figure) bool { return !slices.Contains(pooledKeys, f.Key) })
}
