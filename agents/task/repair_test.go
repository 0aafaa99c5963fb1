package task

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triagent/agents"
	"triagent/incident"
	"triagent/knowledge"
	"triagent/telemetry"
)

// held is a fixed answer of who was what.
type held map[incident.NodeID][]incident.Role

func (h held) At(n incident.NodeID, _ incident.Window) []incident.Role { return h[n] }

func (h held) Leads(n incident.NodeID, _ incident.Window) (led, member int) {
	for _, r := range h[n] {
		switch r {
		case incident.Leader, incident.ConfigLeader:
			led, member = led+1, member+1
		case incident.Follower, incident.ConfigFollower:
			member++
		}
	}
	return led, member
}

// cluster is an input of three data nodes in one group and two configuration
// nodes in another.
func cluster(t testing.TB, system string) agents.Input {
	t.Helper()
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	return agents.Input{
		Base: base,
		Bundle: &telemetry.Bundle{
			Incident: incident.Incident{ID: "case-1", System: system},
			Topology: incident.Topology{Groups: []incident.Group{
				{ID: "d", Members: []incident.NodeID{"data-1", "data-2", "data-3"}},
				{ID: "c", Members: []incident.NodeID{"conf-1", "conf-2"}},
			}},
		},
		Roles: held{
			"data-1": {incident.Leader}, "data-2": {incident.Follower}, "data-3": {incident.Follower},
			"conf-1": {incident.ConfigLeader}, "conf-2": {incident.ConfigFollower},
		},
	}
}

func cause(node incident.NodeID, f incident.Fault, p float64) incident.Cause {
	return incident.Cause{Node: node, Fault: f, Probability: p}
}

// steps names the steps of a plan as "action target".
func steps(p *incident.Plan) []string {
	if p == nil {
		return nil
	}
	var out []string
	for _, s := range p.Steps {
		out = append(out, s.Action+" "+string(s.Target))
	}
	return out
}

func TestPlan(t *testing.T) {
	for _, tt := range []struct {
		name, system string
		causes       []incident.Cause
		want         []string
	}{
		{"no causes", "iotdb", nil, nil},
		{
			"a leader is relieved before it is restarted", "iotdb",
			[]incident.Cause{cause("data-1", "memory_saturation", .9)},
			[]string{"check_quorum data-1", "reassign_leaders data-1", "kill_query data-1", "raise_limit data-1", "restart_process data-1"},
		},
		{
			"a follower has nothing to hand over", "iotdb",
			[]incident.Cause{cause("data-2", "memory_saturation", .9)},
			[]string{"check_quorum data-2", "kill_query data-2", "raise_limit data-2", "restart_process data-2"},
		},
		{
			"a leader is relieved though its card does not ask for it", "iotdb",
			[]incident.Cause{cause("data-1", "certificate_expired", .9)},
			[]string{"observe data-1", "check_quorum data-1", "reassign_leaders data-1", "renew_certificate data-1", "restart_process data-1"},
		},
		{
			"the leading configuration node is relieved too", "iotdb",
			[]incident.Cause{cause("conf-1", "process_hang", .9)},
			[]string{"observe conf-1", "check_quorum conf-1", "reassign_leaders conf-1", "isolate_node conf-1", "restart_process conf-1"},
		},
		{
			"a node that is down leads nothing", "iotdb",
			[]incident.Cause{cause("data-1", "node_down", .9)},
			[]string{"check_quorum data-1", "restart_process data-1", "rejoin_node data-1", "restart_node data-1", "replace_node data-1"},
		},
		{
			"a full disk is freed before the restart", "iotdb",
			[]incident.Cause{cause("data-2", "disk_full", .8)},
			[]string{"check_quorum data-2", "free_disk data-2", "raise_limit data-2", "restart_process data-2", "set_running data-2"},
		},
		{
			"a service has no quorum", "",
			[]incident.Cause{{Node: "shop-1", Fault: "cpu_saturation", Probability: .7, Role: incident.Service}},
			[]string{"reassign_tasks shop-1", "raise_limit shop-1", "scale_out shop-1", "restart_process shop-1"},
		},
		{
			"of two members of a group one is disturbed", "iotdb",
			[]incident.Cause{cause("data-2", "config_error", .9), cause("data-3", "memory_saturation", .8)},
			[]string{
				"observe data-2", "observe data-3", "check_quorum data-2", "revert_config data-2", "restart_process data-2",
				"kill_query data-3", "raise_limit data-3",
			},
		},
		{
			"one cause a node, and no unlikely one", "iotdb",
			[]incident.Cause{cause("data-2", "excessive_export", .9), cause("data-2", "slow_query", .8), cause("conf-2", "clock_skew", .2)},
			[]string{"observe data-2", "open_ticket data-2", "throttle_client data-2", "kill_query data-2"},
		},
		{
			"unsure: look and tell", "iotdb",
			[]incident.Cause{cause("data-1", "cpu_saturation", .4), cause("data-1", "slow_query", .3), cause("data-2", "io_saturation", .2)},
			[]string{"observe data-1", "observe data-2", "open_ticket data-1"},
		},
		{
			"a fault without a card: look and tell", "iotdb",
			[]incident.Cause{cause("data-1", "gremlins", .9)},
			[]string{"observe data-1", "open_ticket data-1"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := cluster(t, tt.system)
			p := Plan(in, tt.causes)
			if diff := cmp.Diff(tt.want, steps(p)); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
			if again := Plan(in, tt.causes); !cmp.Equal(p, again) {
				t.Error("a second plan differs")
			}
		})
	}
}

// TestPlanOfEveryFault wants plans for every card that a person can read in both
// languages, lowest risk first, with approval for whatever may break something.
func TestPlanOfEveryFault(t *testing.T) {
	risks := []incident.Risk{incident.LowRisk, incident.MediumRisk, incident.HighRisk, incident.DestructiveRisk}
	ids := map[string]incident.Fault{}
	for _, system := range []string{"iotdb", "mysql", "", "microservice"} {
		in := cluster(t, system)
		for _, card := range in.Base.Cards() {
			p := Plan(in, []incident.Cause{cause("data-1", card.Fault, .95)})
			if p == nil || len(p.Steps) == 0 {
				t.Errorf("%s in %q: no plan", card.Fault, system)
				continue
			}
			if other, ok := ids[p.ID]; ok && other != card.Fault {
				t.Errorf("plans for %s and %s have one ID", card.Fault, other)
			}
			ids[p.ID] = card.Fault
			last := 0
			for _, s := range p.Steps {
				at := slices.Index(risks, s.Risk)
				if at < last {
					t.Errorf("%s: %s of %s risk stands after a step of %s risk", card.Fault, s.Action, s.Risk, risks[last])
				}
				last = at
				if s.Risk != incident.LowRisk && !s.NeedsApproval {
					t.Errorf("%s: %s of %s risk needs no approval", card.Fault, s.Action, s.Risk)
				}
				for _, text := range []incident.Text{s.Text, s.Verify.Text, s.Undo.Text} {
					readable(t, in.Base, string(card.Fault)+" "+s.Action, text)
				}
			}
		}
	}
}

// readable wants a wording of a text without holes in both languages.
func readable(t *testing.T, base *knowledge.Base, what string, text incident.Text) {
	t.Helper()
	for _, lang := range knowledge.Languages {
		s, ok := base.Word(lang, text.Key)
		if !ok {
			t.Errorf("%s: no %s wording of %q", what, lang, text.Key)
			continue
		}
		for _, a := range text.Args {
			v := a.Value
			if a.Phrase {
				if v, ok = base.Word(lang, a.Value); !ok {
					t.Errorf("%s: no %s wording of %q", what, lang, a.Value)
				}
			}
			s = strings.ReplaceAll(s, "{"+a.Name+"}", v)
			form := "$2" // {name|one|many}
			if v == "1" {
				form = "$1"
			}
			s = regexp.MustCompile(`\{`+a.Name+`\|([^|}]*)\|([^}]*)\}`).ReplaceAllString(s, form)
		}
		if strings.Contains(s, "{") {
			t.Errorf("%s: %s text keeps a hole: %s", what, lang, s)
		}
	}
}

func TestPlanAsksForWhatWasNotMeasured(t *testing.T) {
	in := cluster(t, "")
	in.Bundle.HasSpans = true
	in.Bundle.LogNodes = []incident.NodeID{"data-1"}
	in.Seen = []agents.Observable{{Node: "data-1", Signal: "cpu.use"}, {Node: "data-2", Signal: "cpu.throttle"}}
	p := Plan(in, []incident.Cause{cause("data-1", "cpu_saturation", .3)})
	look := p.Steps[0]
	gather := strings.Split(look.Params["gather"], ",")
	if look.Action != "observe" || len(gather) != 3 || slices.Contains(gather, "cpu.use") || !slices.Contains(gather, "cpu.throttle") {
		t.Errorf("step is %s %v", look.Action, look.Params)
	}
	if slices.ContainsFunc(gather, func(s string) bool { return strings.HasPrefix(s, "log.") || strings.HasPrefix(s, "span.") }) {
		t.Errorf("asks for logs or spans, which were there: %v", gather)
	}
	readable(t, in.Base, "observe", look.Text)
	for _, c := range in.Base.Cards() {
		for _, i := range slices.Concat(c.For, c.Against) {
			in.Seen = append(in.Seen, agents.Observable{Node: "data-1", Signal: i.Signal})
		}
	}
	if p := Plan(in, []incident.Cause{cause("data-1", "cpu_saturation", .3)}); p.Steps[0].Params["gather"] != "longer" {
		t.Errorf("with everything measured it asks for %v", p.Steps[0].Params)
	}
}

func TestPlanID(t *testing.T) {
	in := cluster(t, "iotdb")
	a := Plan(in, []incident.Cause{cause("data-1", "disk_full", .9)})
	b := Plan(in, []incident.Cause{cause("data-2", "disk_full", .9)})
	in.Bundle.Incident.ID = "case-2"
	c := Plan(in, []incident.Cause{cause("data-1", "disk_full", .9)})
	if a.ID == b.ID || a.ID == c.ID || !strings.HasPrefix(a.ID, "plan-") || len(a.ID) != len("plan-")+12 {
		t.Errorf("IDs %s, %s, %s", a.ID, b.ID, c.ID)
	}
}
