package task

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"triagent/agents"
	"triagent/incident"
	"triagent/knowledge"
)

// narrator tells a view as events that a person can follow.
type narrator struct {
	in       agents.Input
	board    *board
	view     view
	findings []incident.Finding
	emit     incident.Listener
	recalled float64 // share of the say that solved cases had; 0: none
	steps    int
	ranked   []incident.Cause
}

// clock is how a time of day is printed, always UTC.
const clock = "15:04:05"

func (n *narrator) causes() {
	for i, h := range n.view.hypotheses {
		if len(n.ranked) == maxCauses || i > 0 && n.view.p[i] < leastCause && len(n.ranked) >= 3 {
			break
		}
		if len(h.Cites) == 0 {
			continue
		}
		c := incident.Cause{
			Rank: len(n.ranked) + 1, Node: h.Node, Service: h.Service, Role: h.Role, Fault: h.Fault,
			Probability: n.view.p[i], Onset: h.Onset.To, Label: h.label, Cites: h.Cites,
		}
		n.ranked = append(n.ranked, c)
		n.emit(incident.CauseRanked{Cause: c})
	}
}

// rejected tells the best alternatives with the reason why each was ruled out.
func (n *narrator) rejected() {
	told := 0
	for _, h := range n.alternatives() {
		if told == maxRejected {
			return
		}
		told++
		n.emit(incident.HypothesisRejected{Rejected: n.rejection(h)})
	}
}

// alternatives are the next hypotheses that anything speaks for: two of the
// culprit's own, one of each other node.
func (n *narrator) alternatives() []scored {
	first := n.view.hypotheses[0]
	var out []scored
	nodes := map[incident.NodeID]int{}
	for _, h := range n.view.hypotheses[1:] {
		most := 1
		if h.Node == first.Node {
			most = 2
		}
		if nodes[h.Node] < most && h.support > 0 {
			nodes[h.Node]++
			out = append(out, h)
		}
	}
	return out
}

func (n *narrator) rejection(h scored) incident.Rejected {
	r := incident.Rejected{Node: h.Node, Fault: h.Fault}
	first := n.view.hypotheses[0]
	switch {
	case len(h.Against) > 0 && h.Node == first.Node:
		r.Because, r.Cites = incident.Say("rejected.against"), slices.Clone(h.Against)
	case h.quiet:
		r.Because, r.Cites = incident.Say("rejected.quiet", "signals", n.quietSignals(h)), slices.Clone(h.Cites)
	case len(h.Against) > 0:
		r.Because, r.Cites = incident.Say("rejected.against"), slices.Clone(h.Against)
	case h.Node == first.Node && tied(first, h):
		r.Because, r.Cites = incident.Say("rejected.fits_as_well").With("fault", "fault."+string(first.Fault)), slices.Clone(first.Cites)
	case h.Node == first.Node:
		r.Because, r.Cites = incident.Say("rejected.fits_less").With("fault", "fault."+string(first.Fault)), slices.Clone(first.Cites)
	case tied(first, h):
		r.Because = incident.Say("rejected.as_strong", "node", string(first.Node))
		r.Cites = append(slices.Clone(h.Cites), first.Cites...)
	default:
		r.Because = incident.Say("rejected.weaker", "node", string(first.Node))
		r.Cites = append(slices.Clone(h.Cites), first.Cites...)
	}
	r.Cites = unique(r.Cites, 4)
	return r
}

// quietSignals names the signals that a fault would have moved and that did not.
func (n *narrator) quietSignals(h scored) string {
	if h.card == nil {
		return ""
	}
	for _, set := range h.card.Needed {
		if n.board.canSee(h.Node, set) && !n.board.moved(h.Node, set) {
			var names []string
			for _, s := range set[:min(3, len(set))] {
				names = append(names, string(s))
			}
			return strings.Join(names, ", ")
		}
	}
	return ""
}

func unique(ids []incident.EvidenceID, most int) []incident.EvidenceID {
	var out []incident.EvidenceID
	for _, id := range ids {
		if !slices.Contains(out, id) && len(out) < most {
			out = append(out, id)
		}
	}
	return out
}

// spread tells which nodes the culprit dragged along: neighbours in the graph
// whose trouble did not begin before the culprit's, as far as that is known.
func (n *narrator) spread() {
	first := n.view.hypotheses[0]
	linked := map[incident.NodeID]bool{}
	for _, e := range n.in.Graph.Edges {
		linked[e.From] = linked[e.From] || e.To == first.Node
		linked[e.To] = linked[e.To] || e.From == first.Node
	}
	loudest := n.loudest(first.Node)
	for _, to := range n.in.Nodes {
		if to == first.Node || !linked[to] {
			continue
		}
		cite, onset := loudest[to].ID, loudest[to].Onset
		if cite == "" || !onset.IsZero() && onset.To.Before(first.Onset.From) {
			continue
		}
		n.emit(incident.SpreadSeen{Spread: incident.Spread{From: first.Node, To: to, At: onset.To, Cites: []incident.EvidenceID{cite}}})
	}
}

// loudest returns the strongest evidence at each node of what a victim shows, by
// itself or of its dealings with the node about, above what is usual.
func (n *narrator) loudest(about incident.NodeID) map[incident.NodeID]incident.Evidence {
	out := map[incident.NodeID]incident.Evidence{}
	for _, e := range n.in.Evidence {
		if e.Peer != "" && e.Peer != about {
			continue
		}
		info, _ := n.in.Base.Signal(e.Signal)
		if (info.Nature == knowledge.ExternalNature || info.Nature == knowledge.ReplicationNature) && e.Score > math.Max(usual, out[e.Node].Score) {
			out[e.Node] = e
		}
	}
	return out
}

func (n *narrator) say(t incident.Text, cites ...string) {
	n.steps++
	n.emit(incident.Reasoned{Reason: incident.Reason{Number: n.steps, Text: t, Cites: cites}})
}

func (n *narrator) conclude() {
	first := n.view.hypotheses[0]
	p := n.view.p[0]
	v := verdict(p, n.kinds(first.Cites))
	key := "summary.cause"
	switch {
	case young(n.in):
		key = "summary.young"
	case v == incident.Inconclusive && n.in.Lost && n.view.healthy > .5:
		key = "summary.lost"
	case v == incident.Inconclusive && n.view.healthy > .5:
		key = "summary.calm"
	case v == incident.Inconclusive:
		key = "summary.suspect"
	}
	t := incident.Say(key, "node", string(first.Node), "onset", onsetText(first.Onset)).
		With("fault", "fault."+string(first.Fault)).With("role", "role."+string(first.Role))
	if led, member := n.leads(first.Node); member > 0 && led > 0 {
		t.Args = append(t.Args, incident.Arg{Name: "led", Value: strconv.Itoa(led)})
	}
	n.emit(incident.Concluded{Verdict: v, Confidence: p, Summary: t})
}

func onsetText(w incident.Window) string {
	if w.IsZero() {
		return ""
	}
	return w.To.UTC().Format(clock)
}

// kinds counts the independent kinds of evidence among the cites.
func (n *narrator) kinds(cites []incident.EvidenceID) int {
	seen := map[incident.Kind]bool{}
	for _, e := range n.in.Evidence {
		if slices.Contains(cites, e.ID) {
			seen[e.Kind] = true
		}
	}
	return len(seen)
}

func (n *narrator) healthy() {
	n.examined()
	if cites := n.loudestOfAll(4); len(cites) > 0 {
		n.say(incident.Say("reason.healthy"), texts(cites)...)
	}
	for i, h := range n.alternativesOfHealthy() {
		if i == maxRejected {
			break
		}
		n.emit(incident.HypothesisRejected{Rejected: incident.Rejected{
			Node: h.Node, Fault: h.Fault, Because: incident.Say("rejected.too_weak"), Cites: unique(h.Cites, 4),
		}})
	}
	n.emit(incident.Concluded{Verdict: incident.Healthy, Confidence: n.view.healthy, Summary: incident.Say("summary.healthy")})
}

// unknown tells that nothing was found and that this does not mean that nothing
// is wrong. The node that the alert names, if any, is where to look first.
func (n *narrator) unknown() {
	n.examined()
	node := n.in.Bundle.Incident.Alert.Node
	if node == "" && len(n.in.Nodes) > 0 {
		node = n.in.Nodes[0]
	}
	if node != "" {
		info, _ := n.in.Bundle.Topology.Node(node)
		role := incident.UnknownRole
		if roles := rolesOf(n.in, node); len(roles) > 0 {
			role = roles[0]
		}
		n.emit(incident.CauseRanked{Cause: incident.Cause{
			Rank: 1, Node: node, Service: info.Service, Role: role, Fault: incident.UnknownFault, Cites: n.loudestOfAll(4),
		}})
	}
	key := "summary.unknown"
	if young(n.in) {
		key = "summary.blind"
	}
	n.emit(incident.Concluded{Verdict: incident.Inconclusive, Summary: incident.Say(key)})
}

func (n *narrator) alternativesOfHealthy() []scored {
	var out []scored
	for _, h := range n.view.hypotheses {
		if len(h.Cites) > 0 {
			out = append(out, h)
		}
	}
	return out
}

func (n *narrator) plan() {
	if p := Plan(n.in, n.ranked); p != nil {
		n.emit(incident.Planned{Plan: *p})
	}
}
