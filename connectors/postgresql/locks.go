package postgresql

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// backend is a session that waits for a lock or holds one that is waited for.
type backend struct {
	pid       int32
	blockers  []int32 // that it waits for; 0: a prepared transaction; none: it does not wait
	database  string
	user      string
	app       string
	client    string
	state     string
	lock      string  // what it waits for
	waits     float64 // seconds, if it waits
	open      float64 // seconds since its transaction began
	unchanged float64 // seconds since its state changed
	query     string  // fit to be shown
}

// waits are the sessions that wait for locks at one moment, and who makes them.
type waits struct {
	at   time.Time
	list []backend
	sql  string

	next  map[int32]int32 // on the longest chain; see chain
	depth map[int32]int
}

// told is how long a wait has to last to be told of; shorter ones are counted.
const told = 1.0

// chains looks who waits for whom.
func (x *session) chains(ctx context.Context, version int) (waits, error) {
	since := "waitstart"
	if version < 140000 {
		since = "NULL::timestamptz"
	}
	w := waits{sql: text("locks", "waitstart", since)}
	err := x.rows(ctx, 200, func(r pgx.Rows) error {
		var b backend
		var kind, mode, relation string
		if err := r.Scan(&b.pid, &b.blockers, &b.database, &b.user, &b.app, &b.client, &b.state,
			&kind, &mode, &relation, &b.waits, &b.open, &b.unchanged, &b.query); err != nil {
			return err
		}
		b.query = x.s.statement(b.query, 300)
		b.lock = strings.TrimSpace(oneLine(mode, 40) + " on " + strings.TrimSpace(oneLine(kind, 40)+" "+oneLine(relation, 100)))
		w.list = append(w.list, b)
		return nil
	}, w.sql)
	w.at = time.Now()
	return w, err
}

func (w *waits) of(pid int32) *backend {
	for i := range w.list {
		if w.list[i].pid == pid {
			return &w.list[i]
		}
	}
	return nil
}

// chain is the longest way from a session to one that waits for nobody: those
// on it, the last of them the root. Sessions that wait in a circle end it.
func (w *waits) chain(pid int32) []int32 {
	if w.next == nil {
		w.next, w.depth = make(map[int32]int32), make(map[int32]int)
	}
	w.follow(pid)
	out := []int32{pid}
	for w.depth[pid] > 1 && len(out) <= len(w.list) {
		pid = w.next[pid]
		out = append(out, pid)
	}
	return out
}

// follow finds whom a session waits for on the longest way, and how long that
// is, itself counted. Each session is visited once: in a queue for one lock all
// wait for all before them.
func (w *waits) follow(pid int32) int {
	if d, ok := w.depth[pid]; ok {
		return d // 0 while it is being visited: a circle
	}
	w.depth[pid] = 0
	best := 1
	if b := w.of(pid); b != nil {
		for _, by := range b.blockers {
			if d := w.follow(by); d > 0 && d+1 > best {
				best, w.next[pid] = d+1, by
			}
		}
	}
	w.depth[pid] = best
	return best
}

// figures are how many wait, for how many seconds at most, and how many stand
// one behind the other at most.
func (w *waits) figures() (waiting, longest, depth float64) {
	for i := range w.list {
		b := &w.list[i]
		if len(b.blockers) == 0 {
			continue
		}
		waiting++
		longest = max(longest, b.waits)
		depth = max(depth, float64(len(w.chain(b.pid))-1))
	}
	return waiting, longest, depth
}

// tell says in one line for whom a session waits and who is at the root of it.
func (w *waits) tell(b *backend) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s waits %.1f s for lock %s held by session", b.who(), b.waits, b.lock)
	for i, by := range b.blockers[:min(len(b.blockers), 5)] {
		if i > 0 {
			s.WriteByte(',')
		}
		if by == 0 {
			s.WriteString(" of a prepared transaction")
			continue
		}
		fmt.Fprintf(&s, " %d", by)
	}
	chain := w.chain(b.pid)
	if root := w.of(chain[len(chain)-1]); root != nil && root.pid != b.pid {
		fmt.Fprintf(&s, "; chain of %d, root blocker %s, %s for %.1f s, transaction open %.1f s: %s",
			len(chain), root.who(), root.state, root.unchanged, root.open, root.query)
	}
	fmt.Fprintf(&s, "; waiting statement: %s", b.query)
	return s.String()
}

// who names a session for people.
func (b *backend) who() string {
	parts := []string{}
	for _, p := range []struct{ what, is string }{{"", b.app}, {"user ", b.user}, {"database ", b.database}, {"from ", b.client}} {
		if p.is != "" {
			parts = append(parts, p.what+oneLine(p.is, 64))
		}
	}
	return fmt.Sprintf("session %d (%s)", b.pid, strings.Join(parts, ", "))
}
