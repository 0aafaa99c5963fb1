package postgresql

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"triagent/connectors"
)

// identity is what a node says of itself.
type identity struct {
	standby  bool
	version  int    // as 150018
	cluster  string // cluster_name; often empty
	self     address
	system   string // identifier that all copies of a database share
	timeline int64
	user     string
	monitor  bool  // our account sees the sessions of others
	begun    int64 // Unix nanoseconds of our clock: when the server started
	loaded   int64 // when its configuration was read
	clock    connectors.Clock
	settings []setting
	streams  []stream
	extends  string // schema of pg_stat_statements, quoted; empty: it is not there
	preloads bool   // shared_preload_libraries has it
}

// setting is one that differs from its default. Texts are left out: they may
// hold a password.
type setting struct {
	name, value, unit string
	pending           bool // counts after a restart only
}

// stream is a standby that a node sends to.
type stream struct{ application, client, state, sync string }

// identify asks a node who it is.
func (x *session) identify(ctx context.Context) (id identity, err error) {
	var clock, age, loaded float64
	var host string
	var port, timeline int32
	begun := time.Now()
	if err := x.one(ctx, []any{
		&id.standby, &id.version, &id.cluster, &host, &port, &id.system, &timeline, &id.user, &id.monitor, &clock, &age, &loaded,
	}, text("identity")); err != nil {
		return id, err
	}
	ended := time.Now()
	id.self, id.timeline, id.cluster = address{host, uint16(port)}, int64(timeline), label(id.cluster)
	theirs := int64(clock * 1e9)
	id.clock = connectors.Clock{Of: x.n.at.String(), Least: theirs - ended.UnixNano(), Most: theirs - begun.UnixNano()}
	id.begun, id.loaded = ago(ended, age), ago(ended, loaded)
	if err := x.rows(ctx, 200, func(r pgx.Rows) error {
		var s setting
		err := r.Scan(&s.name, &s.value, &s.unit, &s.pending)
		id.settings = append(id.settings, s)
		return err
	}, text("settings")); err != nil {
		return id, err
	}
	if err := x.rows(ctx, maxMembers, func(r pgx.Rows) error {
		var s stream
		var skip [6]*float64
		var state, sync *string // hidden from accounts without pg_monitor
		err := r.Scan(&s.application, &s.client, &state, &sync, &skip[0], &skip[1], &skip[2], &skip[3], &skip[4], &skip[5])
		if state != nil && sync != nil {
			s.state, s.sync = *state, *sync
		}
		id.streams = append(id.streams, s)
		return err
	}, text("replication")); err != nil {
		return id, err
	}
	return id, x.one(ctx, []any{&id.extends, &id.preloads}, text("extension"))
}

// ago is our clock's time so many seconds before at, in Unix nanoseconds.
func ago(at time.Time, seconds float64) int64 {
	return at.UnixNano() - int64(min(max(seconds, 0), 1e9)*1e9)
}

// versionText writes 150018 as 15.18.
func versionText(v int) string { return fmt.Sprintf("%d.%d", v/10000, v%10000) }

// describe lists the settings that differ, for people.
func describe(list []setting) string {
	var b strings.Builder
	for i, s := range list {
		more := s.name + "=" + s.value
		if s.unit != "" && s.unit != "B" {
			more += "x" + s.unit
		}
		if s.pending {
			more += " (after a restart)"
		}
		if b.Len()+len(more) > 1500 {
			fmt.Fprintf(&b, " and %d more", len(list)-i)
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(more)
	}
	return b.String()
}
