// Package advice asks a language model for a second opinion on the suspects of a
// diagnosis. What comes back names nodes, faults and evidence that exist, cites
// evidence of the node that it accuses, and repeats numbers as they were
// measured; the rest is dropped, and that is told. How far an opinion moves a
// diagnosis is decided elsewhere, by code.
package advice

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	"triagent/evidence/brief"
	"triagent/incident"
	"triagent/llm"
	"triagent/llm/redact"
	"triagent/prompts"
)

// Case is what is judged.
type Case struct {
	Incident incident.ID
	System   string // kind; empty: unknown
	Brief    brief.Brief
	Suspects []Suspect
	Nodes    []incident.NodeID   // that may be accused
	Faults   []prompts.Described // that may be named
	Like     []string            // remembered; may be empty
}

// Suspect is a hypothesis of the built-in engine. How much it believes in it is
// not told to a model, which would repeat it.
type Suspect struct {
	Node         incident.NodeID
	Role         incident.Role
	Fault        incident.Fault
	For, Against []incident.EvidenceID
}

// Advice is an opinion that was checked.
type Advice struct {
	Choices []Choice // most believable first; empty: the evidence does not decide
	Steps   []Step
	Lacks   string // what would decide; untrusted text; may be empty
	Model   string
	Usage   llm.Usage
	Dropped []string // what did not hold, in words
}

// Choice is a cause with how much the model believes in it.
type Choice struct {
	Node    incident.NodeID
	Fault   incident.Fault
	Belief  float64 // 0..1
	Cites   []incident.EvidenceID
	Against []incident.EvidenceID
}

// Step is one cited step of reasoning. What it says is untrusted text.
type Step struct {
	Says  string
	Cites []incident.EvidenceID
}

// Adviser asks a model. It is safe for concurrent use.
type Adviser struct {
	Model    llm.Model
	Redactor *redact.Redactor // nothing is asked without
	Lang     string           // "en" or "zh"
	Tenant   string
}

// Advise asks once. Round tells apart the times that a case is asked about:
// suspects come in another order in each, so that an opinion that rests on the
// order shows. Errors are those of the model; a bad answer is one of them.
func (a *Adviser) Advise(ctx context.Context, c Case, round uint64) (Advice, error) {
	ck := newChecker(c)
	names := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		names[i] = string(n)
	}
	model := &redact.Model{Of: a.Model} // which asks nobody without a veil
	if a.Redactor != nil {
		model.Veil = a.Redactor.Veil(names)
	}
	r, err := prompts.Diagnose.Ask(ctx, prompts.Call{
		Model: model, Lang: a.Lang, Incident: string(c.Incident), Tenant: a.Tenant, Lists: lists(c, names),
	}, c.asked(round), ck.problems)
	out := Advice{Model: r.Model, Usage: r.Usage, Dropped: r.Problems}
	if err != nil {
		return out, err
	}
	for _, s := range r.Out.Steps {
		out.Steps = append(out.Steps, Step{Says: oneLine(s.Says), Cites: ids(s.Cites)})
	}
	for _, b := range r.Out.Causes {
		out.Choices = append(out.Choices, Choice{
			Node: incident.NodeID(b.Node), Fault: incident.Fault(b.Fault), Belief: float64(b.Percent) / 100,
			Cites: ids(b.Cites), Against: ids(b.Against),
		})
	}
	slices.SortStableFunc(out.Choices, func(x, y Choice) int {
		switch {
		case x.Belief > y.Belief:
			return -1
		case x.Belief < y.Belief:
			return 1
		}
		return 0
	})
	out.Lacks = oneLine(r.Out.Lacks)
	return out, nil
}

func lists(c Case, names []string) prompts.Lists {
	faults := make([]string, len(c.Faults))
	for i, f := range c.Faults {
		faults[i] = f.Name
	}
	return prompts.Lists{reflect.TypeFor[prompts.Node](): names, reflect.TypeFor[prompts.Fault](): faults}
}

// asked is the case as the prompt takes it.
func (c *Case) asked(round uint64) prompts.Case {
	out := prompts.Case{System: c.System, Evidence: c.Brief.String(), Faults: c.Faults, Like: c.Like}
	for _, s := range c.Suspects {
		out.Suspects = append(out.Suspects, prompts.Suspect{
			Node: string(s.Node), Role: string(s.Role), Fault: string(s.Fault), For: texts(s.For), Against: texts(s.Against),
		})
	}
	slices.SortFunc(out.Suspects, func(a, b prompts.Suspect) int { return strings.Compare(a.Node+a.Fault, b.Node+b.Fault) })
	rand.New(rand.NewPCG(round, 1)).Shuffle(len(out.Suspects), func(i, j int) { //nolint:gosec // an order, no secret
		out.Suspects[i], out.Suspects[j] = out.Suspects[j], out.Suspects[i]
	})
	return out
}

// mostCited is how much evidence of a suspect is named in a question: the rest is
// in the text.
const mostCited = 5

func texts(all []incident.EvidenceID) []string {
	out := make([]string, 0, mostCited)
	for _, id := range all[:min(len(all), mostCited)] {
		out = append(out, string(id))
	}
	return out
}

func ids(all []prompts.ID) []incident.EvidenceID {
	out := make([]incident.EvidenceID, len(all))
	for i, id := range all {
		out[i] = incident.EvidenceID(id)
	}
	return out
}

// mostSaid bounds a sentence of a model, in runes.
const mostSaid = 400

// oneLine makes a line of untrusted text.
func oneLine(s string) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > mostSaid {
		return string(r[:mostSaid]) + "…"
	}
	return string(r)
}

// checker holds an opinion against its evidence.
type checker struct {
	rows  map[prompts.ID]string // what was said of each piece of evidence
	about map[prompts.ID][]prompts.Node
	names []string // in which digits are no numbers
}

func newChecker(c Case) *checker {
	ck := &checker{rows: map[prompts.ID]string{}, about: map[prompts.ID][]prompts.Node{}}
	for _, row := range c.Brief.Rows {
		for _, e := range row.Evidence {
			id := prompts.ID(e.ID)
			ck.rows[id] = row.Text
			ck.about[id] = append(ck.about[id], prompts.Node(e.Node), prompts.Node(e.Peer))
			ck.names = append(ck.names, string(e.ID))
		}
	}
	for _, n := range c.Nodes {
		ck.names = append(ck.names, string(n))
	}
	slices.SortFunc(ck.names, func(a, b string) int { return len(b) - len(a) }) // one may hold another
	return ck
}

// Bounds of an opinion.
const (
	mostSteps  = 8
	mostCauses = 4
	mostCites  = 8
)

// problems lists what does not hold, in words for whoever said it.
func (ck *checker) problems(o *prompts.Opinion) []string {
	var out []string
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if len(o.Steps) == 0 || len(o.Steps) > mostSteps {
		bad("there are %d steps: one to %d are wanted", len(o.Steps), mostSteps)
	}
	for i, s := range o.Steps {
		where := fmt.Sprintf("step %d", i+1)
		if strings.TrimSpace(s.Says) == "" {
			bad("%s says nothing", where)
		}
		ck.cites(bad, where, s.Cites)
		var rows []string
		for _, id := range s.Cites {
			rows = append(rows, ck.rows[id])
		}
		if n := unfounded(s.Says, rows, ck.names); len(n) > 0 {
			bad("%s says %s, which the evidence that it cites does not say", where, strings.Join(n, ", "))
		}
	}
	if len(o.Causes) > mostCauses {
		bad("there are %d causes: at most %d are wanted", len(o.Causes), mostCauses)
	}
	sum := 0
	for i, c := range o.Causes {
		where := fmt.Sprintf("cause %d", i+1)
		ck.cites(bad, where, c.Cites)
		if !slices.ContainsFunc(c.Cites, func(id prompts.ID) bool { return slices.Contains(ck.about[id], c.Node) }) {
			bad("%s accuses %s and cites no evidence about it", where, c.Node)
		}
		if c.Percent < 0 || c.Percent > 100 {
			bad("%s is believed with %d percent", where, c.Percent)
		}
		for _, id := range c.Against {
			if ck.rows[id] == "" {
				bad("%s: there is no evidence %.20q", where, id)
			}
		}
		sum += max(0, c.Percent)
	}
	if sum > 100 {
		bad("the causes are believed with %d percent together", sum)
	}
	return out
}

func (ck *checker) cites(bad func(string, ...any), where string, all []prompts.ID) {
	if len(all) == 0 || len(all) > mostCites {
		bad("%s cites %d pieces of evidence: one to %d are wanted", where, len(all), mostCites)
	}
	for _, id := range all {
		if ck.rows[id] == "" {
			bad("%s: there is no evidence %.20q", where, id)
		}
	}
}
