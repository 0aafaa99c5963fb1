package postgresql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"triagent/connectors"
	"triagent/incident"
)

// openWork are the transactions that are open for long, at one moment.
type openWork struct {
	at   time.Time
	sql  string
	list []transaction
}

// transaction is one that is open for long.
type transaction struct {
	backend
	event string // what the session waits for
}

// work reads the transactions that are open for long.
func (x *session) work(ctx context.Context) (openWork, error) {
	w := openWork{sql: text("sessions")}
	err := x.rows(ctx, 50, func(r pgx.Rows) error {
		var t transaction
		if err := r.Scan(&t.pid, &t.database, &t.user, &t.app, &t.client, &t.state, &t.event, &t.open, &t.unchanged, &t.query); err != nil {
			return err
		}
		t.query, t.event = x.s.statement(t.query, 300), oneLine(t.event, 60)
		w.list = append(w.list, t)
		return nil
	}, w.sql, x.s.c.Slow.Seconds())
	w.at = time.Now()
	return w, err
}

// tell says in one line how long a transaction is open.
func (t *transaction) tell() string {
	s := fmt.Sprintf("transaction of %s is open for %.1f s, %s for %.1f s", t.who(), t.open, t.state, t.unchanged)
	if t.event != "" {
		s += ", waits for " + t.event
	}
	return s + ": " + t.query
}

// followers looks how far behind the standbys are that a node sends to. That is
// told of the standby, as soon as it is known which node it is.
func (w *watched) followers(ctx context.Context, x *session) error {
	sql := text("replication")
	metrics := gauges("pg_stat_replication_", "sent_lag_bytes", "flush_lag_bytes", "replay_lag_bytes", "write_lag_seconds", "flush_lag_seconds", "replay_lag_seconds")
	n := 0.0
	err := x.rows(ctx, maxMembers, func(r pgx.Rows) error {
		var s stream
		var state, sync *string
		var v [6]*float64
		if err := r.Scan(&s.application, &s.client, &state, &sync, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5]); err != nil {
			return err
		}
		n++
		for i, m := range metrics {
			if v[i] != nil {
				w.record.add(time.Now(), receiverKey(s.application, s.client), m, "", sql, *v[i])
			}
		}
		return nil
	}, sql)
	if err == nil {
		w.record.add(time.Now(), "", column{"pg_stat_replication_standbys", false}, "", sql, n)
	}
	return err
}

// receiverKey stands for a standby until it is known which node it is.
func receiverKey(application, client string) string { return "\x00" + application + "\x00" + client }

// settleReceivers puts nodes in the place of what stands for them; what belongs
// to nobody known stays with the node that was asked, under a label.
func (h *handing) settleReceivers(i int) {
	for _, m := range h.seen[i].record.list {
		key, ok := strings.CutPrefix(m.node, "\x00")
		if !ok {
			continue
		}
		application, client, _ := strings.Cut(key, "\x00")
		if n := receiver(h.list, h.list[i], application, client); n != nil {
			m.node = n.name()
			continue
		}
		m.node, m.metric = "", m.metric+"{"+pairs([]string{"application_name", "client_addr"}, []string{application, client})+"}"
	}
}

// changes hands over what happened in the span, or began in it.
func (h *handing) changes() error {
	var all []error
	from, to := h.ask.Span.From.UnixNano(), h.ask.Span.To.UnixNano()
	tell := func(node, kind, query string, at int64, text string) {
		if at <= to {
			all = append(all, h.to.Change(connectors.Change{Node: node, Kind: kind, Time: at, Text: oneLine(text, 1500), Query: query}))
		}
	}
	for _, f := range h.c.history {
		if f.at >= from {
			tell(f.leader, "failover", "GET "+h.c.from+"/history", f.at, fmt.Sprintf("%s became leader, timeline %d ended: %s", or(f.leader, "a member"), f.timeline, f.reason))
		}
	}
	for i, w := range h.seen {
		h.settleReceivers(i)
		if w.id == nil {
			continue
		}
		name := h.list[i].name()
		if w.id.begun >= from {
			tell(name, "restart", text("identity"), w.id.begun, "PostgreSQL was started")
		}
		if kind := h.reload(w.id); kind != "" && w.id.loaded >= from {
			tell(name, kind, text("identity")+"\n"+text("settings"), w.id.loaded, "configuration files were read again; other than default: "+describe(w.id.settings))
		}
		for _, b := range longest(w.waits) {
			tell(name, "lock", b.in.sql, max(ago(b.in.at, b.of.waits), from), b.in.tell(b.of))
		}
		for _, t := range w.open.list {
			if strings.HasPrefix(t.event, "Lock: ") {
				continue // told of above
			}
			tell(name, "transaction", w.open.sql, max(ago(w.open.at, t.open), from), t.tell())
		}
		h.archiving(w, name, tell)
	}
	h.twoLeaders(tell)
	return errors.Join(all...)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// reload is the kind of change that reading the configuration again was: none if
// the server read it when it started, and not worth a suspicion if Patroni had to
// have it read for a new leader.
func (h *handing) reload(id *identity) string {
	const near = int64(time.Minute)
	if id.loaded-id.begun < int64(5*time.Second) {
		return ""
	}
	for _, f := range h.c.history {
		if d := id.loaded - f.at; d > -near && d < near {
			return "reload"
		}
	}
	return "config"
}

// wait is a session that waits for a lock, with the moment at which it was seen.
type wait struct {
	in *waits
	of *backend
}

// longest is every wait that was seen, as it was seen last, if it is worth
// telling of.
func longest(seen []waits) (out []wait) {
	const most = 50
	begun := make(map[int32]float64) // pid to when its wait began, in seconds
	for k := len(seen) - 1; k >= 0; k-- {
		w := &seen[k]
		for i := range w.list {
			b := &w.list[i]
			began := float64(w.at.UnixNano())/1e9 - b.waits
			if at, ok := begun[b.pid]; len(b.blockers) == 0 || b.waits < told || ok && began > at-1 || len(out) == most {
				continue
			}
			begun[b.pid] = began
			out = append(out, wait{w, b})
		}
	}
	return out
}

// archiving tells of a write-ahead log that cannot be archived.
func (h *handing) archiving(w *watched, name string, tell func(node, kind, query string, at int64, text string)) {
	get := func(metric string) (float64, int64, bool) {
		m := w.record.at[[3]string{"", "pg_stat_archiver_" + metric, ""}]
		if m == nil {
			return 0, 0, false
		}
		return m.values[len(m.values)-1], m.times[len(m.times)-1], true
	}
	failed, at, ok := get("last_failed_age_seconds")
	if !ok {
		return
	}
	if done, _, ok := get("last_archived_age_seconds"); ok && done < failed {
		return
	}
	tell(name, "archive", text("archiver"), at-int64(failed*1e9), "the write-ahead log cannot be archived: backups fall behind, and its files pile up")
}

// twoLeaders tells of several nodes that take writes for one group.
func (h *handing) twoLeaders(tell func(node, kind, query string, at int64, text string)) {
	first := make(map[string]*seat)
	for _, n := range h.list {
		if n.id == nil || n.role != incident.Leader {
			continue
		}
		if p := first[n.group]; p != nil {
			tell(n.name(), "status", text("identity"), time.Now().UnixNano(), fmt.Sprintf("it takes writes, and so does %s: two primaries of %s", p.name(), n.group))
			continue
		}
		first[n.group] = n
	}
}
