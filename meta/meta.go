// Package meta is the meta-agent: it builds the call graph and the timeline of
// roles, chooses which agents examine what, joins what they find, and conducts
// the way of an incident from a bundle to a diagnosis. Everything that it does
// is told as one stream of typed events; a Diagnosis is the fold of them.
package meta

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/agents"
	"triagent/agents/casebook"
	"triagent/agents/data"
	"triagent/agents/system"
	"triagent/agents/task"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/knowledge"
	"triagent/telemetry"
)

// Config sets how a diagnosis is conducted.
type Config struct {
	Engine       incident.Engine
	WithoutRoles bool           // leave out roles and the system agents: to measure what they give
	Jobs         int            // agents at work at once; 0: one
	Book         *casebook.Book // cases of old; nil: none
}

// Conductor conducts diagnoses. It is safe for concurrent use.
type Conductor struct {
	base *knowledge.Base
	cfg  Config
}

// New returns a conductor that knows what base knows.
func New(base *knowledge.Base, cfg Config) *Conductor {
	return &Conductor{base: base, cfg: cfg}
}

// Conduct diagnoses the incident of b and tells every step to emit, in an order
// that depends on the bundle alone. The last event, Closed, is the caller's to
// send, since it knows the cost. An agent that fails costs only its own
// opinion, and what it could not say is recorded as missing; one that could not
// read its part of the bundle ends the diagnosis with the error that names it.
func (c *Conductor) Conduct(ctx context.Context, b *telemetry.Bundle, emit incident.Listener) error {
	r := &run{cfg: c.cfg, emit: emit, in: agents.Input{Bundle: b, Base: c.base, Book: c.cfg.Book}, asked: questions(b)}
	emit(incident.Opened{Incident: b.Incident, Engine: c.cfg.Engine})
	for _, s := range []struct {
		stage incident.Stage
		do    func(context.Context) error
	}{
		{incident.Collect, r.collect},
		{incident.Map, r.mapSystem},
		{incident.Examine, r.examine},
		{incident.Judge, r.judge},
		{incident.Decide, r.decide},
	} {
		emit(incident.StageStarted{Stage: s.stage})
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.stage, err)
		}
		emit(incident.StageEnded{Stage: s.stage})
	}
	return nil
}

// run is one diagnosis under way.
type run struct {
	cfg      Config
	emit     incident.Listener
	in       agents.Input
	timeline *Timeline
	ledger   ledger
	asked    asked
	crew     data.Crew
}

func (r *run) collect(context.Context) error {
	for _, m := range r.in.Bundle.Missing {
		r.emit(incident.Lacked{Missing: m})
	}
	for _, x := range r.in.Bundle.Collected.Reductions {
		r.emit(incident.Reduced{Reduction: x})
	}
	return nil
}

// mapSystem finds out who takes part, as what, and who talks to whom.
func (r *run) mapSystem(ctx context.Context) error {
	b := r.in.Bundle
	r.in.Frame = frameOf(b)
	roles, err := r.elections(ctx, b)
	if err != nil {
		return err
	}
	g, reduced, err := r.graphAhead(ctx, groupsOf(roles))
	if err != nil {
		return err
	}
	if reduced != nil {
		r.emit(incident.Reduced{Reduction: *reduced})
	}
	if !r.cfg.WithoutRoles {
		top := b.Topology
		top.Roles = append(slices.Clone(top.Roles), roles...)
		r.timeline = NewTimeline(top)
		r.timeline.partial = len(roles) > 0
	}
	r.in.Graph, r.in.Roles = g, r.timeline
	for _, n := range b.Topology.Nodes {
		r.in.Nodes = append(r.in.Nodes, n.ID)
	}
	r.in.Nodes = append(r.in.Nodes, r.strangers(g)...)
	r.emit(incident.GraphBuilt{Graph: g})
	return nil
}

// elections reads from the logs who was what when, where the topology names no
// roles and roles are wanted.
func (r *run) elections(ctx context.Context, b *telemetry.Bundle) ([]incident.RoleSpan, error) {
	if r.cfg.WithoutRoles {
		return nil, nil
	}
	roles, cut, err := elected(ctx, b)
	if cut {
		r.emit(incident.Lacked{Missing: incident.Missing{What: "roles", Why: "the topology names none, and who led was read from the first records of the logs only"}})
	}
	return roles, err
}

// graphAhead settles what to examine, and builds the graph, which takes the spans,
// while the logs are read. Where the bundle does not say what to examine, the
// stretch of the metrics that stands out is.
func (r *run) graphAhead(ctx context.Context, groups []incident.Group) (g incident.Graph, reduced *incident.Reduction, err error) {
	if f, apart, ok := task.FindWindow(r.in); ok {
		r.in.Frame, r.in.Apart = f, apart
	} else if f, ok := task.FindBaseline(r.in); ok {
		r.in.Frame = f
	}
	jobs, ctx := errgroup.WithContext(ctx)
	jobs.SetLimit(max(1, r.cfg.Jobs))
	jobs.Go(func() error {
		tell, told := r.crew.Spans(ctx, r.in)
		var err error
		if g, reduced, err = buildGraph(ctx, r.in.Bundle, tell, groups...); err == nil {
			told()
		}
		return err
	})
	jobs.Go(func() error {
		r.crew.Ahead(ctx, r.in)
		return nil
	})
	err = jobs.Wait()
	return g, reduced, err
}

// strangers are the nodes that spans alone name, which may fail as any other.
// Where there is a topology, that it does not know them is told.
func (r *run) strangers(g incident.Graph) []incident.NodeID {
	known := make(map[incident.NodeID]bool)
	named := false
	for _, n := range r.in.Bundle.Topology.Nodes {
		known[n.ID] = true
		named = named || n.Known
	}
	var out []incident.NodeID
	for _, n := range g.Nodes {
		if !known[n.ID] {
			out = append(out, n.ID)
		}
	}
	if named && len(out) > 0 {
		r.emit(incident.Lacked{Missing: incident.Missing{What: "topology", Why: "it does not name " + list(out) + ": role unknown"}})
	}
	return out
}

// list names the first of the nodes.
func list(ids []incident.NodeID) string {
	const most = 10
	text := ""
	for i, id := range ids[:min(len(ids), most)] {
		if i > 0 {
			text += ", "
		}
		text += string(id)
	}
	if more := len(ids) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// examine turns raw data into evidence: the data agents.
func (r *run) examine(ctx context.Context) error {
	return r.investigate(ctx, r.chosen(r.crew.Agents(), dataReason(r.in)))
}

// judge looks at the evidence with the eyes of each role: the system agents.
func (r *run) judge(ctx context.Context) error {
	if r.cfg.WithoutRoles {
		return nil
	}
	r.in.Evidence = r.ledger.evidence
	return r.investigate(ctx, r.chosen(system.Agents(), systemReason(r.timeline, r.in)))
}

// decide weighs the evidence: the task agents.
func (r *run) decide(ctx context.Context) error {
	r.in.Evidence = r.ledger.evidence
	return task.Decide(ctx, r.in, r.ledger.findings, r.emit)
}

// chosen keeps the agents that have something to look at, and says why.
func (r *run) chosen(all []agents.Agent, why func(name string) ([]incident.NodeID, incident.Text, bool)) []agents.Agent {
	var crew []agents.Agent
	for _, a := range all {
		nodes, text, ok := why(a.Name())
		if !ok {
			continue
		}
		r.emit(incident.AgentChosen{Agent: a.Name(), Nodes: nodes, Why: text})
		crew = append(crew, a)
	}
	return crew
}

// investigate lets the crew work side by side and books what they found in the
// order of the crew, so that the result does not depend on who was first. An
// agent that fails costs only its own opinion, unless it could not read its
// input: a bundle is not half-read.
func (r *run) investigate(ctx context.Context, crew []agents.Agent) error {
	found := make([]agents.Result, len(crew))
	failed := make([]error, len(crew))
	began, took := make([]time.Time, len(crew)), make([]time.Duration, len(crew))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, r.cfg.Jobs))
	for i := range slices.Backward(crew) { // the trace agent, which takes longest, is among the first
		g.Go(func() error {
			began[i] = time.Now()
			found[i], failed[i] = crew[i].Investigate(ctx, r.in)
			took[i] = time.Since(began[i])
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, a := range crew {
		if ofInput(failed[i]) {
			return failed[i]
		}
		r.emit(ended(a.Name(), began[i], took[i], found[i], failed[i]))
		if failed[i] != nil {
			r.emit(incident.Lacked{Missing: incident.Missing{What: a.Name(), Why: failed[i].Error()}})
		}
		r.book(found[i])
	}
	return nil
}

func ended(agent string, began time.Time, took time.Duration, found agents.Result, err error) incident.AgentEnded {
	e := incident.AgentEnded{Agent: agent, Started: began, Took: took, Evidence: len(found.Evidence), Findings: len(found.Findings)}
	if err != nil {
		e.Failed = err.Error()
	}
	return e
}

// ofInput reports whether an error is that of a file, or of anything else that
// the user has to mend.
func ofInput(err error) bool {
	var e *errs.Error
	for next := err; errors.As(next, &e); next = e.Err {
		if e.File != "" {
			return true
		}
	}
	return errs.KindOf(err) == errs.Invalid
}
