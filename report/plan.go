package report

import (
	"sort"
	"strings"

	"triagent/incident"
)

func (o Options) stepView(n int, a incident.Action) stepView {
	s := stepView{
		Number: n, Text: clean(o.actionText(a)), Action: clean(a.Action), Target: clean(string(a.Target)),
		Params: clean(params(a.Params)), Risk: string(a.Risk), Verify: clean(o.checkText(a.Verify)), Undo: clean(o.checkText(a.Undo)),
	}
	if a.Risk != "" {
		s.Risk, s.RiskWord = clean(s.Risk), clean(o.name("risk", string(a.Risk)))
	}
	if a.NeedsApproval {
		s.Approval = o.say("ui.approval")
	}
	return s
}

// actionText is the action's own text, or its name and target.
func (o Options) actionText(a incident.Action) string {
	if s := o.Word(a.Text); s != "" {
		return s
	}
	if a.Target == "" {
		return o.name("action", a.Action)
	}
	return o.say("action.on", "action", o.name("action", a.Action), "target", string(a.Target))
}

// checkText is the check's own text, or what it watches or does; empty if there
// is no check.
func (o Options) checkText(c incident.Check) string {
	switch s := o.Word(c.Text); {
	case s != "":
		return s
	case c.Action != "" && c.Target != "":
		return o.say("check.action_with_target", "action", o.name("action", c.Action), "target", c.Target)
	case c.Action != "":
		return o.say("check.action", "action", o.name("action", c.Action))
	case c.Signal == "":
		return ""
	}
	key := "check.signal"
	switch {
	case c.Within == 0 && c.Target == "":
		key = "check.signal_alone"
	case c.Within == 0:
		key = "check.signal_no_time"
	case c.Target == "":
		key = "check.signal_no_target"
	}
	return o.say(key, "signal", o.name("signal", string(c.Signal)), "target", c.Target, "within", lasting(c.Within))
}

// params formats parameters by name.
func params(m map[string]string) string {
	var out []string
	for k, v := range m {
		out = append(out, k+"="+v)
	}
	sort.Strings(out)
	return strings.Join(out, " ")
}
