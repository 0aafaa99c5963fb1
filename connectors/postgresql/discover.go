package postgresql

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// Discover asks every node who it is, and Patroni who takes part. It fails only
// if not one node answers; what is known of them is returned all the same.
func (s *Source) Discover(ctx context.Context, span incident.Window) (connectors.Found, error) {
	list, c, err := s.look(ctx)
	if err != nil {
		return connectors.Found{}, err
	}
	f := found(list, &c, span)
	f.Lacks = append(s.lacks(list), s.patroniLacks(list, &c)...)
	f.Holds = holds(list, &c)
	s.memory.learn(time.Now().UnixNano(), list)
	return f, s.silence(list)
}

// look asks all nodes and Patroni at once. The error is that of ctx.
func (s *Source) look(ctx context.Context) ([]*seat, cluster, error) {
	ids, faults := make([]*identity, len(s.nodes)), make([]error, len(s.nodes))
	var c cluster
	var g errgroup.Group
	g.Go(func() error {
		c = s.ask(ctx)
		return nil
	})
	each(s.nodes, func(i int, n *node) {
		x, err := s.open(ctx, n)
		if err == nil {
			defer x.close(ctx)
			var id identity
			if id, err = x.identify(ctx); err == nil {
				ids[i] = &id
			}
		}
		faults[i] = err
		if ctx.Err() == nil {
			s.memory.saw(n.at, seen{time.Now().UnixNano(), err == nil})
		}
	})
	_ = g.Wait() // gives no error
	if ctx.Err() != nil {
		return nil, c, context.Cause(ctx)
	}
	return s.seats(ctx, ids, faults, &c), c, nil
}

// silence is the error of a system of which no node answers to the end; nil: one
// does.
func (s *Source) silence(list []*seat) error {
	var all []error
	kind, remedy := errs.Kind(""), ""
	for _, n := range list {
		switch {
		case n.id != nil && n.fault == nil:
			return nil
		case n.fault != nil:
			all = append(all, n.fault)
			_, r := explain(n.fault)
			// The kind that a person can do most about.
			if k := errs.KindOf(n.fault); kind == "" || k == errs.Denied || kind == errs.Unavailable {
				kind, remedy = k, r
			}
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return &errs.Error{Op: "postgresql", Kind: cmp.Or(kind, errs.Unavailable), Err: fmt.Errorf("no node answers: %w", errors.Join(all...)), Remedy: remedy}
}

// lacks says what nodes do not give, and what would help.
func (s *Source) lacks(list []*seat) (out []connectors.Lack) {
	for _, n := range list {
		switch {
		case n.fault != nil:
			why, remedy := explain(n.fault)
			what := "everything that "
			if n.id != nil {
				what = "the rest of what "
			}
			out = append(out, connectors.Lack{What: what + n.name() + " knows of itself", Why: why, Remedy: remedy})
		case n.at == address{}:
			out = append(out, connectors.Lack{
				What: "everything that " + n.name() + " knows of itself", Why: "Patroni names it, and it is not configured",
				Remedy: "add " + n.known.at.String() + " to hosts",
			})
		case n.id != nil && !n.id.monitor:
			out = append(out, connectors.Lack{
				What: "sessions of others, locks and replication at " + n.name(), Why: "user " + s.c.User + " is no member of pg_monitor",
				Remedy: s.grant(),
			})
		}
		if n.id != nil && n.id.extends == "" && !n.id.standby {
			remedy := "CREATE EXTENSION pg_stat_statements; in database " + s.c.Database
			if !n.id.preloads && n.id.monitor {
				remedy = "set shared_preload_libraries = 'pg_stat_statements', restart, then " + remedy
			}
			out = append(out, connectors.Lack{What: "slow statements at " + n.name(), Why: "pg_stat_statements is not there", Remedy: remedy})
		}
	}
	return out
}

// patroniLacks says what Patroni does not give.
func (s *Source) patroniLacks(list []*seat, c *cluster) (out []connectors.Lack) {
	if len(s.patroni) == 0 {
		return nil
	}
	if c.fault != nil && c.from == "" {
		why, remedy := explain(c.fault)
		return []connectors.Lack{{What: "members and failovers as Patroni knows them", Why: why, Remedy: remedy}}
	}
	for _, n := range list {
		if n.known == nil && n.id != nil {
			out = append(out, connectors.Lack{What: "the name of " + n.at.String() + " in Patroni", Why: "Patroni names no member that listens there", Remedy: "use the address of postgresql: connect_address in hosts"})
		}
	}
	return out
}

// holds says what can be had, for people.
func holds(list []*seat, c *cluster) []connectors.Holding {
	up, leaders := int64(0), 0
	for _, n := range list {
		if n.id != nil {
			up++
		}
		if n.role == incident.Leader {
			leaders++
		}
	}
	out := []connectors.Holding{
		{What: "metrics", Count: up, Unit: "nodes", Note: "of the present only: PostgreSQL keeps no history"},
		{What: "roles", Count: int64(leaders), Unit: "primaries"},
	}
	if c.from != "" {
		note := ""
		if c.paused {
			note = "Patroni is paused: it does not fail over by itself"
		}
		out = append(out, connectors.Holding{What: "events", Count: int64(len(c.history)), Unit: "failovers", Note: note})
	}
	return out
}
