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
	// Refits are the scales of confidence that the other systems would set; empty
	// with a single system.
	Refits []score.Refit `json:"refits,omitempty"`
}

// pooledKeys are the figures that mean the same in every set.
var pooledKeys = []string{"detect_precision", "detect_recall", "node_ac1", "onset_within", "onset_error", "type_macro_f1", "type_macro_f1_coarse", "strict_recall", "strict_recall_coarse", "ece", "brier", "sure_right", "sure_wrong"}

// pool computes the figures over the cases of all sets; nil for a single one,
// whose own figures they are.
func pool(sets []SetReport, seed uint64) *Pooled {
	if len(sets) < 2 {
		return nil
	}
	of := map[*score.Row]string{}
	system := func(r *score.Row) string { return of[r] }
	var exact, late, same []*score.Row
	for i := range sets {
		s := &sets[i]
		all := slices.Clone(s.Exact.Rows)
		exact = append(exact, s.Exact.Rows...)
		if l := s.Late; l != nil {
			late, same, all = append(late, l.Rows...), append(same, l.same...), append(all, l.Rows...)
		}
		for _, r := range all {
			of[r] = s.System
		}
	}
	p := &Pooled{Figures: pooled(exact, system, seed), Late: pooled(late, system, seed), Same: pooled(same, system, seed)}
	p.Refits, _ = score.Refits(exact, system)
	return p
}

func pooled(rows []*score.Row, system score.System, seed uint64) []score.Figure {
	if len(rows) == 0 {
		return nil
	}
	out := slices.DeleteFunc(score.Figures(rows, seed), func(f score.Figure) bool { return !slices.Contains(pooledKeys, f.Key) })
	return append(out, score.RefitFigures(rows, system, seed)...)
}
