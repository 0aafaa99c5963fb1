package eval

import (
	"context"

	"triagent/eval/perturb"
	"triagent/eval/score"
	"triagent/incident"
	"triagent/telemetry"
)

// Perturbed is a set run with one perturbation.
type Perturbed struct {
	Name    string          `json:"name"`
	About   string          `json:"about"`
	Changed int             `json:"changed"` // cases that it changed; the others hold nothing of the sort
	Figures []score.Figure  `json:"figures"`
	Sure    score.Assurance `json:"sure"`
	Rows    []*score.Row    `json:"rows"`
}

// perturb runs a case with every perturbation of the run. Where one finds
// nothing to change, the answer is the one without it.
func (k *caseRun) perturb(ctx context.Context, b *telemetry.Bundle, told incident.Incident, res *result) error {
	var guilty []incident.NodeID
	for _, c := range k.truth.Causes {
		guilty = append(guilty, c.Node)
	}
	for _, p := range k.perturbations {
		c, err := p.Plan(ctx, perturb.Case{Bundle: b, Incident: told, Guilty: guilty, Seed: k.Seed})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil { // what cannot be read cannot be made harder: skipped is failed
			var a answers
			for range k.Trials {
				a.rows = append(a.rows, k.row(told, k.truth, k.entry.Drawn, err))
			}
			res.perturbed, res.idle = append(res.perturbed, a), append(res.idle, false)
			continue
		}
		if c.Idle(told) {
			res.perturbed, res.idle = append(res.perturbed, res.exact), append(res.idle, true)
			continue
		}
		a, err := k.variant(ctx, b, variant{how: p.Name, in: c.Incident, truth: k.truth, drawn: k.entry.Drawn, change: c, unchecked: true, alone: true})
		if err != nil {
			return err
		}
		res.perturbed, res.idle = append(res.perturbed, a), append(res.idle, false)
	}
	return nil
}

// perturbed puts the perturbed answers of a set together. A case that could not
// be opened is failed under each.
func (r *runner) perturbed(results []*result) []Perturbed {
	var out []Perturbed
	for i, p := range r.perturbations {
		o := Perturbed{Name: p.Name, About: p.About}
		for _, res := range results {
			if i >= len(res.perturbed) {
				o.Rows = append(o.Rows, res.exact.rows...)
				continue
			}
			o.Rows = append(o.Rows, res.perturbed[i].rows...)
			if !res.idle[i] {
				o.Changed++
			}
		}
		o.Figures, o.Sure = score.Figures(o.Rows, r.Seed), score.Assured(o.Rows)
		out = append(out, o)
	}
	return out
}
