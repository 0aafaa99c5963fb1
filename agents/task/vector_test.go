package task

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"triagent/agents/casebook"
	"triagent/incident"
)

// raised is evidence of an alert of a name.
func raised(id string, node incident.NodeID, s incident.Signal, name string) incident.Evidence {
	e := up(id, node, s, 14)
	e.Kind, e.Name = incident.Occurred, name
	return e
}

// Two alerts of one meaning are told apart, without their names; and what is
// measured is not told by its name.
func TestRules(t *testing.T) {
	in := with(rig(t, "rig.own"), raised("E1", "a", "rig.own", "busy-a"), raised("E2", "a", "rig.own", "very-busy-a"), raised("E3", "b", "rig.own", "busy-a"), up("E4", "c", "rig.own", 14))
	b := newBoard(in)
	v := newVectors(in, b, nil)
	count := func(n incident.NodeID) (rules int, alone float64) {
		for _, k := range slices.Sorted(maps.Keys(v.nodes[v.index[n]])) {
			switch {
			case strings.Contains(k, "busy"):
				t.Errorf("feature %q holds a name", k)
			case strings.HasPrefix(k, "rule ") && strings.HasSuffix(k, " alone"):
				alone += v.nodes[v.index[n]][k]
			case strings.HasPrefix(k, "rule "):
				rules++
			}
		}
		return rules, alone
	}
	for node, want := range map[incident.NodeID]struct {
		rules int
		alone float64
	}{"a": {2, 1.5}, "b": {1, 0.5}, "c": {0, 0}} {
		if rules, alone := count(node); rules != want.rules || alone != want.alone {
			t.Errorf("%s: %d rules, alone %v; want %d, %v", node, rules, alone, want.rules, want.alone)
		}
	}
}

// Alerts that each have a name of their own leave room for all else.
func TestRulesFlood(t *testing.T) {
	in := rig(t, "rig.own")
	var all []incident.Evidence
	for i := range casebook.MaxFeatures + 10 {
		all = append(all, raised(fmt.Sprint("E", i), "a", "rig.own", fmt.Sprint("alert ", i)))
	}
	in = with(in, all...)
	v := newVectors(in, newBoard(in), nil)
	if f := v.nodes[v.index["a"]]; f["place:share"] == 0 || f["hand:best"] == 0 && len(f) == casebook.MaxFeatures {
		t.Errorf("%d features of the node leave no room for its place", len(f))
	}
	if len(v.context) >= casebook.MaxFeatures || v.context["case:nodes"] == 0 {
		t.Errorf("%d features of the context", len(v.context))
	}
}

// A call is told at both of its ends.
func TestRulesOfCalls(t *testing.T) {
	e := raised("E1", "a", "call.latency", "slow")
	e.Peer = "b"
	e.Text = incident.Say("alert.raised", "name", "slow", "operation", "get")
	in := with(rig(t, "call.latency"), e)
	v := newVectors(in, newBoard(in), nil)
	for node, prefix := range map[incident.NodeID]string{"a": "rule of ", "b": "rule by "} {
		found := false
		for k := range v.nodes[v.index[node]] {
			found = found || strings.HasPrefix(k, prefix)
		}
		if !found {
			t.Errorf("nothing of the call at %s: %v", node, v.nodes[v.index[node]])
		}
	}
}
