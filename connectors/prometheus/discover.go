package prometheus

import (
	"context"
	"fmt"
	"net/url"

	"triagent/connectors"
	"triagent/incident"
)

// Discover finds the nodes that there were in a span, gone ones too, how many
// series they have, and which of them do not answer at its end, and why.
func (s *Source) Discover(ctx context.Context, span incident.Window) (connectors.Found, error) {
	nodes, said, err := s.known(ctx, span)
	if err != nil {
		return connectors.Found{}, err
	}
	var f connectors.Found
	for _, why := range said.why() {
		f.Lacks = append(f.Lacks, connectors.Lack{What: "a part of the list of targets", Why: why})
	}
	if len(nodes) == 0 {
		f.Lacks = append(f.Lacks, s.nobody())
		return f, nil
	}
	counts, err := s.counts(ctx, span)
	if err != nil {
		return f, err
	}
	held := connectors.Holding{What: "metrics", Unit: "series", Note: fmt.Sprintf("of %d nodes", len(nodes))}
	for _, n := range nodes {
		f.Nodes = append(f.Nodes, n.Node)
		for _, t := range n.targets {
			held.Count += int64(counts[identity(t.labels)])
		}
	}
	if len(counts) == 0 {
		held.Count = -1
	}
	f.Holds = append(f.Holds, held)
	if h, ok := said.held(); ok {
		f.Holds = append(f.Holds, h)
	}
	lacks, err := s.down(ctx, span, nodes)
	f.Lacks = append(f.Lacks, lacks...)
	return f, err
}

// nobody says that there is no node.
func (s *Source) nobody() connectors.Lack {
	what := "no series that"
	if len(s.match) > 0 {
		what += " fits " + s.match.String() + " and"
	}
	return connectors.Lack{
		What: "nodes", Why: fmt.Sprintf("%s has the label %s was there in that time", what, s.c.NodeLabel),
		Remedy: "check match and node_label, and that the server has not deleted that time yet",
	}
}

// down says which targets did not answer at the end of a span.
func (s *Source) down(ctx context.Context, span incident.Window, nodes []*node) ([]connectors.Lack, error) {
	var answer struct {
		Result []struct {
			Metric map[string]string `json:"metric"`
			Value  sample            `json:"value"`
		} `json:"result"`
	}
	if _, err := s.listed(ctx, "/api/v1/query", url.Values{
		"query": {s.match.with(matcher{Name: "__name__", Op: "=", Value: "up"}).String()}, "time": {unix(span.To)},
	}, &answer); err != nil {
		return nil, err
	}
	up := make(map[string]sample)
	for _, r := range answer.Result {
		up[identity(r.Metric)] = r.Value
	}
	var out []connectors.Lack
	var reasons map[string]string
	for _, n := range nodes {
		for _, t := range n.targets {
			var scraped, answers bool
			for _, labels := range t.sets() {
				v, ok := up[identity(labels)]
				scraped, answers = scraped || ok, answers || ok && v != 0
			}
			if t.labels["__name__"] != "up" || answers {
				continue
			}
			l := connectors.Lack{What: "metrics of " + n.Names[0] + " (" + t.labels["job"] + ")"}
			if !scraped {
				l.Why, l.Remedy = "it was there before, and is not scraped any more", "if it still exists, check the service discovery of Prometheus"
				out = append(out, l)
				continue
			}
			if reasons == nil {
				var err error
				if reasons, err = s.lastErrors(ctx); err != nil {
					return out, err
				}
			}
			l.Why, l.Remedy = "it did not answer when it was scraped", "check that the node runs, and that Prometheus may reach its metrics"
			if why := reasons[identity(t.labels)]; why != "" {
				l.Why += ": " + clip(why, 300)
			}
			out = append(out, l)
		}
	}
	return out, nil
}

// lastErrors asks why targets do not answer now, by their labels. A server that
// does not scrape by itself knows nothing of that.
func (s *Source) lastErrors(ctx context.Context) (map[string]string, error) {
	var answer struct {
		Active []struct {
			Labels    map[string]string `json:"labels"`
			LastError string            `json:"lastError"`
		} `json:"activeTargets"`
	}
	out := make(map[string]string)
	if _, err := s.listed(ctx, "/api/v1/targets", url.Values{"state": {"active"}}, &answer); err != nil {
		if without(err) {
			return out, nil
		}
		return nil, err
	}
	for _, t := range answer.Active {
		if t.LastError != "" {
			out[identity(t.Labels)] = t.LastError
		}
	}
	return out, nil
}
