package prometheus

import (
	"context"

	"triagent/connectors"
	"triagent/incident"
)

// Discover finds the nodes that there were in a span, gone ones too, and which
// of them do not answer at its end.
func (s *Source) Discover(ctx context.Context, span incident.Window) (connectors.Found, error) {
	nodes, _, err := s.known(ctx, span)
	if err != nil {
		return connectors.Found{}, err
	}
	var f connectors.Found
	for _, n := range nodes {
		f.Nodes = append(f.Nodes, n.Node)
	}
	return f, nil
}
