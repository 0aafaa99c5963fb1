package advice_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"triagent/agents/advice"
	"triagent/evidence/brief"
	"triagent/incident"
	"triagent/llm"
	"triagent/llm/redact"
	"triagent/prompts"
)

func evidenceOf(id, node, text string) brief.Row {
	return brief.Row{
		Node: incident.NodeID(node), Text: id + " " + text,
		Evidence: []*incident.Evidence{{ID: incident.EvidenceID(id), Node: incident.NodeID(node)}},
	}
}

func aCase() advice.Case {
	return advice.Case{
		Incident: "inc-1", System: "iotdb", Nodes: []incident.NodeID{"db-1", "db-2", "db-3"},
		Faults: []prompts.Described{{Name: "cpu_saturation", Text: "busy"}, {Name: "net_delay", Text: "slow"}},
		Brief: brief.Brief{Head: "incident inc-1\n", Rows: []brief.Row{
			evidenceOf("E1", "db-1", "cpu.use 12.4→97.3 % z41"), evidenceOf("E2", "db-2", "latency 3→40 ms"), evidenceOf("E3", "db-3", "errors 31/0 on 10.0.0.3 password=tiger"),
		}},
		Suspects: []advice.Suspect{
			{Node: "db-1", Role: "follower", Fault: "cpu_saturation", For: []incident.EvidenceID{"E1"}},
			{Node: "db-2", Role: "leader", Fault: "net_delay", For: []incident.EvidenceID{"E2"}},
		},
	}
}

// model plays a model that sees only what it is sent: it answers with what say
// makes of the names that stand for the nodes, in the order of their evidence.
type model struct {
	say   func(names []string) prompts.Opinion
	asked []llm.Question
}

var shown = regexp.MustCompile(`(?m)^(node-\w+)$`)

func (m *model) Ask(_ context.Context, q llm.Question) (llm.Answer, error) {
	m.asked = append(m.asked, q)
	var names []string
	for _, f := range shown.FindAllStringSubmatch(q.User, -1) {
		names = append(names, f[1])
	}
	if len(names) < 3 {
		return llm.Answer{}, llm.Failed(llm.Down, "internal", "no names in %s", q.User)
	}
	raw, err := json.Marshal(m.say(names))
	return llm.Answer{Text: string(raw), Model: "m", Usage: llm.Usage{Calls: 1, PromptTokens: 100}}, err
}

func good(names []string) prompts.Opinion {
	return prompts.Opinion{
		Steps: []prompts.Step{{Says: names[0] + " is busy: 97 % (E1)", Cites: []prompts.ID{"E1"}}, {Says: names[1] + " only waits", Cites: []prompts.ID{"E2"}}},
		Causes: []prompts.Belief{
			{Node: prompts.Node(names[1]), Fault: "net_delay", Percent: 20, Cites: []prompts.ID{"E2"}, Against: []prompts.ID{}},
			{Node: prompts.Node(names[0]), Fault: "cpu_saturation", Percent: 70, Cites: []prompts.ID{"E1"}, Against: []prompts.ID{"E2"}},
		},
		Enough: true,
	}
}

func adviser(t *testing.T, m llm.Model) *advice.Adviser {
	t.Helper()
	r, err := redact.New(redact.Settings{}, []byte("a key of the installation"))
	if err != nil {
		t.Fatal(err)
	}
	return &advice.Adviser{Model: m, Redactor: r, Lang: "en"}
}

// TestAdvise sends no name, address or secret, and brings the answer back to the
// nodes that it is about.
func TestAdvise(t *testing.T) {
	m := &model{say: good}
	got, err := adviser(t, m).Advise(t.Context(), aCase(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Choices) != 2 || got.Choices[0].Node != "db-1" || got.Choices[0].Belief != .7 || len(got.Choices[0].Against) != 1 || got.Choices[1].Node != "db-2" {
		t.Errorf("choices %+v", got.Choices)
	}
	if len(got.Steps) != 2 || got.Steps[0].Says != "db-1 is busy: 97 % (E1)" || got.Model != "m" || got.Usage.Calls != 1 || len(got.Dropped) > 0 {
		t.Errorf("%+v", got)
	}
	q := m.asked[0]
	for _, secret := range []string{"db-1", "db-2", "10.0.0.3", "tiger"} {
		if strings.Contains(q.User+q.System+string(q.Schema), secret) {
			t.Errorf("%s left:\n%s\n%s", secret, q.User, q.Schema)
		}
	}
}

// TestOrder puts suspects in another order in another round, and the same order
// in the same.
func TestOrder(t *testing.T) {
	m := &model{say: good}
	a := adviser(t, m)
	for _, round := range []uint64{1, 1, 2, 3, 4, 5} {
		if _, err := a.Advise(t.Context(), aCase(), round); err != nil {
			t.Fatal(err)
		}
	}
	if m.asked[0].User != m.asked[1].User {
		t.Error("the same round asks otherwise")
	}
	orders := map[string]bool{}
	for _, q := range m.asked {
		orders[q.User] = true
	}
	if len(orders) < 2 {
		t.Error("suspects always come in the same order")
	}
}

// TestRefused takes no answer that does not hold.
func TestRefused(t *testing.T) {
	for name, change := range map[string]func(o *prompts.Opinion){
		"evidence that is not there":     func(o *prompts.Opinion) { o.Steps[0].Cites = []prompts.ID{"E9"} },
		"a step without evidence":        func(o *prompts.Opinion) { o.Steps[0].Cites = nil },
		"a number that was not measured": func(o *prompts.Opinion) { o.Steps[0].Says = "it is at 99 %" },
		"a number of other evidence":     func(o *prompts.Opinion) { o.Steps[1].Says = "it is at 97 %" },
		"a cause without evidence":       func(o *prompts.Opinion) { o.Causes[0].Cites = nil },
		"evidence of another node":       func(o *prompts.Opinion) { o.Causes[1].Cites = []prompts.ID{"E2", "E3"} },
		"more than all":                  func(o *prompts.Opinion) { o.Causes[0].Percent = 90 },
		"less than nothing":              func(o *prompts.Opinion) { o.Causes[0].Percent = -5 },
		"a node that is not there":       func(o *prompts.Opinion) { o.Causes[0].Node = "node-made-up" },
		"a fault that is not there":      func(o *prompts.Opinion) { o.Causes[0].Fault = "sabotage" },
		"no steps":                       func(o *prompts.Opinion) { o.Steps = nil },
		"an empty step":                  func(o *prompts.Opinion) { o.Steps[0].Says = " " },
		"against what is not there":      func(o *prompts.Opinion) { o.Causes[0].Against = []prompts.ID{"E77"} },
	} {
		m := &model{say: func(names []string) prompts.Opinion {
			o := good(names)
			change(&o)
			return o
		}}
		got, err := adviser(t, m).Advise(t.Context(), aCase(), 1)
		if llm.WhyOf(err) != llm.Garbled || len(got.Choices) > 0 || len(got.Steps) > 0 || got.Usage.Calls != 2 || len(got.Dropped) == 0 {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
	}
}

// TestRepaired takes the second answer where it holds, and tells what was wrong
// with the first.
func TestRepaired(t *testing.T) {
	n := 0
	m := &model{say: func(names []string) prompts.Opinion {
		o := good(names)
		if n++; n == 1 {
			o.Steps[0].Says = "it is at 99 %"
		}
		return o
	}}
	got, err := adviser(t, m).Advise(t.Context(), aCase(), 1)
	if err != nil || len(got.Dropped) != 1 || !strings.Contains(got.Dropped[0], "99") || len(got.Choices) != 2 {
		t.Errorf("%v %+v", err, got)
	}
}

// TestNothing asks nobody without redaction.
func TestNothing(t *testing.T) {
	m := &model{say: good}
	if _, err := (&advice.Adviser{Model: m, Lang: "en"}).Advise(t.Context(), aCase(), 1); llm.WhyOf(err) != llm.Blocked || len(m.asked) > 0 {
		t.Errorf("%v, asked %d", err, len(m.asked))
	}
}
