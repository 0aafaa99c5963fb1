package postgresql

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/connectors"
)

// every is the time from one look at the counters to the next.
const every = time.Second

// stale is how long after its end a span is still worth a look at the present:
// what waits or runs now may have begun in it.
const stale = 15 * time.Minute

// Collect watches the nodes for a short while and hands over what is seen, what
// of the past they tell, and what was seen of them before. It fails only if not
// one node answers; what there is of them is handed over all the same.
func (s *Source) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	now := time.Now()
	seenNow := make([]*watched, len(s.nodes))
	for i := range seenNow {
		seenNow[i] = &watched{}
	}
	live := !now.After(ask.Span.To.Add(stale))
	wanted := s.wanted(ask.Nodes)
	var c cluster
	var g errgroup.Group
	g.Go(func() error {
		c = s.ask(ctx)
		return nil
	})
	if live {
		each(s.nodes, func(i int, n *node) {
			if wanted[i] {
				s.watch(ctx, n, seenNow[i])
			}
		})
	}
	_ = g.Wait() // gives no error
	// What was seen counts, even if the time is over now.
	list := s.seats(context.WithoutCancel(ctx), identities(seenNow), faults(seenNow), &c)
	h := &handing{s: s, ask: ask, to: to, list: list, c: &c, seen: seenNow}
	err := h.all(live, now)
	s.memory.learn(time.Now().UnixNano(), list)
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !live:
		return nil
	}
	return s.silence(list)
}

// wanted says which nodes are asked for: those of which a name is given, or all
// if there is none. A node whose name in Patroni is not known yet may be any.
func (s *Source) wanted(nodes []connectors.Node) []bool {
	out := make([]bool, len(s.nodes))
	names := make(map[string]bool)
	for _, n := range nodes {
		for _, name := range n.Names {
			names[name] = true
		}
	}
	for i, n := range s.nodes {
		member := s.memory.recall(n.at).member
		out[i] = len(nodes) == 0 || names[n.at.String()] || names[n.at.host] || names[member] || member == "" && len(s.patroni) > 0
	}
	return out
}

// watched is what was seen of one node.
type watched struct {
	id     *identity
	fault  error // why it did not answer at last; nil: it did, or was not asked
	record record
	waits  []waits
	open   openWork
	lost   []error // views that could not be read
	first  statementTable
	last   statementTable
}

func identities(list []*watched) []*identity {
	out := make([]*identity, len(list))
	for i, w := range list {
		out[i] = w.id
	}
	return out
}

func faults(list []*watched) []error {
	out := make([]error, len(list))
	for i, w := range list {
		out[i] = w.fault
	}
	return out
}

// watch looks at a node once a second for a while. A node that does not answer
// is tried again as long.
func (s *Source) watch(ctx context.Context, n *node, w *watched) {
	var x *session
	begun := time.Now()
	for tick := 0; ; tick++ {
		at := time.Now()
		var err error
		if x == nil {
			x, err = s.open(ctx, n)
		}
		if err == nil {
			if err = w.look(ctx, x); err != nil && x.IsClosed() {
				x.close(ctx)
				x = nil
			}
		}
		if ctx.Err() != nil {
			break
		}
		w.fault = err
		s.memory.saw(n.at, seen{at.UnixNano(), err == nil})
		if !sleep(ctx, time.Until(begun.Add(time.Duration(tick+1)*every))) || time.Since(begun) > s.c.Sample+every/10 {
			break
		}
	}
	if x == nil {
		return
	}
	if w.fault == nil && ctx.Err() == nil {
		w.finish(ctx, x)
	}
	x.close(ctx)
}

// sleep waits; false: ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// look is one look at a node. A view that cannot be read costs only itself.
func (w *watched) look(ctx context.Context, x *session) error {
	if w.id == nil {
		id, err := x.identify(ctx)
		if err != nil {
			return err
		}
		w.id = &id
		first, err := x.statements(ctx, &id)
		if w.miss(x, "slow statements", err) {
			return err
		}
		w.first = first
	}
	tables := x.s.tables(w.id)
	for i := range tables {
		t := &tables[i]
		if err := x.sample(ctx, t, &w.record); w.miss(x, t.what, err) {
			return err
		}
	}
	if err := w.followers(ctx, x); w.miss(x, "standbys", err) {
		return err
	}
	if err := w.locks(ctx, x); w.miss(x, "locks", err) {
		return err
	}
	return nil
}

// miss notes a view that could not be read; true: the session is over.
func (w *watched) miss(x *session, what string, err error) bool {
	if err == nil {
		return false
	}
	if x.IsClosed() {
		return true
	}
	w.lost = append(w.lost, fmt.Errorf("%s: %w", what, err))
	return false
}

// locks looks who waits for whom, if anybody waits.
func (w *watched) locks(ctx context.Context, x *session) error {
	waiting := w.record.at[[3]string{"", "pg_stat_activity_waiting{wait_event_type=Lock}", ""}]
	now := waits{at: time.Now(), sql: text("activity")}
	if waiting != nil && waiting.values[len(waiting.values)-1] > 0 {
		var err error
		if now, err = x.chains(ctx, w.id.version); err != nil {
			return err
		}
		w.waits = append(w.waits, now)
	}
	n, longest, depth := now.figures()
	for _, f := range []struct {
		name string
		is   float64
	}{{"pg_locks_waiting_count", n}, {"pg_locks_wait_time_seconds", longest}, {"pg_locks_chain_depth", depth}} {
		w.record.add(now.at, "", column{f.name, false}, "", now.sql, f.is)
	}
	return nil
}

// finish reads what is read once.
func (w *watched) finish(ctx context.Context, x *session) {
	last, err := x.statements(ctx, w.id)
	if w.miss(x, "slow statements", err) {
		return
	}
	w.last = last
	last.measure(&w.first, &w.record)
	sizes := table{name: "sizes", sql: text("sizes"), args: []any{x.s.c.Databases}, labels: []string{"datname"}, most: x.s.c.Databases, columns: gauges("pg_database_", "size_bytes")}
	if w.miss(x, "sizes of databases", x.sample(ctx, &sizes, &w.record)) {
		return
	}
	work, err := x.work(ctx)
	if w.miss(x, "long transactions", err) {
		return
	}
	w.open = work
}
