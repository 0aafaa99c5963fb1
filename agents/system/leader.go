package system

import (
	"context"
	"fmt"
	"slices"
	"time"

	"triagent/agents"
	"triagent/evidence"
	"triagent/incident"
)

// movedScore is what a leadership that moves inside the window is worth, in the
// units of a score: it is a finding, not noise, but it also wanders back when
// the trouble is over.
const movedScore = 18.0

// Leader examines the nodes that lead groups: how many, and whether they kept
// them.
type Leader struct{}

var _ agents.Agent = Leader{}

// Name is "system/leader".
func (Leader) Name() string { return "system/leader" }

// Investigate tells of each leader how much hangs on it, and makes evidence of
// leaderships that moved.
func (a Leader) Investigate(_ context.Context, in agents.Input) (agents.Result, error) {
	var res agents.Result
	for _, n := range in.Nodes {
		for _, s := range []incident.Signal{"leadership.lost", "leadership.gained"} {
			res.Seen = append(res.Seen, agents.Observable{Node: n, Signal: s})
		}
	}
	for _, n := range held(in, incident.Leader, incident.ConfigLeader) {
		led, member := in.Roles.Leads(n, in.Frame.Search)
		f := incident.Finding{Agent: a.Name(), Node: n, Strength: share(led, member), Text: incident.Say(
			"role.leads", "node", string(n), "led", fmt.Sprint(led), "member", fmt.Sprint(member))}
		if e, ok := a.standing(in, n, led, member); ok {
			res.Evidence = append(res.Evidence, e)
			f.Cites = append(f.Cites, e.ID)
		}
		for _, m := range moves(in, n) {
			e := a.evidence(m, in.Bundle.TopologyFile())
			res.Evidence = append(res.Evidence, e)
			f.Cites = append(f.Cites, e.ID)
		}
		if len(f.Cites) > 0 {
			res.Findings = append(res.Findings, f)
		}
	}
	return res, nil
}

// standing is the evidence of how many groups a node leads when the search for
// an onset starts. It is no sign of a fault: it has no signal and no score.
func (Leader) standing(in agents.Input, n incident.NodeID, led, member int) (incident.Evidence, bool) {
	file := in.Bundle.TopologyFile()
	if member == 0 || file == "" || len(in.Bundle.Topology.Roles) == 0 || // roles read from logs are in no file to point at
		in.Frame.Search.From.IsZero() {
		return incident.Evidence{}, false
	}
	at := in.Frame.Search.From
	w := incident.Window{From: at, To: at.Add(time.Second)}
	count := func(name string, v int, stat incident.Stat) incident.Number {
		return incident.Number{Name: name, Value: float64(v), Stat: stat, File: file, Column: string(n), Windows: []incident.Window{w}}
	}
	return incident.Evidence{
		ID: incident.EvidenceID("leads/" + string(n)), Kind: incident.Placement, Node: n, Window: w, Source: incident.Source{File: file},
		Text:    incident.Say("role.leads", "led", fmt.Sprint(led), "member", fmt.Sprint(member)),
		Numbers: []incident.Number{count("led", led, evidence.Led), count("member", member, evidence.Joined)},
	}, true
}

func share(led, member int) float64 {
	if member == 0 {
		return 0
	}
	return float64(led) / float64(member)
}

// change is a leadership that came or went.
type change struct {
	node  incident.NodeID
	group string
	lost  bool
	at    time.Time
}

// moves lists the leaderships that a node lost or gained within the search
// window, in order of time.
func moves(in agents.Input, node incident.NodeID) []change {
	spans := slices.DeleteFunc(slices.Clone(in.Bundle.Topology.Roles), func(s incident.RoleSpan) bool {
		return s.Node != node || s.Group == ""
	})
	slices.SortStableFunc(spans, func(a, b incident.RoleSpan) int { return a.From.Compare(b.From) })
	last := map[string]incident.Role{}
	var out []change
	for _, s := range spans {
		before, known := last[s.Group]
		last[s.Group] = s.Role
		if !known || before == s.Role || !in.Frame.Search.Contains(s.From) {
			continue
		}
		was, is := leads(before), leads(s.Role)
		if was != is {
			out = append(out, change{node: node, group: s.Group, lost: was, at: s.From})
		}
	}
	return out
}

func leads(r incident.Role) bool { return r == incident.Leader || r == incident.ConfigLeader }

func (Leader) evidence(c change, file string) incident.Evidence {
	key, signal := "role.gained", incident.Signal("leadership.gained")
	if c.lost {
		key, signal = "role.lost", "leadership.lost"
	}
	w := incident.Window{From: c.at, To: c.at.Add(time.Second)}
	return incident.Evidence{
		ID:   incident.EvidenceID(fmt.Sprintf("role/%s/%s/%d", c.node, c.group, c.at.Unix())),
		Kind: incident.Placement, Node: c.node, Signal: signal, Name: c.group, Window: w, Onset: w,
		Direction: incident.Up, Score: movedScore, Source: incident.Source{File: file, Query: c.group},
		Text: incident.Say(key, "group", c.group, "at", c.at.UTC().Format("15:04:05")),
	}
}
