package system

import (
	"context"
	"fmt"

	"triagent/agents"
	"triagent/incident"
)

// asked are the signals of what clients ask of a node.
var asked = []incident.Signal{"connections.open", "request.rate", "query.rate", "write.rate", "session.open", "result.rate"}

// Coordinator examines the nodes that clients talk to: whether one of them was
// asked for more than the others. A workload fault is aimed at a coordinator;
// its work then spreads to the leaders.
type Coordinator struct{}

var _ agents.Agent = Coordinator{}

// Name is "system/coordinator".
func (Coordinator) Name() string { return "system/coordinator" }

// Investigate tells of each coordinator what it was asked for more than before,
// with the strongest evidence of it.
func (a Coordinator) Investigate(_ context.Context, in agents.Input) (agents.Result, error) {
	var res agents.Result
	for _, n := range held(in, incident.Coordinator, incident.Gateway) {
		f := incident.Finding{Agent: a.Name(), Node: n, Strength: 0.5}
		for _, s := range asked {
			if e := strongest(in, n, s); e != nil {
				f.Cites = append(f.Cites, e.ID)
			}
		}
		if len(f.Cites) > 0 {
			f.Text = incident.Say("role.asked_more", "node", string(n), "count", fmt.Sprint(len(f.Cites)))
			res.Findings = append(res.Findings, f)
		}
	}
	return res, nil
}
