package postgresql

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"triagent/connectors/fetch"
	"triagent/incident"
	"triagent/internal/errs"
)

// cluster is what Patroni says of its cluster; the zero cluster knows nothing.
type cluster struct {
	scope   string
	paused  bool
	members []member
	history []failover
	from    string // URL that answered
	fault   error  // why none of the members answered; nil: one did, or there is none
}

// member is a node as Patroni knows it.
type member struct {
	name     string
	role     string // "leader", "replica", "sync_standby", "standby_leader" ...
	state    string // "running", "streaming", "stopped" ...
	at       address
	api      string // host:port of its REST API; empty: not said
	timeline int64
}

// failover is a change of leadership.
type failover struct {
	at       int64 // Unix nanoseconds, by the clock of the new leader
	timeline int64 // that ended
	reason   string
	leader   string // the new one; empty: not said
}

// The bounds of what is taken from Patroni.
const (
	maxMembers  = 128
	maxHistory  = 1000
	maxRESTBody = 4 << 20
)

type wireCluster struct {
	Scope   string `json:"scope"`
	Pause   bool   `json:"pause"`
	Members []struct {
		Name     string          `json:"name"`
		Role     string          `json:"role"`
		State    string          `json:"state"`
		API      string          `json:"api_url"`
		Host     string          `json:"host"`
		Port     json.RawMessage `json:"port"`
		Timeline json.RawMessage `json:"timeline"`
	} `json:"members"`
}

// ask asks the members of Patroni one after the other until one answers. Where
// none does, the cluster that is returned says why.
func (s *Source) ask(ctx context.Context) (c cluster) {
	for _, p := range s.patroni {
		var w wireCluster
		var history [][]any
		err := p.JSON(ctx, fetch.Request{Path: "/cluster", Max: maxRESTBody}, &w)
		if err == nil {
			err = p.JSON(ctx, fetch.Request{Path: "/history", Max: maxRESTBody}, &history)
		}
		if err == nil {
			c = readCluster(w)
			c.history, c.from = readHistory(history), p.URL()
			return c
		}
		c.fault = errors.Join(c.fault, err)
		if ctx.Err() != nil {
			break
		}
	}
	return c
}

// readCluster takes over what is well-formed.
func readCluster(w wireCluster) cluster {
	c := cluster{scope: label(w.Scope), paused: w.Pause}
	for _, m := range w.Members[:min(len(w.Members), maxMembers)] {
		name := oneLine(m.Name, 100)
		if name == "" {
			continue
		}
		x := member{name: name, role: oneLine(m.Role, 40), state: oneLine(m.State, 40), timeline: integer(m.Timeline)}
		if port := integer(m.Port); m.Host != "" && port > 0 && port < 1<<16 {
			x.at = address{oneLine(m.Host, 253), uint16(port)}
		}
		if u, err := url.Parse(m.API); err == nil && len(u.Host) < 260 {
			x.api = u.Host
		}
		c.members = append(c.members, x)
	}
	return c
}

// integer reads a number that may stand in quotes; 0: it is none.
func integer(raw json.RawMessage) int64 {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// readHistory reads rows of timeline, position, reason, time and new leader, of
// which old versions leave the last two out. Rows without a time are left out.
func readHistory(rows [][]any) (out []failover) {
	for _, row := range rows[max(0, len(rows)-maxHistory):] {
		var f failover
		for i, v := range row {
			text, _ := v.(string)
			switch n, _ := v.(float64); i {
			case 0:
				f.timeline = int64(n)
			case 2:
				f.reason = oneLine(text, 200)
			case 3:
				if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
					f.at = t.UnixNano()
				}
			case 4:
				f.leader = oneLine(text, 100)
			}
		}
		if f.at != 0 && (len(out) == 0 || out[len(out)-1].at <= f.at) {
			out = append(out, f)
		}
	}
	return out
}

// leads reports whether the role of a member is that of a leader.
func (m *member) leads() bool {
	return m.role == "leader" || m.role == "master" || m.role == "primary" || m.role == "standby_leader"
}

// runs reports whether PostgreSQL runs, as Patroni says.
func (m *member) runs() bool { return m.state == "running" || m.state == "streaming" }

func (m *member) roleOf() incident.Role {
	if m.leads() {
		return incident.Leader
	}
	return incident.Follower
}

// explain is an error without its kind, for people.
func explain(err error) (why, remedy string) {
	var e *errs.Error
	if errors.As(err, &e) {
		return e.Err.Error(), e.Remedy
	}
	return oneLine(err.Error(), 300), ""
}
