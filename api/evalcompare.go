package api

import (
	"cmp"
	"slices"

	"triagent/internal/errs"
)

// EvalComparison says what changed from one evaluation to another, on the cases
// that both hold.
type EvalComparison struct {
	Before  string       `json:"before"`
	After   string       `json:"after"`
	Cases   int          `json:"cases" doc:"That both hold"`
	Better  int          `json:"better"`
	Worse   int          `json:"worse"`
	Scores  []Delta      `json:"scores"`
	Changes []EvalChange `json:"changes"`
}

// Delta is a figure in both evaluations.
type Delta struct {
	Set    string   `json:"set"`
	Key    string   `json:"key"`
	Name   string   `json:"name"`
	Unit   string   `json:"unit,omitempty"`
	Before *float64 `json:"before" nullable:"true"`
	After  *float64 `json:"after" nullable:"true"`
}

// EvalChange is a case whose answer became right or wrong.
type EvalChange struct {
	Set    string `json:"set"`
	Case   string `json:"case"`
	Truth  string `json:"truth"`
	Before string `json:"before"`
	After  string `json:"after"`
	Better bool   `json:"better"`
}

// compareReports gives kind errs.Invalid for two that have no set in common.
func compareReports(a, b *evalReport) (EvalComparison, error) {
	out := EvalComparison{Scores: []Delta{}, Changes: []EvalChange{}}
	common := false
	for i := range a.Sets {
		x := &a.Sets[i]
		k := slices.IndexFunc(b.Sets, func(s evalSet) bool { return s.Name == x.Name })
		if k < 0 {
			continue
		}
		common = true
		out.set(x, &b.Sets[k])
	}
	if !common {
		return out, errs.New(errs.Invalid, "the two evaluations have no set in common")
	}
	slices.SortFunc(out.Changes, func(a, b EvalChange) int { return cmp.Or(cmp.Compare(a.Set, b.Set), cmp.Compare(a.Case, b.Case)) })
	return out, nil
}

func (c *EvalComparison) set(a, b *evalSet) {
	for _, f := range a.Exact.Figures {
		k := slices.IndexFunc(b.Exact.Figures, func(g Figure) bool { return g.Key == f.Key })
		if k >= 0 {
			c.Scores = append(c.Scores, Delta{Set: a.Name, Key: f.Key, Name: f.Name, Unit: f.Unit, Before: f.Value, After: b.Exact.Figures[k].Value})
		}
	}
	after := map[string]*evalRow{}
	for i := range b.Exact.Rows {
		after[b.Exact.Rows[i].Case] = &b.Exact.Rows[i]
	}
	for i := range a.Exact.Rows {
		x := &a.Exact.Rows[i]
		y := after[x.Case]
		if y == nil {
			continue
		}
		delete(after, x.Case) // trials of one case are compared once
		c.Cases++
		if x.right() == y.right() {
			continue
		}
		if y.right() {
			c.Better++
		} else {
			c.Worse++
		}
		was, is := x.wire(a.Name), y.wire(b.Name)
		c.Changes = append(c.Changes, EvalChange{a.Name, x.Case, was.Truth, was.Answer, is.Answer, y.right()})
	}
}
