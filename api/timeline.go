package api

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"triagent/api/wire"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/store"
	"triagent/telemetry"
)

// Bounds of a timeline.
const (
	maxLanes = 500
	maxItems = 2000 // of a lane
)

type timelineOut struct{ Body timeline }

type timeline struct {
	Window   wire.Window `json:"window"`
	Baseline wire.Window `json:"baseline"`
	Lanes    []lane      `json:"lanes"`
}

type lane struct {
	Node    string `json:"node" doc:"Empty: the whole system"`
	Service string `json:"service"`
	Role    string `json:"role"`
	Items   []item `json:"items"`
}

// item is something that happened to a node, or was true of it for a while.
type item struct {
	Kind     string    `json:"kind" enum:"role,change,alert,onset,action"`
	At       wire.Time `json:"at"`
	Until    wire.Time `json:"until" doc:"null: a moment, or not over"`
	Text     string    `json:"text"`
	Evidence string    `json:"evidence,omitempty"`
	Role     string    `json:"role,omitempty"`
	Group    string    `json:"group,omitempty"`
}

// timelineOf gathers items into lanes.
type timelineOf struct {
	lanes map[string]*lane
	order map[string]float64 // strongest evidence
}

// getTimeline puts together what the bundle, the alerts and the diagnosis say of
// when what happened.
func (s *Server) getTimeline(ctx context.Context, in *incidentIn) (*timelineOut, error) {
	i, err := s.c.Store.Incident(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	t := &timelineOf{lanes: map[string]*lane{}, order: map[string]float64{}}
	out := &timelineOut{}
	out.Body.Window = wire.WindowOf(incident.Window{From: i.Started, To: i.Ended})
	if i.Bundle != "" {
		_, b, err := s.recorded(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		out.Body.Window, out.Body.Baseline = wire.WindowOf(b.Incident.Window), wire.WindowOf(b.Incident.Baseline)
		t.bundle(b)
	}
	alerts, _, err := s.c.Store.Alerts(ctx, store.AlertFilter{Incident: i.ID, Limit: maxList})
	if err != nil {
		return nil, err
	}
	for _, a := range alerts {
		t.add(a.Node, item{Kind: "alert", At: wire.Time(a.Starts), Until: wire.Time(a.Ends), Text: a.Name})
	}
	d, err := s.c.Store.Diagnosis(ctx, i.ID, 0)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return nil, err
	}
	t.diagnosis(d, s.words(in.Spoken))
	out.Body.Lanes = t.sorted()
	return out, nil
}

func (t *timelineOf) lane(node string) *lane {
	l := t.lanes[node]
	if l == nil {
		l = &lane{Node: node, Items: []item{}}
		t.lanes[node] = l
	}
	return l
}

func (t *timelineOf) add(node string, i item) {
	if l := t.lane(node); len(l.Items) < maxItems {
		l.Items = append(l.Items, i)
	}
}

func (t *timelineOf) bundle(b *telemetry.Bundle) {
	for _, n := range b.Topology.Nodes {
		t.lane(string(n.ID)).Service = n.Service
	}
	type held struct {
		node  incident.NodeID
		group string
	}
	next := map[held]time.Time{}
	spans := slices.Clone(b.Topology.Roles)
	slices.SortStableFunc(spans, func(a, b incident.RoleSpan) int { return b.From.Compare(a.From) })
	for _, r := range spans { // backwards: each ends where the one after begins
		k := held{r.Node, r.Group}
		t.add(string(r.Node), item{Kind: "role", At: wire.Time(r.From), Until: wire.Time(next[k]), Role: string(r.Role), Group: r.Group})
		next[k] = r.From
	}
	for _, c := range b.Changes {
		t.add(string(c.Node), item{Kind: "change", At: wire.Time(c.Time), Text: strings.TrimSpace(c.Kind + ": " + c.Text)})
	}
	for _, a := range b.Alerts {
		t.add(string(a.Node), item{Kind: "alert", At: wire.Time(a.Time), Text: a.Name})
	}
}

func (t *timelineOf) diagnosis(d incident.Diagnosis, o wire.Words) {
	for _, n := range d.Graph.Nodes {
		l := t.lane(string(n.ID))
		l.Service, l.Role = or(n.Service, l.Service), string(n.Role)
	}
	for _, e := range d.Evidence {
		t.order[string(e.Node)] = max(t.order[string(e.Node)], e.Score)
		if !e.Onset.IsZero() {
			t.add(string(e.Node), item{Kind: "onset", At: wire.Time(middle(e.Onset)), Text: o.Word(e.Text), Evidence: string(e.ID)})
		}
	}
}

// sorted orders lanes by their strongest evidence and items by time.
func (t *timelineOf) sorted() []lane {
	out := make([]lane, 0, len(t.lanes))
	for _, l := range t.lanes {
		if l.Node == "" && len(l.Items) == 0 {
			continue
		}
		slices.SortStableFunc(l.Items, func(a, b item) int { return time.Time(a.At).Compare(time.Time(b.At)) })
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b lane) int {
		return cmp.Or(cmp.Compare(t.order[b.Node], t.order[a.Node]), cmp.Compare(a.Node, b.Node))
	})
	return out[:min(len(out), maxLanes)]
}
