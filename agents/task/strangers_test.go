package task

import (
	"testing"

	"triagent/incident"
)

// A node that only spans name has its hypotheses scored as any other.
func TestScoreStranger(t *testing.T) {
	in := with(rig(t, "rig.own"), up("E1", "stranger", "rig.own", 3*full))
	in.Nodes = append(in.Nodes, "stranger")
	first := score(in, newBoard(in))[0]
	if first.Node != incident.NodeID("stranger") || first.Fault != rigWorn {
		t.Errorf("first is %s on %q, want %s on the stranger", first.Fault, first.Node, rigWorn)
	}
}
