package postgresql

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"triagent/connectors"
)

// table is a view of the server that is looked at again and again. Its first
// columns are labels, the others numbers.
type table struct {
	name    string // file of its statement
	what    string // for people
	sql     string
	args    []any
	labels  []string
	columns []column
	most    int // rows
}

// column is a metric. A counter becomes a rate.
type column struct {
	metric  string // with labels that it always has, in braces
	counter bool
}

func gauges(prefix string, names ...string) []column { return columns(prefix, false, names) }

func counters(prefix string, names ...string) []column { return columns(prefix, true, names) }

func columns(prefix string, counter bool, names []string) []column {
	out := make([]column, len(names))
	for i, n := range names {
		out[i] = column{prefix + n, counter}
	}
	return out
}

// tables are those of a node of some version and role.
func (s *Source) tables(id *identity) []table {
	out := []table{
		{
			name: "activity", what: "sessions", columns: gauges(
				"pg_stat_activity_", "count", "count{state=active}", "count{state=idle}", "count{state=idle_in_transaction}",
				"waiting{wait_event_type=Lock}", "waiting{wait_event_type=IO}", "waiting{wait_event_type=LWLock}",
				"max_tx_duration_seconds", "max_query_duration_seconds",
			),
		},
		{
			name: "database", what: "counters of databases", args: []any{s.c.Databases}, labels: []string{"datname"}, most: s.c.Databases,
			columns: append(gauges("pg_stat_database_", "numbackends"), counters(
				"pg_stat_database_", "xact_commit", "xact_rollback", "blks_read", "blks_hit", "tup_returned", "tup_fetched", "tup_inserted",
				"tup_updated", "tup_deleted", "conflicts", "temp_files", "temp_bytes", "deadlocks", "blk_read_time_ms", "blk_write_time_ms",
			)...),
		},
		{name: "archiver", what: "archiving", columns: append(counters("pg_stat_archiver_", "archived_count", "failed_count"),
			gauges("pg_stat_archiver_", "last_archived_age_seconds", "last_failed_age_seconds")...)},
		{name: "slots", what: "replication slots", labels: []string{"slot_name"}, most: maxMembers, columns: gauges(
			"pg_replication_slot_", "retained_wal_bytes", "active")},
	}
	checkpoints := "checkpoints"
	if id.version >= 170000 {
		checkpoints = "checkpoints_17"
	}
	out = append(out, table{name: checkpoints, what: "checkpoints", columns: counters("pg_stat_bgwriter_", "checkpoints_timed", "checkpoints_req",
		"checkpoint_write_time_ms", "checkpoint_sync_time_ms", "buffers_checkpoint", "buffers_clean", "buffers_backend", "buffers_backend_fsync")})
	if id.version >= 140000 {
		out = append(out, table{name: "wal", what: "the write-ahead log", columns: counters("pg_stat_wal_", "wal_records", "wal_bytes", "wal_buffers_full")})
	}
	if id.standby {
		out = append(out, table{name: "standby", what: "replay", columns: gauges(
			"pg_replication_", "replay_lag_bytes", "replay_lag_seconds", "replay_paused", "receivers_streaming")})
	}
	for i := range out {
		out[i].sql = text(out[i].name)
		out[i].most = max(out[i].most, 1)
	}
	return out
}

// metric is one number of a node over the samples.
type metric struct {
	column
	node   string // name of the node that it is about; empty: the one that was asked
	labels string // as "datname=app"; empty: none
	query  string
	times  []int64
	values []float64
}

// record gathers metrics in the order in which they are first seen.
type record struct {
	list []*metric
	at   map[[3]string]*metric // by node, metric and labels
}

// add adds a sample; NaN is left out.
func (r *record) add(at time.Time, node string, c column, labels, query string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	key := [3]string{node, c.metric, labels}
	m := r.at[key]
	if m == nil {
		if r.at == nil {
			r.at = make(map[[3]string]*metric)
		}
		m = &metric{column: c, node: node, labels: labels, query: query}
		r.at[key] = m
		r.list = append(r.list, m)
	}
	m.times, m.values = append(m.times, at.UnixNano()), append(m.values, v)
}

// series makes series of what was gathered: counters become rates, and labels
// that tell nothing apart go.
func (r *record) series(asked string) (out []connectors.Series) {
	several := make(map[[2]string]map[string]bool)
	for _, m := range r.list {
		key := [2]string{m.node, m.metric}
		if several[key] == nil {
			several[key] = make(map[string]bool)
		}
		several[key][m.labels] = true
	}
	for _, m := range r.list {
		s := connectors.Series{Node: m.node, Name: m.metric, Times: m.times, Values: m.values, Query: m.query}
		if s.Node == "" {
			s.Node = asked
		}
		if m.labels != "" && len(several[[2]string{m.node, m.metric}]) > 1 {
			s.Name += "{" + m.labels + "}"
		}
		if m.counter {
			s.Name += ":per_s"
			s.Times, s.Values = rates(m.times, m.values)
		}
		if len(s.Times) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// rates is how fast a counter grew between samples; a counter that went back was
// reset and gives a gap.
func rates(times []int64, values []float64) ([]int64, []float64) {
	var at []int64
	var out []float64
	for i := 1; i < len(times); i++ {
		d := float64(times[i]-times[i-1]) / 1e9
		if d <= 0 {
			continue
		}
		v := (values[i] - values[i-1]) / d
		if v < 0 {
			v = math.NaN()
		}
		at, out = append(at, times[i]), append(out, v)
	}
	return at, out
}

// sample looks at a table once.
func (x *session) sample(ctx context.Context, t *table, r *record) error {
	return x.rows(ctx, t.most, func(rows pgx.Rows) error {
		names, numbers := make([]string, len(t.labels)), make([]*float64, len(t.columns))
		dst := make([]any, 0, len(names)+len(numbers))
		for i := range names {
			dst = append(dst, &names[i])
		}
		for i := range numbers {
			dst = append(dst, &numbers[i])
		}
		if t.name == "archiver" {
			dst = append(dst, nil) // a name, for people
		}
		if err := rows.Scan(dst...); err != nil {
			return err
		}
		now := time.Now()
		for i, v := range numbers {
			if v != nil {
				r.add(now, "", t.columns[i], pairs(t.labels, names), t.sql, *v)
			}
		}
		return nil
	}, t.sql, t.args...)
}

// pairs writes labels as "a=x,b=y", sorted.
func pairs(names, values []string) string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n + "=" + label(values[i])
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}
