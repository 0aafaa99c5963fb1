package elastic

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// Discover finds the nodes that documents of a span name, and how many documents
// there are. No document is read.
func (s *Source) Discover(ctx context.Context, span incident.Window) (connectors.Found, error) {
	c, err := s.schema(ctx)
	if err != nil {
		return connectors.Found{}, err
	}
	var f connectors.Found
	if err := s.check(c); err != nil {
		f.Lacks = append(f.Lacks, lackOf(err))
		return f, nil
	}
	inv, err := s.inventory(ctx, "", c, windowOf(span), true)
	if err != nil {
		return f, err
	}
	if inv.lacks != "" {
		f.Lacks = append(f.Lacks, connectors.Lack{What: "a part of the list of nodes", Why: inv.lacks, Remedy: "check the health of the cluster"})
	}
	if inv.more > 0 {
		f.Lacks = append(f.Lacks, tooMany(inv.more))
	}
	names := make(map[string]bool)
	for _, n := range inv.nodes {
		names[n.Names[0]] = true
		f.Nodes = append(f.Nodes, n.Node)
	}
	if inv.rest > 0 {
		f.Lacks = append(f.Lacks, s.nameless(inv.rest, len(c.node)))
	}
	if n := inv.count + inv.rest; n > 0 {
		f.Holds = append(f.Holds, connectors.Holding{
			What: "logs", Count: n, Unit: "lines", Note: fmt.Sprintf("of %d nodes in %d indices", len(names), c.indices),
		})
	}
	return f, nil
}

// lackOf tells an error as what is missing.
func lackOf(err error) connectors.Lack {
	l := connectors.Lack{What: "logs", Why: err.Error()}
	var e *errs.Error
	if errors.As(err, &e) {
		l.Why, l.Remedy = e.Err.Error(), e.Remedy
	}
	return l
}

func tooMany(documents int64) connectors.Lack {
	return connectors.Lack{
		What: fmt.Sprintf("%d log documents", documents), Why: fmt.Sprintf("they are of nodes beyond the %d that have the most", mostNodes),
		Remedy: "narrow query or index down to the system",
	}
}

// nameless says that documents name no node by which the index could find them.
func (s *Source) nameless(documents int64, fields int) connectors.Lack {
	l := connectors.Lack{
		What:   fmt.Sprintf("nodes of %d log documents", documents),
		Why:    "by the index they have none of the fields " + strings.Join(s.c.Fields.Node, ", "),
		Remedy: "say with fields: node which field names it, or leave them out with query",
	}
	if fields == 0 {
		l.Why = "no index has one of the fields that name a node as a keyword: " + strings.Join(s.c.Fields.Node, ", ")
	}
	return l
}
