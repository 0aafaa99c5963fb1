package score

import (
	"testing"

	"triagent/incident"
)

func TestRolesAndRecords(t *testing.T) {
	d := incident.Diagnosis{Graph: incident.Graph{Nodes: []incident.GraphNode{{ID: "a", Role: incident.Leader}, {ID: "b", Role: incident.Follower}, {ID: "x", Role: incident.Leader}}}}
	right, wrong, without := &Row{Records: 3, Parsed: 3}, &Row{Records: 3, Parsed: 2}, &Row{}
	right.SetRoles(d, map[string]string{"a": "leader", "b": "follower"})
	wrong.SetRoles(d, map[string]string{"a": "leader", "c": "follower"})
	without.SetRoles(d, nil)
	figures := Figures([]*Row{right, wrong, without}, 1)
	for _, key := range []string{"roles", "parsed"} {
		if f, ok := Find(figures, key); !ok || f.N != 2 || f.Value != .5 {
			t.Errorf("%s = %+v, want one of two", key, f)
		}
	}
}
