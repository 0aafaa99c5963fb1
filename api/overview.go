package api

import (
	"context"
	"slices"
	"time"

	"triagent/api/wire"
	"triagent/incident"
	"triagent/store"
)

type alertsIn struct {
	Text   string    `query:"q" maxLength:"200" doc:"Words that name, node, labels or annotations contain"`
	Firing bool      `query:"firing" doc:"Only those that still fire"`
	Node   string    `query:"node" maxLength:"300"`
	Source string    `query:"source" maxLength:"100"`
	From   time.Time `query:"from" doc:"Started at this time or later"`
	To     time.Time `query:"to" doc:"Started before this time"`
	Cursor string    `query:"cursor" maxLength:"500"`
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type alertsOut struct {
	Body struct {
		Items []wire.Alert `json:"items"`
		Next  *string      `json:"next" nullable:"true"`
	}
}

func (s *Server) listAlerts(ctx context.Context, in *alertsIn) (*alertsOut, error) {
	return s.alerts(ctx, store.AlertFilter{
		Text: in.Text, Firing: in.Firing, Node: in.Node, Source: in.Source, From: in.From.UTC(), To: in.To.UTC(),
		After: in.Cursor, Limit: in.Limit,
	})
}

type alertsOfIn struct {
	Named

	Cursor string `query:"cursor" maxLength:"500"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"500"`
}

func (s *Server) alertsOf(ctx context.Context, in *alertsOfIn) (*alertsOut, error) {
	if _, err := s.c.Store.Incident(ctx, in.ID); err != nil {
		return nil, err
	}
	return s.alerts(ctx, store.AlertFilter{Incident: in.ID, After: in.Cursor, Limit: in.Limit})
}

func (s *Server) alerts(ctx context.Context, f store.AlertFilter) (*alertsOut, error) {
	list, next, err := s.c.Store.Alerts(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &alertsOut{}
	out.Body.Items, out.Body.Next = wire.Each(list, wire.AlertOf), wire.OrNull(next)
	return out, nil
}

type topologyIn struct {
	System string `query:"system" maxLength:"200" doc:"Empty: all"`
}

type topologyOut struct{ Body topology }

type topology struct {
	Systems []string       `json:"systems"`
	Nodes   []topologyNode `json:"nodes"`
	Edges   []topologyEdge `json:"edges"`
}

type topologyNode struct {
	ID       string    `json:"id"`
	System   string    `json:"system"`
	Service  string    `json:"service"`
	Role     string    `json:"role"`
	Seen     wire.Time `json:"seen"`
	Open     []string  `json:"open" doc:"Open incidents that name it"`
	Severity string    `json:"severity" doc:"The worst of them; empty: none"`
}

type topologyEdge struct {
	System string    `json:"system"`
	From   string    `json:"from"`
	To     string    `json:"to"`
	Kind   string    `json:"kind"`
	Seen   wire.Time `json:"seen"`
	Count  int64     `json:"count"`
}

// getTopology gives all nodes that diagnoses saw, with the open incidents on
// each.
func (s *Server) getTopology(ctx context.Context, in *topologyIn) (*topologyOut, error) {
	nodes, edges, err := s.c.Store.Topology(ctx, in.System)
	if err != nil {
		return nil, err
	}
	open, err := s.openOn(ctx)
	if err != nil {
		return nil, err
	}
	out := &topologyOut{Body: topology{Systems: []string{}, Nodes: []topologyNode{}, Edges: []topologyEdge{}}}
	for _, n := range nodes {
		if !slices.Contains(out.Body.Systems, n.System) {
			out.Body.Systems = append(out.Body.Systems, n.System)
		}
		w := topologyNode{ID: n.Node, System: n.System, Service: n.Service, Role: string(n.Role), Seen: wire.Time(n.Seen), Open: []string{}}
		if o := open[n.Node]; o != nil {
			w.Open, w.Severity = o.ids, wire.Severity(o.worst)
		}
		out.Body.Nodes = append(out.Body.Nodes, w)
	}
	for _, e := range edges {
		out.Body.Edges = append(out.Body.Edges, topologyEdge{System: e.System, From: e.From, To: e.To, Kind: e.Kind, Seen: wire.Time(e.Seen), Count: e.Count})
	}
	return out, nil
}

// trouble is the open incidents on a node.
type trouble struct {
	ids   []string
	worst store.Severity
}

// openOn finds the open incidents of each node, of the worst 500: those whose
// first suspect it is, and, while there is no diagnosis, those that name it.
func (s *Server) openOn(ctx context.Context) (map[string]*trouble, error) {
	p, err := s.c.Store.Incidents(ctx, store.Filter{Status: []store.Status{store.Open}, Sort: "-severity", Limit: maxList})
	if err != nil {
		return nil, err
	}
	out := map[string]*trouble{}
	for _, i := range p.Items {
		for _, n := range troubled(i) {
			t := out[n]
			if t == nil {
				t = &trouble{}
				out[n] = t
			}
			t.ids = append(t.ids, i.ID)
			t.worst = max(t.worst, i.Severity)
		}
	}
	return out, nil
}

// troubled are the nodes that an incident is about: its first suspect, who may
// be another than who raised the alarm; before a diagnosis, or where that finds
// no suspect, those that it came with. Where nothing is wrong there are none.
func troubled(i store.Incident) []string {
	switch h := i.Headline; {
	case h.Verdict == incident.Healthy:
		return nil
	case h.Node != "":
		return []string{string(h.Node)}
	}
	return i.Nodes
}

type queueOut struct{ Body queueState }

type queueState struct {
	Capacity int         `json:"capacity"`
	Queued   int         `json:"queued"`
	Running  int         `json:"running"`
	Items    []queueItem `json:"items"`
}

type queueItem struct {
	Incident string `json:"incident"`
	Attempt  int    `json:"attempt"`
	Priority int    `json:"priority"`
	State    string `json:"state" enum:"waiting,queued,running"`
	Position int    `json:"position" doc:"Diagnoses that come before it; 0 for those that run"`
}

func (s *Server) getQueue(ctx context.Context, _ *struct{}) (*queueOut, error) {
	out := &queueOut{Body: queueState{Items: []queueItem{}}}
	var err error
	b := &out.Body
	if b.Queued, b.Running, b.Capacity, err = s.c.Store.QueueState(ctx); err != nil {
		return nil, err
	}
	jobs, err := s.c.Store.Jobs(ctx, maxList)
	if err != nil {
		return nil, err
	}
	ahead := 0
	for _, j := range jobs {
		q := queueItem{Incident: j.Incident, Attempt: j.Attempt, Priority: j.Priority, State: string(j.State)}
		if j.State != store.Running {
			q.Position = ahead
			ahead++
		}
		b.Items = append(b.Items, q)
	}
	return out, nil
}
