package system

import (
	"context"
	"fmt"

	"triagent/agents"
	"triagent/incident"
	"triagent/knowledge"
)

// Service examines plain services, databases and what has no other role: how
// much of a node's trouble is its own and how much may be that of others.
type Service struct{}

var _ agents.Agent = Service{}

// Name is "system/service".
func (Service) Name() string { return "system/service" }

// Investigate splits the evidence of each node by nature: an internal change
// makes a culprit, an external one makes a victim as easily (PRISM,
// arXiv 2601.21359).
func (a Service) Investigate(_ context.Context, in agents.Input) (agents.Result, error) {
	var res agents.Result
	for _, n := range held(in, incident.Service, incident.Database) {
		var own, others []incident.EvidenceID
		for i := range in.Evidence {
			e := &in.Evidence[i]
			info, _ := in.Base.Signal(e.Signal)
			switch {
			case e.Node != n || e.Peer != "":
			case info.Nature == knowledge.InternalNature || info.Nature == knowledge.AbsenceNature:
				own = append(own, e.ID)
			case info.Nature == knowledge.ExternalNature:
				others = append(others, e.ID)
			}
		}
		if len(own)+len(others) == 0 {
			continue
		}
		res.Findings = append(res.Findings, incident.Finding{
			Agent: a.Name(), Node: n, Strength: float64(len(own)) / float64(len(own)+len(others)), Cites: append(own, others...),
			Text: incident.Say("role.own_and_others", "node", string(n), "own", fmt.Sprint(len(own)), "others", fmt.Sprint(len(others))),
		})
	}
	return res, nil
}
