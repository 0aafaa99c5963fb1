package jaeger

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/incident"
)

// glance is how many traces are looked at to find out who takes part: of each
// service of Jaeger, or of Tempo as a whole.
const (
	glance         = 10
	glanceServices = 60 // of Jaeger; the others are only counted
	glanceTempo    = 20
)

// Discover tells which services there are, which nodes they run on and who calls
// whom, by a few traces of each service and by Jaeger's dependencies.
func (s *Source) Discover(ctx context.Context, span incident.Window) (connectors.Found, error) {
	tempo, err := s.isTempo(ctx)
	if err != nil {
		return connectors.Found{}, err
	}
	g := s.gathering(connectors.Ask{Span: span}, nil)
	services := s.c.Services
	if tempo {
		services, err = s.discoverTempo(ctx, g)
	} else {
		services, err = s.discoverJaeger(ctx, g, services)
	}
	if err != nil {
		return connectors.Found{}, err
	}
	f := g.found()
	f.Holds = []connectors.Holding{{What: "traces", Count: int64(len(services)), Unit: "services", Note: fmt.Sprintf("%d nodes in the %d traces that were looked at", len(f.Nodes), g.whole)}}
	for _, m := range g.lost {
		f.Lacks = append(f.Lacks, connectors.Lack{What: m.What, Why: m.Why})
	}
	if len(services) == 0 {
		f.Lacks = append(f.Lacks, connectors.Lack{What: "traces", Why: "the server has none", Remedy: "see that spans are sent to it"})
	}
	return f, nil
}

func (s *Source) discoverJaeger(ctx context.Context, g *gathering, services []string) ([]string, error) {
	if len(services) == 0 {
		var err error
		if services, err = s.services(ctx); err != nil {
			return nil, err
		}
	}
	var list []question
	for _, name := range services[:min(len(services), glanceServices)] {
		list = append(list, question{service: name, span: g.ask.Span, limit: glance})
	}
	if _, err := g.all(ctx, list); err != nil {
		return nil, err
	}
	return services, s.dependencies(ctx, g, services)
}

// dependencies adds the calls that Jaeger has counted, from service to service.
// Where a service has several nodes, only traces tell which one is called.
func (s *Source) dependencies(ctx context.Context, g *gathering, services []string) error {
	var answer struct {
		Data []struct {
			Parent string `json:"parent"`
			Child  string `json:"child"`
		} `json:"data"`
	}
	values := url.Values{
		"endTs":    {strconv.FormatInt(g.ask.Span.To.UnixMilli(), 10)},
		"lookback": {strconv.FormatInt(g.ask.Span.Duration().Milliseconds(), 10)},
	}
	err := s.http.JSON(ctx, fetch.Request{Path: "/api/dependencies", Query: values}, &answer)
	if err != nil {
		return g.miss(ctx, "who calls whom", err)
	}
	name := func(service string) string {
		switch {
		case len(g.of[service]) == 1:
			return g.of[service][0]
		case len(g.of[service]) == 0 && slices.Contains(services, service):
			g.know(connectors.Node{Names: []string{service}, Service: service})
			return service
		}
		return ""
	}
	for _, d := range answer.Data[:min(len(answer.Data), maxNodes)] {
		if from, to := name(d.Parent), name(d.Child); from != "" && to != "" && from != to {
			g.calls.Note(connectors.Call{From: from, To: to})
		}
	}
	return nil
}
