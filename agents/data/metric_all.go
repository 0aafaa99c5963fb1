package data

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"triagent/agents"
	"triagent/evidence"
	"triagent/incident"
	"triagent/telemetry"
)

// measureAll measures each table by itself, as many at once as there are
// processors, and joins what was found in the order of the tables.
func measureAll(ctx context.Context, in agents.Input) (*meter, error) {
	tables := in.Bundle.Tables
	last := sync.OnceValue(func() map[string]int64 { return lastSamples(tables) })
	about := newRoster(in)
	each := make([]meter, len(tables))
	workers := min(runtime.GOMAXPROCS(0), len(tables))
	var g errgroup.Group
	for w := range workers {
		g.Go(func() error {
			scorer := new(evidence.Scorer)
			for i := w; i < len(tables) && ctx.Err() == nil; i += workers {
				each[i] = meter{in: in, frame: evidence.Frame(in.Frame), scorer: scorer, last: last, roster: about}
				each[i].measure(&tables[i])
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	m := &meter{in: in, frame: evidence.Frame(in.Frame), seen: map[agents.Observable]bool{}, roster: about}
	for i := range each {
		m.join(&each[i])
	}
	return m, nil
}

// join takes in what was measured of one table.
func (m *meter) join(o *meter) {
	m.moved = append(m.moved, o.moved...)
	for seen := range o.seen {
		m.seen[seen] = true
	}
	m.total += o.total
	m.based = m.based || o.based
	m.within = m.within || o.within
}

// roster is what is known of nodes by name.
type roster struct {
	service map[incident.NodeID]string
	nodes   map[incident.NodeID]bool
}

func newRoster(in agents.Input) *roster {
	p := &roster{map[incident.NodeID]string{}, map[incident.NodeID]bool{}}
	for _, n := range in.Bundle.Topology.Nodes {
		if _, ok := p.service[n.ID]; !ok {
			p.service[n.ID] = n.Service
		}
	}
	for _, n := range in.Nodes {
		p.nodes[n] = true
	}
	return p
}

// lastSamples is the last moment at which any node has a sample of each series.
func lastSamples(tables []telemetry.Table) map[string]int64 {
	out := make(map[string]int64)
	for i := range tables {
		t := &tables[i]
		for k := range t.Columns {
			_, last, _ := sampled(t.Times, t.Columns[k].Values)
			out[t.Columns[k].Name] = max(out[t.Columns[k].Name], last)
		}
	}
	return out
}
