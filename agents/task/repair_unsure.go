package task

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"triagent/incident"
	"triagent/knowledge"
)

// maxGathered is how many missing signals a step asks for.
const maxGathered = 3

// investigate adds what to do while no cause is certain: for each suspect, look
// at what would tell its faults apart and was not measured, and tell a person.
func (p *planner) investigate(ranked []incident.Cause) {
	var seen []incident.NodeID
	for i, c := range ranked {
		if len(seen) == maxSuspects {
			break
		}
		if slices.Contains(seen, c.Node) {
			continue
		}
		seen = append(seen, c.Node)
		p.add(i, p.look(c.Node, ranked))
	}
	first := ranked[0]
	info, ok := p.base.Action("open_ticket")
	if !ok {
		return
	}
	a := catalogued(first.Node, info)
	a.Params = map[string]string{"subject": "suspected_" + string(first.Fault), "team": "on_call"}
	a.Text = incident.Say("plan.ticket", "target", string(first.Node)).With("suspicion", "fault."+string(first.Fault))
	a.Verify.Text = incident.Say("plan.ticket.verify")
	p.add(0, a)
}

// look is the step that asks for what was not measured at a suspect.
func (p *planner) look(node incident.NodeID, ranked []incident.Cause) incident.Action {
	info, _ := p.base.Action("observe")
	a := catalogued(node, info)
	lacking := p.lacking(node, ranked)
	if len(lacking) == 0 {
		a.Params = map[string]string{"gather": "longer"}
		a.Text = incident.Say("plan.gather.longer", "target", string(node))
		return a
	}
	var names []string
	a.Text = incident.Say("plan.gather."+strconv.Itoa(len(lacking)), "target", string(node))
	for i, s := range lacking {
		a.Text = a.Text.With(string(rune('a'+i)), "signal."+string(s))
		names = append(names, string(s))
	}
	a.Params = map[string]string{"gather": strings.Join(names, ",")}
	return a
}

// lacking lists the signals that would say most for or against the faults that
// a node is suspected of and that nobody measured at it, most telling first.
func (p *planner) lacking(node incident.NodeID, ranked []incident.Cause) []incident.Signal {
	worth := map[incident.Signal]float64{}
	var signals []incident.Signal
	for _, c := range ranked {
		card, ok := p.base.Card(c.Fault)
		if c.Node != node || !ok {
			continue
		}
		for _, it := range slices.Concat(card.For, card.Against) {
			if it.Place() != knowledge.Self || p.measured(node, it.Signal) {
				continue
			}
			if _, ok := worth[it.Signal]; !ok {
				signals = append(signals, it.Signal)
			}
			worth[it.Signal] += it.Weight * c.Probability
		}
	}
	slices.SortStableFunc(signals, func(a, b incident.Signal) int {
		return cmp.Or(cmp.Compare(worth[b], worth[a]), cmp.Compare(a, b))
	})
	return signals[:min(len(signals), maxGathered)]
}

// measured reports whether a signal was observable at a node. What logs, spans
// and events say was, if there are any: it just was not said.
func (p *planner) measured(node incident.NodeID, s incident.Signal) bool {
	info, _ := p.base.Signal(s)
	switch info.Resource {
	case "log", "template":
		if slices.Contains(p.in.Bundle.LogNodes, node) {
			return true
		}
	case "span", "code", "call":
		if p.in.Bundle.HasSpans {
			return true
		}
	case "event", "status", "peer", "leadership", "follower":
		return true
	}
	for _, o := range p.in.Seen {
		if o.Node == node && o.Peer == "" && o.Signal == s {
			return true
		}
	}
	return slices.ContainsFunc(p.in.Evidence, func(e incident.Evidence) bool {
		return e.Node == node && e.Peer == "" && e.Signal == s
	})
}
