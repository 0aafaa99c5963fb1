package task

import (
	"cmp"
	"math"
	"slices"

	"triagent/agents"
	"triagent/incident"
	"triagent/knowledge"
)

// What the score is made of, in natural log-odds.
const (
	// Before any evidence a fault has log-odds base and what its card adds to
	// the usual prior, less quiet for each unit of weight that could be
	// observed: where much is measured, much must move, and where little is
	// measured, little has to be enough.
	base       = -1.0
	usualPrior = -2.9
	quiet      = 0.15
	// mostObservable bounds that weight: a card that knows many ways in which a
	// fault shows does not ask for all of them at once.
	mostObservable = 14.0
	// silentPenalty is what a fault loses where a signal that it must move is
	// measured and stayed quiet.
	silentPenalty = 2.0
	// blindPenalty is what it loses where nothing that would show it is
	// measured: it cannot be told, which is not to say that it is not so.
	blindPenalty = 0.7
	// leaderBonus is the most that leading groups adds: the fault of a leader
	// of many hurts more, and is more often what an alarm is about.
	leaderBonus = 0.5
	// tellingShare is how much of the heaviest part another must weigh to tell when
	// the fault began: what hardly counts moved by chance more often than not.
	tellingShare = 0.25
)

// scored is a hypothesis with what it rests on.
type scored struct {
	incident.Hypothesis
	card    *knowledge.Card
	parts   []part
	blind   bool // nothing needed is observable
	quiet   bool // something needed is observable and did not move
	support float64
	// suspicion is the part of LogOdds that says that the node is odd as such:
	// it ranks nodes, it does not say that anything is wrong.
	suspicion float64
	label     string // the user's own word for the fault, from cases of old
}

// part is what one card item contributed.
type part struct {
	item   *knowledge.Item
	weight float64 // signed log-odds
	cite   incident.EvidenceID
}

// score weighs every fault card against every node, best first: those with
// evidence come before those without, which nobody suspects however likely they
// are beforehand. Ties go to the smaller node, then fault, so that equal inputs
// give equal output.
func score(in agents.Input, b *board) []scored {
	var out []scored
	cards := in.Base.Cards()
	suspects := b.suspicion(onlyAlerts(in.Bundle))
	for _, n := range in.Nodes {
		info := b.infos[n]
		info.ID = n // also of a node that only spans name
		roles := rolesOf(in, n)
		for i := range cards {
			if !befalls(&cards[i], in.Bundle.Incident.System, info.Service, roles) {
				continue
			}
			h := hypothesis(in, b, info, roles, &cards[i])
			if len(h.Cites) > 0 {
				h.suspicion = suspects[n]
				h.LogOdds += h.suspicion
			}
			out = append(out, h)
		}
	}
	explainAway(in, b, out)
	for _, h := range unknown(in, b) {
		h.suspicion = suspects[h.Node]
		h.LogOdds += h.suspicion
		out = append(out, h)
	}
	rank(out)
	return out
}

func rolesOf(in agents.Input, n incident.NodeID) []incident.Role {
	if in.Roles == nil {
		return nil
	}
	return in.Roles.At(n, in.Frame.Window)
}

// befalls reports whether a fault exists in the system and can befall the node.
// A node of unknown role can have any.
func befalls(c *knowledge.Card, system, service string, roles []incident.Role) bool {
	if len(c.Only) > 0 && !slices.Contains(c.Only, system) {
		return false
	}
	if len(c.Service) > 0 && service != "" && !slices.Contains(c.Service, service) {
		return false
	}
	if len(c.Roles) == 0 || len(roles) == 0 {
		return true
	}
	return slices.ContainsFunc(roles, func(r incident.Role) bool { return slices.Contains(c.Roles, r) })
}

func hypothesis(in agents.Input, b *board, n incident.Node, roles []incident.Role, card *knowledge.Card) scored {
	h := scored{card: card, Hypothesis: incident.Hypothesis{Node: n.ID, Service: n.Service, Role: incident.UnknownRole, Fault: card.Fault}}
	if len(roles) > 0 {
		h.Role = roles[0]
	}
	h.LogOdds = base + card.Prior - usualPrior
	observable := 0.0
	for i := range card.For {
		if item := &card.For[i]; b.sees(n.ID, item) {
			observable += item.Weight
			h.weigh(b, item, +1)
		}
	}
	h.LogOdds -= quiet * math.Min(observable, mostObservable)
	for i := range card.Against {
		h.weigh(b, &card.Against[i], -1)
	}
	for _, set := range card.Needed {
		switch {
		case !b.canSee(n.ID, set):
			h.blind = true
			h.LogOdds -= blindPenalty
		case !b.moved(n.ID, set):
			h.quiet = true
			h.LogOdds -= silentPenalty
		}
	}
	if h.support > 0 && in.Roles != nil {
		if led, member := in.Roles.Leads(n.ID, in.Frame.Window); member > 0 {
			h.LogOdds += leaderBonus * float64(led) / float64(member)
		}
	}
	h.cite(b)
	return h
}

// weigh adds what one item says, with the sign of the list it is in.
func (h *scored) weigh(b *board, item *knowledge.Item, sign float64) {
	s := b.strongest(h.Node, item)
	if s == nil {
		return
	}
	w := sign * item.Weight * s.value()
	h.LogOdds += w
	if sign > 0 {
		h.support += w
	}
	h.parts = append(h.parts, part{item: item, weight: w, cite: s.cite})
}

// cite lists the evidence for and against, most telling first.
func (h *scored) cite(b *board) {
	slices.SortStableFunc(h.parts, func(a, b part) int { return cmp.Compare(math.Abs(b.weight), math.Abs(a.weight)) })
	for _, p := range h.parts {
		list := &h.Cites
		if p.weight < 0 {
			list = &h.Against
		}
		if p.weight != 0 && !slices.Contains(*list, p.cite) {
			*list = append(*list, p.cite)
		}
	}
	if s := b.firstOnset(h.telling()); !s.IsZero() {
		h.Onset = s
	}
}

// telling is the evidence that says when it began (see tellingShare). The parts
// are sorted, heaviest first.
func (h *scored) telling() []incident.EvidenceID {
	var out []incident.EvidenceID
	least := 0.0
	for _, p := range h.parts {
		if p.weight > 0 && p.weight >= least {
			least = math.Max(least, tellingShare*p.weight)
			out = append(out, p.cite)
		}
	}
	return out
}

// rank sorts hypotheses, best first: see score.
func rank(list []scored) {
	slices.SortStableFunc(list, func(a, b scored) int {
		return cmp.Or(
			cmp.Compare(min(1, len(b.Cites)), min(1, len(a.Cites))),
			cmp.Compare(b.LogOdds, a.LogOdds), cmp.Compare(a.Node, b.Node), cmp.Compare(a.Fault, b.Fault),
		)
	})
}
