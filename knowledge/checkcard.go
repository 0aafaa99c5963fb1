package knowledge

import (
	"fmt"
	"slices"
	"strings"

	"triagent/incident"
)

// directions are those that evidence may have.
var directions = []incident.Direction{incident.Up, incident.Down, incident.New, incident.Gone}

// shapes are those that evidence may have.
var shapes = []incident.Shape{incident.Step, incident.Ramp, incident.Spike, incident.Flat, incident.Saturated, incident.Silent}

// card checks a fault card.
func (c *checker) card(p string, k *Card) {
	c.identifier(p+".fault", string(k.Fault))
	if k.Fault == incident.UnknownFault {
		c.fail(p+".fault", "%q is no fault", k.Fault)
	}
	c.texts(p+".name", k.Names, false)
	c.texts(p+".text", k.Texts, false)
	among(c, p+".nature", k.Nature, false, natures...)
	c.roleList(p+".roles", k.Roles)
	c.lowercase(p+".systems", k.Only)
	c.lowercase(p+".services", k.Service)
	c.between(p+".prior", k.Prior, -20, 5)
	if len(k.For) == 0 {
		c.fail(p+".for", "the card of %q has no evidence for it", k.Fault)
	}
	for i := range k.For {
		c.item(fmt.Sprintf("%s.for[%d]", p, i), &k.For[i])
	}
	for i := range k.Against {
		c.item(fmt.Sprintf("%s.against[%d]", p, i), &k.Against[i])
	}
	for i, set := range k.Needed {
		if len(set) == 0 {
			c.fail(fmt.Sprintf("%s.needed[%d]", p, i), "an empty set can never be observed")
		}
		for j, s := range set {
			c.knownSignal(fmt.Sprintf("%s.needed[%d][%d]", p, i, j), s)
		}
	}
	for i, s := range k.Explains {
		c.knownSignal(fmt.Sprintf("%s.explains[%d]", p, i), s)
	}
	if len(k.Do) == 0 {
		c.fail(p+".do", "the card of %q proposes nothing to do", k.Fault)
	}
	for i := range k.Do {
		c.template(fmt.Sprintf("%s.do[%d]", p, i), &k.Do[i])
	}
}

// identifier wants a name of lower-case letters, digits and underscores.
func (c *checker) identifier(path, name string) {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789_"
	if name == "" || strings.Trim(name, letters) != "" {
		c.fail(path, "%s %q is not made of a-z, 0-9 and _", leaf(path), name)
	}
}

// roleList wants known roles.
func (c *checker) roleList(path string, list []incident.Role) {
	for i, r := range list {
		if !slices.Contains(roles, r) {
			c.fail(fmt.Sprintf("%s[%d]", path, i), "role %q is none of %s", r, join(roles))
		}
	}
}

// item checks a kind of evidence.
func (c *checker) item(p string, i *Item) {
	c.knownSignal(p+".signal", i.Signal)
	among(c, p+".direction", i.Direction, true, directions...)
	if i.Weight <= 0 {
		c.fail(p+".weight", "weight %v: a positive number of log-odds is needed, for and against alike", i.Weight)
	}
	c.between(p+".weight", i.Weight, 0, 10)
	c.between(p+".min", i.Min, 0, 1000)
	among(c, p+".shape", i.Shape, true, shapes...)
	among(c, p+".at", i.At, true, Self, Peer, Replicas, All)
	for j, s := range i.All {
		p := fmt.Sprintf("%s.all[%d]", p, j)
		c.knownSignal(p, s.Signal)
		among(c, p, s.Direction, true, directions...)
	}
}

// action checks an entry of the list of actions.
func (c *checker) action(p string, a *ActionInfo) {
	c.identifier(p+".action", a.Action)
	c.texts(p+".name", a.Names, false)
	c.texts(p+".text", a.Texts, false)
	among(c, p+".risk", a.Risk, false, risks...)
	if !a.Approval && a.Risk != incident.LowRisk {
		c.fail(p+".needs_approval", "an action of %s risk needs approval", a.Risk)
	}
	for i := range a.Params {
		c.identifier(fmt.Sprintf("%s.params[%d].name", p, i), a.Params[i].Name)
		c.texts(fmt.Sprintf("%s.params[%d].text", p, i), a.Params[i].Texts, false)
	}
	c.checkTemplate(p+".verify", &a.Verify, false)
	c.checkTemplate(p+".undo", &a.Undo, false)
}

// checkTemplate checks how something is verified or undone.
func (c *checker) checkTemplate(p string, t *CheckTemplate, optional bool) {
	if optional && t.IsZero() {
		return
	}
	c.texts(p+".text", t.Texts, false)
	if t.Action != "" {
		c.use(p, t.Action, t.Params)
	} else if len(t.Params) > 0 {
		c.fail(p+".params", "params without an action")
	}
	if t.Signal != "" {
		c.knownSignal(p+".signal", t.Signal)
	}
	among(c, p+".target", t.Target, true, "node", "cluster")
	c.between(p+".within_s", t.Within, 0, 7*24*3600)
}

// use checks the use of an action with parameters. That required ones are there
// is checked for the actions of cards; undoing may leave them to a person.
func (c *checker) use(p, action string, params map[string]string) *ActionInfo {
	info, ok := c.actions[action]
	if !ok {
		c.fail(p+".action", "action %q is not in the list of actions: %s", action, join(known(c.actions)))
		return nil
	}
	for _, name := range known(params) {
		if !slices.ContainsFunc(info.Params, func(q Param) bool { return q.Name == name }) {
			c.fail(p+".params."+name, "action %q has no parameter %q", action, name)
		}
		if key, ok := PhraseOf(params[name]); ok && !c.words[key] {
			c.fail(p+".params."+name, "%q stands for the word %q, which is not defined", params[name], key)
		}
	}
	return info
}

// template checks an action that a card proposes.
func (c *checker) template(p string, t *ActionTemplate) {
	info := c.use(p, t.Action, t.Params)
	if info == nil {
		return
	}
	for _, q := range info.Params {
		if q.Required && t.Params[q.Name] == "" {
			c.fail(p+".params", "action %q needs the parameter %q", t.Action, q.Name)
		}
	}
	c.lowercase(p+".systems", t.Systems)
	c.lowercase(p+".services", t.Services)
	c.roleList(p+".roles", t.Roles)
	among(c, p+".risk", t.Risk, true, risks...)
	c.checkTemplate(p+".verify", &t.Verify, true)
	c.checkTemplate(p+".undo", &t.Undo, true)
	c.texts(p+".text", t.Texts, true)
}

// runbook checks a runbook.
func (c *checker) runbook(p string, r *Runbook) {
	if !c.faults[r.Fault] {
		c.fail(p+".fault", "fault %q has no card", r.Fault)
	}
	if r.System != lower(r.System) {
		c.fail(p+".system", "%q: names of systems are written in lower case", r.System)
	}
	c.texts(p+".title", r.Titles, false)
	if len(r.Steps) == 0 {
		c.fail(p+".steps", "the runbook has no steps")
	}
	for i := range r.Steps {
		c.texts(fmt.Sprintf("%s.steps[%d].text", p, i), r.Steps[i].Texts, false)
	}
}
