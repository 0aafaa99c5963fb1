package postgresql_test

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/connectors/postgresql"
)

// TestCost counts what one call costs the server, by the server's own account,
// while clients write.
func TestCost(t *testing.T) {
	srv := start(t, nil, "pg_stat_statements.track_planning=on", "")
	prepared(t, srv)
	ctx, stop := context.WithCancel(t.Context())
	var g errgroup.Group
	for i := range 4 {
		c := srv.session(t)
		g.Go(func() error {
			for n := i; ctx.Err() == nil; n++ {
				if _, err := c.Exec(ctx, "UPDATE account SET balance = balance + 1 WHERE id = $1", n%100+1); err != nil && ctx.Err() == nil {
					return err
				}
			}
			return nil
		})
	}
	s := open(t, postgresql.Config{Hosts: []string{srv.addr()}, Sample: 3 * time.Second})
	const calls = 3
	for range calls {
		if _, err := collect(t, s); err != nil {
			t.Error(err)
		}
	}
	stop()
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	var spent, statements float64
	if err := srv.session(t).QueryRow(t.Context(), `SELECT sum(total_exec_time + total_plan_time), sum(calls) FROM pg_stat_statements s
		JOIN pg_roles r ON r.oid = s.userid WHERE rolname = 'watcher'`).Scan(&spent, &statements); err != nil {
		t.Fatal(err)
	}
	l := s.Load()
	t.Logf("one call of 3 s: %.0f ms in %.0f statements, %d kB of answers", spent/calls, statements/calls, l.Bytes/calls/1000)
	if spent/calls > 1500 {
		t.Errorf("a call costs %.0f ms of the server", spent/calls)
	}
}
