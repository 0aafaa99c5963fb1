package postgresql_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"triagent/connectors/postgresql"
	"triagent/connectors/sourcetest"
	"triagent/incident"
)

// TestPair looks at a primary with a standby that does not replay.
func TestPair(t *testing.T) {
	t.Parallel()
	primary := start(t, nil, "cluster_name=shop", "")
	prepared(t, primary)
	standby := start(t, primary, "cluster_name=shop_b", "")
	s := open(t, postgresql.Config{Hosts: []string{primary.addr(), standby.addr()}})
	found, err := s.Discover(t.Context(), lately())
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Nodes) != 2 || found.Nodes[0].Names[0] != primary.addr() || found.Nodes[0].Host != "127.0.0.1" || found.Nodes[0].Service != "postgresql" {
		t.Errorf("nodes %+v", found.Nodes)
	}
	if len(found.Nodes[0].Names) != 1 {
		t.Errorf("names %q: two nodes share the host", found.Nodes[0].Names)
	}
	roles := map[string]incident.Role{}
	for _, r := range found.Roles {
		roles[r.Node] = r.Role
	}
	if roles[primary.addr()] != incident.Leader || roles[standby.addr()] != incident.Follower {
		t.Errorf("roles %+v", found.Roles)
	}
	if len(found.Groups) != 1 || len(found.Groups[0].Members) != 2 || found.Groups[0].Consensus != "streaming" {
		t.Errorf("groups %+v", found.Groups)
	}
	if len(found.Lacks) != 0 {
		t.Errorf("lacks %+v", found.Lacks)
	}
	if l := found.Nodes[1].Labels; l["replication"] != "async" || !strings.HasPrefix(l["version"], "15.") {
		t.Errorf("labels of the standby %v", l)
	}

	standby.exec(t, "SELECT pg_wal_replay_pause()")
	primary.exec(t, "UPDATE account SET balance = balance + 1", "INSERT INTO account SELECT g, 0 FROM generate_series(101, 5000) g")
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"pg_replication_replay_lag_bytes", "pg_stat_replication_replay_lag_bytes"} {
		if v, ok := last(got, standby.addr(), name); !ok || v < 10_000 {
			t.Errorf("%s of the standby is %v, %v", name, v, ok)
		}
	}
	if v, ok := last(got, primary.addr(), "pg_stat_replication_replay_lag_bytes"); ok {
		t.Errorf("the lag %v is told of the primary", v)
	}
	for _, n := range []string{primary.addr(), standby.addr()} {
		if v, _ := last(got, n, "pg_up"); v != 1 {
			t.Errorf("pg_up of %s is %v", n, v)
		}
	}
	for _, name := range []string{"pg_stat_database_xact_commit:per_s", "pg_stat_activity_count", "pg_database_size_bytes{datname=postgres}", "pg_stat_wal_wal_bytes:per_s"} {
		if _, ok := last(got, primary.addr(), name); !ok {
			t.Errorf("%s is missing", name)
		}
	}
	if len(changesOf(got, "restart")) != 2 {
		t.Errorf("changes %+v", got.Changes)
	}
	if len(got.Missing) != 0 || len(got.Clocks) != 2 {
		t.Errorf("missing %+v, clocks %+v", got.Missing, got.Clocks)
	}
	for _, k := range got.Clocks {
		if k.Least > 0 || k.Most < 0 || k.Most-k.Least > int64(5*time.Second) {
			t.Errorf("clock %+v of the same machine", k)
		}
	}
	for _, x := range got.Series {
		if x.Query == "" {
			t.Errorf("%s has no query", x.Name)
		}
	}
	if l := s.Load(); l.Requests < 20 || l.Bytes < 1000 {
		t.Errorf("load %+v", l)
	}
}

// TestChain has three sessions of which each waits for the next.
func TestChain(t *testing.T) {
	t.Parallel()
	srv := start(t, nil, "", "")
	prepared(t, srv)
	s := open(t, postgresql.Config{Hosts: []string{srv.addr()}, Slow: 500 * time.Millisecond})
	root, middle, end := srv.session(t), srv.session(t), srv.session(t)
	ctx, cancel := context.WithCancel(t.Context())
	for _, q := range []string{"BEGIN", "UPDATE account SET balance = 1 WHERE id = 1 /* 'secret' */"} {
		if _, err := root.Exec(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []string{"BEGIN", "UPDATE account SET balance = 1 WHERE id = 2"} {
		if _, err := middle.Exec(ctx, q); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{}, 2)
	go func() {
		_, _ = middle.Exec(ctx, "UPDATE account SET balance = 777001 WHERE id = 1")
		done <- struct{}{}
	}()
	go func() {
		_, _ = end.Exec(ctx, "UPDATE account SET balance = 777002 WHERE id = 2")
		done <- struct{}{}
	}()
	defer func() { cancel(); <-done; <-done }()
	watch := srv.session(t)
	until(t, "two sessions to wait for two seconds", func() bool {
		var n int
		err := watch.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query_start < clock_timestamp() - interval '2 s'").Scan(&n)
		return err == nil && n == 2
	})
	got, err := collect(t, s)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"pg_locks_waiting_count": 2, "pg_locks_chain_depth": 2, "pg_stat_activity_waiting{wait_event_type=Lock}": 2} {
		if v, _ := last(got, srv.addr(), name); v != want {
			t.Errorf("%s is %v, want %v", name, v, want)
		}
	}
	if v, _ := last(got, srv.addr(), "pg_locks_wait_time_seconds"); v < 2 || v > 60 {
		t.Errorf("longest wait %v", v)
	}
	rootPID := pid(root)
	locks := changesOf(got, "lock")
	if len(locks) != 2 || !has(locks, "session "+pid(end), "held by session "+pid(middle), "chain of 3, root blocker session "+rootPID, "idle in transaction", "balance = ? WHERE id = ?") {
		t.Errorf("locks %q", locks)
	}
	for _, c := range got.Changes {
		if strings.Contains(c.Text, "777") || strings.Contains(c.Text, "secret") {
			t.Errorf("literal in %q", c.Text)
		}
		if c.Node != srv.addr() || c.Query == "" {
			t.Errorf("change %+v", c)
		}
	}
	if open := changesOf(got, "transaction"); !has(open, "session "+rootPID, "idle in transaction for") {
		t.Errorf("transactions %q", open)
	}
	if !hasSeries(got, "pg_stat_statements_mean_time_ms{queryid=") {
		t.Error("no slow statements")
	}
}

func hasSeries(g sourcetest.Got, prefix string) bool {
	for _, s := range g.Series {
		if strings.HasPrefix(s.Name, prefix) {
			return true
		}
	}
	return false
}
