package postgresql_test

import (
	"strings"
	"testing"

	"triagent/connectors/postgresql"
	"triagent/incident"
	"triagent/knowledge"
)

// TestNames looks that what the source hands over is understood, on a primary
// and on a standby, and as what.
func TestNames(t *testing.T) {
	t.Parallel()
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	primary := start(t, nil, "", "")
	prepared(t, primary)
	standby := start(t, primary, "", "")
	got, err := collect(t, open(t, postgresql.Config{Hosts: []string{primary.addr(), standby.addr()}}))
	if err != nil {
		t.Fatal(err)
	}
	// Counted, and of no meaning of its own.
	plain := []string{"archived_count", "failed_age", "archived_age"}
	means := map[string]incident.Signal{}
	for _, s := range got.Series {
		m, ok := base.Metric("postgresql", "postgresql", s.Name)
		name, _, _ := strings.Cut(s.Name, "queryid")
		means[name] = m.Signal
		known := ok
		for _, p := range plain {
			known = known || strings.Contains(s.Name, p)
		}
		if !known {
			t.Errorf("%s is not understood", s.Name)
		}
	}
	for name, want := range map[string]incident.Signal{
		"pg_up":                      "process.up",
		"pg_locks_waiting_count":     "lock.wait",
		"pg_locks_wait_time_seconds": "lock.time",
		"pg_stat_activity_waiting{wait_event_type=Lock}":    "lock.wait",
		"pg_stat_activity_count{state=active}":              "query.running",
		"pg_stat_activity_count{state=idle_in_transaction}": "connections.open",
		"pg_stat_database_xact_commit:per_s":                "transaction.rate",
		"pg_stat_database_deadlocks:per_s":                  "lock.deadlock",
		"pg_stat_database_tup_updated:per_s":                "rows.written",
		"pg_stat_database_temp_bytes:per_s":                 "scan.bytes",
		"pg_replication_replay_lag_bytes":                   "replication.lag",
		"pg_replication_replay_lag_seconds":                 "replication.lag",
		"pg_replication_replay_paused":                      "replication.lag",
		"pg_stat_replication_replay_lag_bytes":              "replication.lag",
		"pg_stat_bgwriter_buffers_backend_fsync:per_s":      "write.stall",
		"pg_stat_wal_wal_bytes:per_s":                       "wal.rate",
		"pg_stat_statements_mean_time_ms{":                  "query.latency",
		"pg_stat_archiver_failed_count:per_s":               "wal.queue",
		"pg_database_size_bytes{datname=postgres}":          "data.size",
	} {
		if means[name] != want {
			t.Errorf("%s means %q, want %q", name, means[name], want)
		}
	}
	for kind, want := range map[string]incident.Signal{"lock": "log.lock", "failover": "log.election", "restart": "event.restart", "config": "event.config"} {
		if s := base.Change("postgresql", incident.Change{Kind: kind, Text: "x"}); len(s) != 1 || s[0] != want {
			t.Errorf("a change of kind %s means %v, want %s", kind, s, want)
		}
	}
}
