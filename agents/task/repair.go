package task

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"triagent/agents"
	"triagent/incident"
	"triagent/knowledge"
)

// Bounds of a plan.
const (
	maxTreated  = 3   // causes that a plan acts on
	maxSuspects = 3   // suspects that an inconclusive plan looks at
	treatFrom   = .50 // probability from which a further cause is acted on
)

// Plan turns ranked causes into typed steps, lowest risk first. If the first
// cause is likely, the steps come from the fault cards of it and of further
// causes that are more likely than not: leaderships are moved away from a node
// and the quorum is checked before anything disturbs it, and of the members of
// one replica group only one is disturbed. Else the plan only observes and asks
// for a person. nil: no causes, nothing to do. Equal inputs give equal plans,
// the ID included, which is a hash of the incident and the steps.
func Plan(in agents.Input, ranked []incident.Cause) *incident.Plan {
	if len(ranked) == 0 {
		return nil
	}
	p := &planner{in: in, base: in.Base}
	if ranked[0].Probability >= likelyFrom {
		p.treat(ranked)
	}
	if len(p.steps) == 0 {
		p.investigate(ranked)
	}
	return p.plan()
}

// planner gathers the steps of a plan.
type planner struct {
	in    agents.Input
	base  *knowledge.Base
	steps []step
}

// step is an action with what its place in the plan depends on.
type step struct {
	incident.Action
	cause int // index of the cause that it treats
}

// treat adds the steps for each cause worth acting on, one cause a node.
func (p *planner) treat(ranked []incident.Cause) {
	var treated []incident.NodeID
	var disturbed []incident.NodeID
	for i, c := range ranked {
		if len(treated) == maxTreated || i > 0 && c.Probability < treatFrom {
			break
		}
		if slices.Contains(treated, c.Node) {
			continue
		}
		treated = append(treated, c.Node)
		mate, shared := p.groupMate(c.Node, disturbed)
		if p.cause(i, c, shared) {
			disturbed = append(disturbed, c.Node)
		}
		if shared {
			p.add(i, p.wait(c.Node, mate))
		}
	}
}

// cause adds the steps that the card of a cause proposes and reports whether
// any disturbs the node. With gentle set, those that do are left out.
func (p *planner) cause(i int, c incident.Cause, gentle bool) (disturbs bool) {
	card, ok := p.base.Card(c.Fault)
	if !ok {
		return false
	}
	roles := p.roles(c)
	for j := range card.Do {
		t := &card.Do[j]
		if !t.Fits(p.in.Bundle.Incident.System, c.Service, roles) {
			continue
		}
		if disturbing[t.Action] {
			if gentle {
				continue
			}
			if !disturbs {
				p.prepare(i, c, roles)
			}
			disturbs = true
		}
		if a, ok := p.action(c.Node, card, j); ok {
			p.add(i, a)
		}
	}
	return disturbs
}

// disturbing are the actions that take a node, or its place in its groups, out
// of service.
var disturbing = map[string]bool{
	"restart_process": true, "restart_node": true, "isolate_node": true, "replace_node": true,
	"migrate_region": true, "switchover": true, "set_read_only": true, "restore_backup": true,
}

// prepare adds what has to come before a member of replica groups is disturbed:
// the quorum is checked, and what it leads is led by others.
func (p *planner) prepare(i int, c incident.Cause, roles []incident.Role) {
	led, member := 0, 0
	if p.in.Roles != nil {
		led, member = p.in.Roles.Leads(c.Node, p.in.Frame.Window)
	}
	inGroup := slices.ContainsFunc(roles, func(r incident.Role) bool {
		return r == incident.Leader || r == incident.Follower || r == incident.ConfigLeader || r == incident.ConfigFollower
	})
	if member > 0 || inGroup {
		p.addNamed(i, c.Node, "check_quorum", incident.Say("plan.quorum_before", "target", string(c.Node)))
	}
	// A node that is down leads nothing any more.
	if led > 0 && c.Fault != "node_down" && c.Fault != "quorum_loss" {
		p.addNamed(i, c.Node, "reassign_leaders",
			incident.Say("plan.reassign_before", "target", string(c.Node), "led", strconv.Itoa(led)))
	}
}

// addNamed adds an action of the catalogue with a wording of its own.
func (p *planner) addNamed(i int, node incident.NodeID, name string, text incident.Text) {
	info, ok := p.base.Action(name)
	if !ok {
		return
	}
	a := catalogued(node, info)
	a.Text = text
	p.add(i, a)
}

// add appends an action unless the same is there already for the node. One that
// prepares comes with a reason, and takes the place of one without.
func (p *planner) add(i int, a incident.Action) {
	at := slices.IndexFunc(p.steps, func(s step) bool {
		return s.Target == a.Target && s.Action.Action == a.Action && mapsEqual(s.Params, a.Params)
	})
	if at < 0 {
		p.steps = append(p.steps, step{a, i})
		return
	}
	if a.Text.Key == "plan.reassign_before" || a.Text.Key == "plan.quorum_before" {
		p.steps[at].Text = a.Text
	}
}

// mapsEqual reports whether two sets of parameters are the same.
func mapsEqual(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if w, ok := b[k]; !ok || v != w {
			return false
		}
	}
	return true
}

// action makes the j-th action of a card for a node; false: it is not in the
// catalogue.
func (p *planner) action(node incident.NodeID, card *knowledge.Card, j int) (incident.Action, bool) {
	t := &card.Do[j]
	info, ok := p.base.Action(t.Action)
	if !ok {
		return incident.Action{}, false
	}
	a := catalogued(node, info)
	args := []incident.Arg{{Name: "target", Value: string(node)}}
	for _, name := range info.Params {
		value, given := t.Params[name.Name]
		if !given {
			continue
		}
		arg := incident.Arg{Name: name.Name, Value: value}
		if key, isPhrase := knowledge.PhraseOf(value); isPhrase {
			arg.Value, arg.Phrase, value = key, true, value[1:]
		}
		if a.Params == nil {
			a.Params = map[string]string{}
		}
		a.Params[name.Name] = value
		args = append(args, arg)
	}
	a.Text.Args = args
	if t.Texts != (knowledge.Texts{}) {
		a.Text.Key = knowledge.TemplateKey(card, j, "")
	}
	if t.Risk != "" {
		a.Risk = t.Risk
		a.NeedsApproval = a.NeedsApproval || t.Risk != incident.LowRisk
	}
	if !t.Verify.IsZero() {
		a.Verify = check(node, &t.Verify, knowledge.TemplateKey(card, j, ".verify"))
	}
	if !t.Undo.IsZero() {
		a.Undo = check(node, &t.Undo, knowledge.TemplateKey(card, j, ".undo"))
	}
	return a, true
}

// catalogued is an action as the catalogue describes it.
func catalogued(node incident.NodeID, info knowledge.ActionInfo) incident.Action {
	return incident.Action{
		Action: info.Action, Target: node, Risk: info.Risk, NeedsApproval: info.Approval,
		Text:   incident.Say("action."+info.Action+".text", "target", string(node)),
		Verify: check(node, &info.Verify, "action."+info.Action+".verify"),
		Undo:   check(node, &info.Undo, "action."+info.Action+".undo"),
	}
}

// check makes a check for a node.
func check(node incident.NodeID, t *knowledge.CheckTemplate, key string) incident.Check {
	c := incident.Check{
		Action: t.Action, Params: t.Params, Signal: t.Signal,
		Within: time.Duration(t.Within * float64(time.Second)),
		Text:   incident.Say(key, "target", string(node)),
	}
	switch t.Target {
	case "node":
		c.Target = string(node)
	case "cluster":
		c.Target = "cluster"
	}
	return c
}

// roles are those that the node held, the one that the cause names first.
func (p *planner) roles(c incident.Cause) []incident.Role {
	roles := []incident.Role{cmp.Or(c.Role, incident.UnknownRole)}
	if p.in.Roles != nil {
		for _, r := range p.in.Roles.At(c.Node, p.in.Frame.Window) {
			if !slices.Contains(roles, r) {
				roles = append(roles, r)
			}
		}
	}
	return roles
}

// groupMate finds a node of others that shares a replica group with node.
func (p *planner) groupMate(node incident.NodeID, others []incident.NodeID) (incident.NodeID, bool) {
	for _, g := range p.in.Bundle.Topology.Groups {
		if !slices.Contains(g.Members, node) {
			continue
		}
		for _, o := range others {
			if slices.Contains(g.Members, o) {
				return o, true
			}
		}
	}
	return "", false
}

// wait is the step for a node whose group mate is disturbed already.
func (p *planner) wait(node, mate incident.NodeID) incident.Action {
	info, _ := p.base.Action("observe")
	a := catalogued(node, info)
	a.Params = map[string]string{"gather": "recovery_of_" + string(mate)}
	a.Text = incident.Say("plan.wait", "target", string(node), "other", string(mate))
	return a
}

// plan orders the steps and names the plan.
func (p *planner) plan() *incident.Plan {
	if len(p.steps) == 0 {
		return nil
	}
	slices.SortStableFunc(p.steps, func(a, b step) int {
		return cmp.Or(
			cmp.Compare(severity(a.Risk), severity(b.Risk)),
			cmp.Compare(turn(a.Action.Action), turn(b.Action.Action)),
			cmp.Compare(a.cause, b.cause),
		)
	})
	out := &incident.Plan{}
	for _, s := range p.steps {
		out.Steps = append(out.Steps, s.Action)
	}
	out.ID = planID(p.in.Bundle.Incident.ID, out.Steps)
	return out
}

// severity orders risks.
func severity(r incident.Risk) int {
	return slices.Index([]incident.Risk{incident.LowRisk, incident.MediumRisk, incident.HighRisk, incident.DestructiveRisk}, r)
}

// turn orders steps of the same risk: look, check, move leaderships, act, tell.
func turn(action string) int {
	switch action {
	case "observe":
		return 0
	case "check_quorum":
		return 1
	case "reassign_leaders":
		return 2
	case "open_ticket":
		return 4
	}
	return 3
}

// planID names a plan by what it does to what.
func planID(id incident.ID, steps []incident.Action) string {
	h := sha256.New()
	// Encoding maps and texts cannot fail: they hold strings only.
	text, _ := json.Marshal(struct {
		Incident incident.ID
		Steps    []incident.Action
	}{id, steps})
	h.Write(text)
	return "plan-" + hex.EncodeToString(h.Sum(nil))[:12]
}
