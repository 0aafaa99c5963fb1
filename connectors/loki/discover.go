package loki

import (
	"context"
	"fmt"
	"strings"

	"triagent/connectors"
	"triagent/incident"
)

// Discover finds the nodes that have streams in a span, and about how many lines
// there are, by the index: no line is read.
func (s *Source) Discover(ctx context.Context, span incident.Window) (connectors.Found, error) {
	nodes, nameless, err := s.known(ctx, span)
	if err != nil {
		return connectors.Found{}, err
	}
	var f connectors.Found
	if nameless > 0 {
		f.Lacks = append(f.Lacks, s.nameless(nameless))
	}
	if len(nodes) == 0 {
		lack, err := s.nobody(ctx, span)
		f.Lacks = append(f.Lacks, lack)
		return f, err
	}
	held := connectors.Holding{What: "logs", Unit: "streams", Note: fmt.Sprintf("of %d nodes", len(nodes))}
	for _, n := range nodes {
		f.Nodes = append(f.Nodes, n.Node)
		held.Count += int64(len(n.streams))
	}
	lines, err := s.about(ctx, span, s.asked()...)
	if err != nil {
		return f, err
	}
	if lines >= 0 {
		held.Note += fmt.Sprintf(", about %d lines by the index", lines)
	}
	f.Holds = append(f.Holds, held)
	return f, nil
}

// nameless says that some streams are of no node.
func (s *Source) nameless(n int) connectors.Lack {
	return connectors.Lack{
		What:   fmt.Sprintf("logs of %d streams", n),
		Why:    "they have none of the labels that name a node: " + strings.Join(s.c.NodeLabels, ", "),
		Remedy: "give the label that does with node_labels, or leave them out with match",
	}
}

// nobody says that there is no node, and which labels there are.
func (s *Source) nobody(ctx context.Context, span incident.Window) (connectors.Lack, error) {
	l := connectors.Lack{
		What: "logs", Why: "no stream of that time has one of the labels that name a node: " + strings.Join(s.c.NodeLabels, ", "),
		Remedy: "give the label that does with node_labels, check match, and that the server has not deleted that time yet",
	}
	names, err := s.labels(ctx, span)
	if len(names) > 0 {
		l.Why += fmt.Sprintf("; there are %.300s", strings.Join(names, ", "))
	}
	return l, err
}
