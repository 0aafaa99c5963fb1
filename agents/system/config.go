package system

import (
	"context"

	"triagent/agents"
	"triagent/incident"
)

// Config examines the configuration nodes. They fail silently: what shows is
// that others wait for the metadata that the leading one gives out.
type Config struct{}

var _ agents.Agent = Config{}

// Name is "system/config".
func (Config) Name() string { return "system/config" }

// Investigate makes evidence about the configuration leader from the metadata
// fetches of the other nodes. Where they all wait alike, it is the leader they
// wait for; the more of them wait, the more it counts.
func (a Config) Investigate(_ context.Context, in agents.Input) (agents.Result, error) {
	var res agents.Result
	for _, n := range held(in, incident.ConfigLeader) {
		waits, asked := waitersFor(in, n)
		for _, o := range asked {
			res.Seen = append(res.Seen, agents.Observable{Node: o, Peer: n, Signal: "config.latency"})
		}
		if len(waits) == 0 || len(waits) < len(asked) {
			continue
		}
		f := incident.Finding{Agent: a.Name(), Node: n, Strength: 0.7, Text: incident.Say("role.config_slow", "node", string(n))}
		least := waits[0]
		for _, w := range waits {
			if w.Score < least.Score {
				least = w
			}
		}
		for _, w := range waits {
			e := about(w, n, "config.latency", least.Score)
			res.Evidence = append(res.Evidence, e)
			f.Cites = append(f.Cites, e.ID)
		}
		res.Findings = append(res.Findings, f)
	}
	return res, nil
}

// waitersFor returns the evidence of the nodes that wait for metadata, and all
// nodes that measure how long they wait.
func waitersFor(in agents.Input, config incident.NodeID) (waits []*incident.Evidence, asked []incident.NodeID) {
	for _, o := range in.Seen {
		if o.Signal != "config.latency" || o.Node == config || o.Peer != "" {
			continue
		}
		asked = append(asked, o.Node)
		if e := strongest(in, o.Node, "config.latency"); e != nil {
			waits = append(waits, e)
		}
	}
	return waits, asked
}
