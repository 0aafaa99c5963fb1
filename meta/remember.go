package meta

import (
	"context"
	"fmt"

	"triagent/agents"
	"triagent/agents/casebook"
	"triagent/agents/task"
	"triagent/incident"
	"triagent/telemetry"
)

// Remember gathers the evidence of an incident as Conduct does, and makes a case
// to remember of it and of what is known to have been the cause. It reports
// false where nothing can be learned from it. What the conductor itself
// remembers plays no part.
func (c *Conductor) Remember(ctx context.Context, b *telemetry.Bundle, t telemetry.Truth) (casebook.Case, bool, error) {
	r := &run{cfg: c.cfg, emit: func(incident.Event) {}, in: agents.Input{Bundle: b, Base: c.base}, asked: questions(b)}
	for _, s := range []struct {
		stage incident.Stage
		do    func(context.Context) error
	}{{incident.Map, r.mapSystem}, {incident.Examine, r.examine}, {incident.Judge, r.judge}} {
		if err := s.do(ctx); err != nil {
			return casebook.Case{}, false, fmt.Errorf("%s: %w", s.stage, err)
		}
	}
	r.in.Evidence = r.ledger.evidence
	made, ok := task.Remember(ctx, r.in, t)
	return made, ok, ctx.Err()
}

// With returns a conductor that differs from c in that it asks book.
func (c *Conductor) With(book *casebook.Book) *Conductor {
	cfg := c.cfg
	cfg.Book = book
	return New(c.base, cfg)
}
