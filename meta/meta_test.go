package meta

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"

	"triagent/agents"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// scripted is an agent that says what it was told to.
type scripted struct {
	name  string
	res   agents.Result
	err   error
	begin chan struct{} // closed when it is at work; nil: nobody asks
}

func (s scripted) Name() string { return s.name }

func (s scripted) Investigate(ctx context.Context, _ agents.Input) (agents.Result, error) {
	if s.begin != nil {
		close(s.begin)
		<-ctx.Done()
		return s.res, ctx.Err()
	}
	return s.res, s.err
}

// found is a result of n pieces of evidence, named after the agent's own
// counting, with a finding that cites all of them and one of another agent.
func found(n int, also ...incident.EvidenceID) agents.Result {
	var res agents.Result
	f := incident.Finding{ID: "mine"}
	for i := range n {
		id := incident.EvidenceID(fmt.Sprint("own/", i))
		res.Evidence = append(res.Evidence, incident.Evidence{ID: id, Node: "a"})
		f.Cites = append(f.Cites, id)
	}
	f.Cites = append(f.Cites, also...)
	res.Findings = []incident.Finding{f}
	res.Charts = []incident.Chart{{Evidence: "own/0"}}
	res.Templates = []incident.TemplateCount{{Evidence: "own/0"}}
	res.Seen = []agents.Observable{{Node: "a", Signal: "cpu.use"}}
	return res
}

// newRun is a run that tells a diagnosis.
func newRun(jobs int) (*run, *incident.Diagnosis) {
	d := &incident.Diagnosis{}
	return &run{cfg: Config{Jobs: jobs}, emit: d.Fold}, d
}

// Two agents may give the same IDs; in the ledger each is its own, and cites
// follow.
func TestBook(t *testing.T) {
	r, d := newRun(1)
	r.book(found(2))
	r.book(found(1, "E2"))
	var ids []incident.EvidenceID
	for _, e := range d.Evidence {
		ids = append(ids, e.ID)
	}
	if diff := cmp.Diff([]incident.EvidenceID{"E1", "E2", "E3"}, ids); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	if len(d.Findings) != 2 || d.Findings[0].ID != "F1" || d.Findings[1].ID != "F2" {
		t.Fatalf("findings %+v, want F1 and F2", d.Findings)
	}
	if diff := cmp.Diff([]incident.EvidenceID{"E3", "E2"}, d.Findings[1].Cites); diff != "" {
		t.Errorf("cites of its own and of an earlier agent (-want +got):\n%s", diff)
	}
	if d.Charts[1].Evidence != "E3" || d.Templates[1].Evidence != "E3" {
		t.Errorf("chart of %s, template of %s, want both of E3", d.Charts[1].Evidence, d.Templates[1].Evidence)
	}
	if len(r.in.Seen) != 2 {
		t.Errorf("seen %v, want that of both", r.in.Seen)
	}
}

// An agent that fails costs only its own opinion, and what it had said before
// it failed is kept.
func TestInvestigateFailure(t *testing.T) {
	r, d := newRun(2)
	crew := []agents.Agent{
		scripted{name: "one", res: found(1)},
		scripted{name: "two", res: found(1), err: errors.New("it broke")},
		scripted{name: "three", res: found(1)},
	}
	if err := r.investigate(t.Context(), crew); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]incident.Missing{{What: "two", Why: "it broke"}}, d.Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	if len(d.Evidence) != 3 || len(d.Findings) != 3 {
		t.Errorf("%d evidence, %d findings, want 3 of each", len(d.Evidence), len(d.Findings))
	}
}

// A log that is broken in its middle is no diagnosis without logs.
func TestInvestigateBadInput(t *testing.T) {
	place := errs.At("logs/a.log.gz", 7, 0, "truncated gzip")
	for _, tt := range []struct {
		err  error
		ends bool
	}{
		{place, true},
		{fmt.Errorf("count: %w", &errs.Error{Op: "read", Kind: errs.Unavailable, Err: place}), true},
		{&errs.Error{Op: "read bundle", Kind: errs.Denied, File: "logs/a.log", Err: errors.New("permission denied")}, true},
		{errs.New(errs.Invalid, "no such unit"), true},
		{errs.New(errs.Exhausted, "no tokens left"), false},
		{errs.New(errs.Unavailable, "the model does not answer"), false},
	} {
		r, _ := newRun(2)
		err := r.investigate(t.Context(), []agents.Agent{scripted{name: "one", res: found(1)}, scripted{name: "two", err: tt.err}})
		if got := err != nil; got != tt.ends || got && !errors.Is(err, tt.err) {
			t.Errorf("%v: ended with %v", tt.err, err)
		}
	}
}

func TestInvestigateCancelled(t *testing.T) {
	r, d := newRun(2)
	ctx, cancel := context.WithCancel(t.Context())
	begin := make(chan struct{})
	var g errgroup.Group
	g.Go(func() error { <-begin; cancel(); return nil })
	err := r.investigate(ctx, []agents.Agent{scripted{name: "slow", begin: begin, res: found(1)}})
	if waited := g.Wait(); waited != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want that it was cancelled", err)
	}
	if len(d.Evidence)+len(d.Missing) != 0 {
		t.Errorf("evidence %v, missing %v, want nothing of a cancelled run", d.Evidence, d.Missing)
	}
}

// Each data agent goes where its kind of data is, and nowhere without it.
func TestDataReason(t *testing.T) {
	full := &telemetry.Bundle{
		Topology: nodes("a", "b", "c"), Tables: []telemetry.Table{{Node: "a"}}, LogNodes: []incident.NodeID{"b"},
		HasSpans: true, Changes: make([]incident.Change, 1),
	}
	every := []incident.NodeID{"a", "b", "c"}
	for agent, want := range map[string][]incident.NodeID{
		"data/metric": {"a"}, "data/log": {"b"}, "data/trace": every, "data/event": every, "data/other": nil,
	} {
		if got, _, ok := dataReason(agents.Input{Bundle: full, Nodes: ids(full)})(agent); !slices.Equal(got, want) || ok != (want != nil) {
			t.Errorf("%s goes to %v, %v, want %v", agent, got, ok, want)
		}
		if got, _, ok := dataReason(agents.Input{Bundle: &telemetry.Bundle{Topology: nodes("a")}, Nodes: []incident.NodeID{"a"}})(agent); ok {
			t.Errorf("%s goes to %v, of which nothing was recorded", agent, got)
		}
	}
}

// Who is examined as what follows the roles in the search, both sides of an
// election.
func TestSystemReason(t *testing.T) {
	in := agents.Input{Nodes: []incident.NodeID{"a", "b", "c"}, Frame: agents.Frame{Window: minute(6, 8), Search: minute(4, 8)}}
	why := systemReason(NewTimeline(reelection()), in)
	for agent, want := range map[string][]incident.NodeID{
		"system/leader": {"a", "b"}, "system/follower": {"a", "b"}, "system/coordinator": {"a"}, "system/config": nil, "system/service": nil,
	} {
		if got, _, ok := why(agent); !slices.Equal(got, want) || ok != (want != nil) {
			t.Errorf("%s goes to %v, want %v", agent, got, want)
		}
	}
	if _, _, ok := systemReason(nil, in)("system/leader"); ok {
		t.Error("a system agent was chosen without knowing roles")
	}
}

// starved is a group of three with a leader whose CPU is busy from minute 11.
func starved(t *testing.T) *telemetry.Bundle {
	top := nodes("a", "b", "c")
	top.Groups = []incident.Group{{ID: "g", Members: []incident.NodeID{"a", "b", "c"}}}
	top.Roles = []incident.RoleSpan{
		{Node: "a", Role: incident.Leader, Group: "g", From: noon},
		{Node: "b", Role: incident.Follower, Group: "g", From: noon},
		{Node: "c", Role: incident.Follower, Group: "g", From: noon},
	}
	return written(t, top, nil, table("a", 8, "cpu_percent", "mem_percent"), table("b", 1, "cpu_percent"), table("c", 1, "cpu_percent"))
}

// conducted is every event of a diagnosis.
func conducted(t *testing.T, cfg Config, b *telemetry.Bundle) (incident.Diagnosis, []incident.Event) {
	t.Helper()
	var d incident.Diagnosis
	var events []incident.Event
	err := New(loaded(t), cfg).Conduct(t.Context(), b, func(e incident.Event) { d.Fold(e); events = append(events, e) })
	if err != nil {
		t.Fatal(err)
	}
	return d, events
}

// Every stage begins and ends in turn, and the result names the busy leader,
// each citation known.
func TestConduct(t *testing.T) {
	d, events := conducted(t, Config{Jobs: 2}, starved(t))
	var stages []string
	for _, e := range events {
		switch e := e.(type) {
		case incident.StageStarted:
			stages = append(stages, "+"+string(e.Stage))
		case incident.StageEnded:
			stages = append(stages, "-"+string(e.Stage))
		}
	}
	want := []string{"+collect", "-collect", "+map", "-map", "+examine", "-examine", "+judge", "-judge", "+decide", "-decide"}
	if diff := cmp.Diff(want, stages); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	if len(d.Causes) == 0 || d.Causes[0].Node != "a" || d.Causes[0].Role != incident.Leader {
		t.Fatalf("%s, causes %+v, want the leader a first", d.Verdict, d.Causes)
	}
	known := map[incident.EvidenceID]bool{}
	for _, e := range d.Evidence {
		known[e.ID] = true
	}
	for _, f := range d.Findings {
		for _, id := range f.Cites {
			if !known[id] {
				t.Errorf("%s of %s cites %q, which is not in the ledger", f.ID, f.Agent, id)
			}
		}
	}
	if !slices.ContainsFunc(d.Findings, func(f incident.Finding) bool { return f.Agent == "system/leader" && f.Node == "a" }) {
		t.Error("no system agent says that a leads")
	}
}

// How many agents are at work at once changes nothing.
func TestConductSameTwice(t *testing.T) {
	b := starved(t)
	_, one := conducted(t, Config{Jobs: 1}, b)
	_, four := conducted(t, Config{Jobs: 4}, b)
	timeless := cmpopts.IgnoreFields(incident.AgentEnded{}, "Started", "Took")
	sameNaN := cmpopts.EquateNaNs()
	if diff := cmp.Diff(one, four, timeless, sameNaN); diff != "" {
		t.Errorf("events of one job and of four (-one +four):\n%s", diff)
	}
}

// Without roles no system agent is asked, and nobody is a leader.
func TestConductWithoutRoles(t *testing.T) {
	d, events := conducted(t, Config{WithoutRoles: true}, starved(t))
	for _, e := range events {
		if c, ok := e.(incident.AgentChosen); ok && c.Agent[:len("system")] == "system" {
			t.Errorf("%s was chosen", c.Agent)
		}
	}
	if len(d.Causes) == 0 || d.Causes[0].Role != incident.UnknownRole {
		t.Errorf("causes %+v, want a cause of unknown role", d.Causes)
	}
}

func TestConductCancelled(t *testing.T) {
	b := starved(t)
	for _, at := range []incident.Stage{incident.Map, incident.Examine, incident.Judge, incident.Decide} {
		ctx, cancel := context.WithCancel(t.Context())
		var after []incident.Event
		err := New(loaded(t), Config{}).Conduct(ctx, b, func(e incident.Event) {
			if s, ok := e.(incident.StageStarted); ok && s.Stage == at {
				cancel()
			}
			if ctx.Err() != nil {
				after = append(after, e)
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at %s: %v", at, err)
		}
		for _, e := range after {
			if _, ok := e.(incident.Concluded); ok {
				t.Errorf("cancelled at %s, and yet concluded", at)
			}
		}
	}
}

// ids lists the nodes that a bundle's topology names.
func ids(b *telemetry.Bundle) []incident.NodeID {
	var out []incident.NodeID
	for _, n := range b.Topology.Nodes {
		out = append(out, n.ID)
	}
	return out
}
