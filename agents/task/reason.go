package task

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"triagent/incident"
)

// reason tells the chain of steps, each with what it rests on.
func (n *narrator) reason() {
	first := n.view.hypotheses[0]
	n.examined()
	n.say(incident.Say("reason.cause", "node", string(first.Node)).With("fault", "fault."+string(first.Fault)), texts(unique(first.Cites, 6))...)
	if led, member := n.leads(first.Node); led > 0 {
		if cites := n.roleFindings(first.Node); len(cites) > 0 {
			n.say(incident.Say("reason.role", "node", string(first.Node), "led", strconv.Itoa(led), "member", strconv.Itoa(member)).
				With("role", "role."+string(first.Role)), cites...)
		}
	}
	if len(first.Against) > 0 {
		n.say(incident.Say("reason.against"), texts(unique(first.Against, 4))...)
	}
	n.solved()
	for _, h := range n.view.hypotheses[1:] {
		if h.Node != first.Node && h.support > 0 {
			t := incident.Say("reason.next", "node", string(h.Node), "ratio", fmt.Sprintf("%.1f", first.LogOdds-h.LogOdds)).
				With("fault", "fault."+string(h.Fault))
			if tied(first, h) {
				t = incident.Say("reason.alike", "node", string(h.Node)).With("fault", "fault."+string(h.Fault))
			}
			n.say(t, texts(unique(h.Cites, 4))...)
			break
		}
	}
}

// solved tells that solved cases had a say in what the evidence on the first
// fits, and how great a one: as evidence, which no file of the bundle holds, and
// as a step.
func (n *narrator) solved() {
	if n.recalled == 0 {
		return
	}
	e := incident.Evidence{
		ID: incident.EvidenceID("E" + strconv.Itoa(len(n.in.Evidence)+1)), Kind: incident.Knowledge, Window: n.in.Frame.Window,
		Text: incident.Say("evidence.solved"),
	}
	n.emit(incident.EvidenceMade{Evidence: e})
	cases, share := strconv.Itoa(n.in.Book.Cases()), strconv.FormatFloat(math.Max(1, 100*n.recalled), 'f', 0, 64)
	n.say(incident.Say("reason.solved", "cases", cases, "share", share), append(texts(unique(n.view.hypotheses[0].Cites, 5)), string(e.ID))...)
}

// examined tells what there was to look at, by the strongest finding of each
// agent, or the strongest evidence where none found anything. Where there is no
// evidence there is no step: nothing could be cited.
func (n *narrator) examined() {
	best := map[string]int{}
	var agentsSeen []string
	for i, f := range n.findings {
		at, ok := best[f.Agent]
		if !ok {
			agentsSeen = append(agentsSeen, f.Agent)
		}
		if !ok || f.Strength > n.findings[at].Strength {
			best[f.Agent] = i
		}
	}
	var cites []string
	for _, a := range agentsSeen {
		cites = append(cites, string(n.findings[best[a]].ID))
	}
	if len(cites) == 0 {
		cites = texts(n.loudestOfAll(4))
	}
	if len(cites) > 0 {
		n.say(incident.Say("reason.examined", "nodes", strconv.Itoa(len(n.in.Nodes)), "evidence", strconv.Itoa(len(n.in.Evidence))), cites...)
	}
}

// loudestOfAll lists the evidence with the highest scores, at most most.
func (n *narrator) loudestOfAll(most int) []incident.EvidenceID {
	order := make([]int, len(n.in.Evidence))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(n.in.Evidence[b].Score, n.in.Evidence[a].Score) })
	out := make([]incident.EvidenceID, 0, most)
	for _, i := range order[:min(most, len(order))] {
		out = append(out, n.in.Evidence[i].ID)
	}
	return out
}

func (n *narrator) leads(node incident.NodeID) (led, member int) {
	if n.in.Roles == nil {
		return 0, 0
	}
	return n.in.Roles.Leads(node, n.in.Frame.Search) // as the system agents say it
}

// roleFindings lists what the system agents found of a node.
func (n *narrator) roleFindings(node incident.NodeID) []string {
	var out []string
	for _, f := range n.findings {
		if f.Node == node && strings.HasPrefix(f.Agent, "system/") {
			out = append(out, string(f.ID))
		}
	}
	return out
}

func texts(ids []incident.EvidenceID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = string(id)
	}
	return out
}
