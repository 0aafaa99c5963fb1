package meta

import (
	"slices"
	"strings"
	"time"

	"triagent/incident"
)

// rank orders roles by how much they tell about a node: what leads comes first.
var rank = map[incident.Role]int{
	incident.Leader: 0, incident.ConfigLeader: 1, incident.Database: 2, incident.Gateway: 3,
	incident.Coordinator: 4, incident.Follower: 5, incident.ConfigFollower: 6, incident.Service: 7,
	incident.Witness: 8, incident.UnknownRole: 9,
}

// Timeline is who was what when, read from the system's own view. It implements
// agents.Roles and is safe for concurrent use. A nil Timeline knows nothing.
type Timeline struct {
	// spans holds, by node and group, the entries in order of time.
	spans map[incident.NodeID]map[string][]incident.RoleSpan
	moves []Move
	// partial says that it was read from elections: groups whose members were there
	// before the record began are not in it.
	partial bool
}

// Move is a change of a node's role in a group.
type Move struct {
	Node     incident.NodeID
	Group    string
	From, To incident.Role
	At       time.Time
}

// NewTimeline builds the timeline of a topology. A topology that names no role
// for a node gives it none.
func NewTimeline(top incident.Topology) *Timeline {
	t := &Timeline{spans: map[incident.NodeID]map[string][]incident.RoleSpan{}}
	for _, s := range top.Roles {
		if t.spans[s.Node] == nil {
			t.spans[s.Node] = map[string][]incident.RoleSpan{}
		}
		t.spans[s.Node][s.Group] = append(t.spans[s.Node][s.Group], s)
	}
	for node, groups := range t.spans {
		for group, spans := range groups {
			slices.SortStableFunc(spans, func(a, b incident.RoleSpan) int { return a.From.Compare(b.From) })
			t.moves = append(t.moves, movesOf(node, group, spans)...)
		}
	}
	slices.SortFunc(t.moves, compareMoves)
	return t
}

func movesOf(node incident.NodeID, group string, spans []incident.RoleSpan) []Move {
	var out []Move
	for i := 1; i < len(spans); i++ {
		if spans[i].Role != spans[i-1].Role {
			out = append(out, Move{Node: node, Group: group, From: spans[i-1].Role, To: spans[i].Role, At: spans[i].From})
		}
	}
	return out
}

func compareMoves(a, b Move) int {
	if c := a.At.Compare(b.At); c != 0 {
		return c
	}
	if c := strings.Compare(a.Group, b.Group); c != 0 {
		return c
	}
	return strings.Compare(string(a.Node), string(b.Node))
}

// Moves returns the changes of role within w, in order of time.
func (t *Timeline) Moves(w incident.Window) []Move {
	if t == nil {
		return nil
	}
	var out []Move
	for _, m := range t.moves {
		if w.IsZero() || w.Contains(m.At) {
			out = append(out, m)
		}
	}
	return out
}

// At returns the roles that a node held at any moment of w, most telling first.
func (t *Timeline) At(node incident.NodeID, w incident.Window) []incident.Role {
	if t == nil {
		return nil
	}
	var out []incident.Role
	for _, spans := range t.spans[node] {
		for i, s := range spans {
			if held(spans, i, w) && !slices.Contains(out, s.Role) {
				out = append(out, s.Role)
			}
		}
	}
	slices.SortFunc(out, func(a, b incident.Role) int { return rank[a] - rank[b] })
	return out
}

// held reports whether spans[i] reaches into w; a zero w takes all.
func held(spans []incident.RoleSpan, i int, w incident.Window) bool {
	if w.IsZero() {
		return true
	}
	if i+1 < len(spans) && !spans[i+1].From.After(w.From) {
		return false
	}
	return spans[i].From.Before(w.To)
}

// Leads returns how many groups the node led at the start of w and of how many
// it is a member; 0 and 0 where not all groups are known.
func (t *Timeline) Leads(node incident.NodeID, w incident.Window) (led, member int) {
	if t == nil || t.partial {
		return 0, 0
	}
	for group, spans := range t.spans[node] {
		if group == "" {
			continue
		}
		switch roleAt(spans, w.From) {
		case incident.Leader, incident.ConfigLeader:
			led++
			member++
		case incident.Follower, incident.ConfigFollower:
			member++
		}
	}
	return led, member
}

func roleAt(spans []incident.RoleSpan, at time.Time) incident.Role {
	role := incident.UnknownRole
	for i, s := range spans {
		if i == 0 || !s.From.After(at) {
			role = s.Role
		}
	}
	return role
}
