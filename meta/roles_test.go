package meta

import (
	"slices"
	"testing"
	"time"

	"triagent/incident"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func minute(from, to int) incident.Window {
	return incident.Window{From: noon.Add(time.Duration(from) * time.Minute), To: noon.Add(time.Duration(to) * time.Minute)}
}

// reelection is a group whose leader changes from a to b at minute 5.
func reelection() incident.Topology {
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	return incident.Topology{
		Nodes: []incident.Node{{ID: "a"}, {ID: "b"}},
		Roles: []incident.RoleSpan{
			{Node: "b", Role: incident.Leader, Group: "g1", From: at(5)},
			{Node: "a", Role: incident.Leader, Group: "g1", From: at(0)},
			{Node: "b", Role: incident.Follower, Group: "g1", From: at(0)},
			{Node: "a", Role: incident.Follower, Group: "g1", From: at(5)},
			{Node: "a", Role: incident.Follower, Group: "g2", From: at(0)},
			{Node: "a", Role: incident.Coordinator, Group: "", From: at(0)},
		},
	}
}

func TestTimelineAt(t *testing.T) {
	line := NewTimeline(reelection())
	for _, tt := range []struct {
		name string
		node incident.NodeID
		w    incident.Window
		want []incident.Role
	}{
		{"before the election", "a", minute(0, 5), []incident.Role{incident.Leader, incident.Coordinator, incident.Follower}},
		{"after it", "b", minute(5, 6), []incident.Role{incident.Leader}},
		{"across it both roles", "b", minute(4, 6), []incident.Role{incident.Leader, incident.Follower}},
		{"no window: all that was", "b", incident.Window{}, []incident.Role{incident.Leader, incident.Follower}},
		{"unknown node", "c", minute(0, 9), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := line.At(tt.node, tt.w); !slices.Equal(got, tt.want) {
				t.Errorf("At(%s) = %v, want %v", tt.node, got, tt.want)
			}
		})
	}
}

func TestTimelineLeads(t *testing.T) {
	line := NewTimeline(reelection())
	for _, tt := range []struct {
		node        incident.NodeID
		w           incident.Window
		led, member int
	}{
		{"a", minute(1, 9), 1, 2},
		{"a", minute(6, 9), 0, 2},
		{"b", minute(6, 9), 1, 1},
		{"c", minute(6, 9), 0, 0},
	} {
		if led, member := line.Leads(tt.node, tt.w); led != tt.led || member != tt.member {
			t.Errorf("Leads(%s, from %s) = %d of %d, want %d of %d", tt.node, tt.w.From.Format("15:04"), led, member, tt.led, tt.member)
		}
	}
}

func TestTimelineMoves(t *testing.T) {
	got := NewTimeline(reelection()).Moves(minute(0, 10))
	if len(got) != 2 || got[0].Node != "a" || got[0].To != incident.Follower || got[1].To != incident.Leader {
		t.Errorf("Moves = %+v, want a to follower and b to leader at minute 5", got)
	}
	if late := NewTimeline(reelection()).Moves(minute(6, 10)); len(late) != 0 {
		t.Errorf("Moves after it = %+v, want none", late)
	}
}

// A timeline that was left out knows nothing, and does not fail.
func TestNoTimeline(t *testing.T) {
	var none *Timeline
	if none.At("a", minute(0, 1)) != nil || none.Moves(minute(0, 1)) != nil {
		t.Error("a nil timeline knows something")
	}
}
