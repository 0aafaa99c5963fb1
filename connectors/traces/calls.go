package traces

import (
	"cmp"
	"net"
	"slices"

	"triagent/connectors"
	"triagent/telemetry"
)

// maxWaiting bounds the spans that wait for their other end, maxCalls the calls.
const (
	maxWaiting = 1 << 17
	maxCalls   = 10_000
)

// Calls finds out which nodes call one another: the server's span has the
// caller's for a parent. Either may come first. A call of a database that sends
// no spans itself is known by the address that the caller gives. The zero Calls is ready; it is not
// safe for concurrent use.
type Calls struct {
	callers, servers  half
	calls             map[connectors.Call]bool
	databases         map[connectors.Call]bool // by address; true: they send spans themselves
	Unpaired, Dropped int64                    // servers' spans with a parent that never came, so far; calls beyond the bound
}

// half is one end of calls that wait for the other, in two generations: the
// older one goes when the younger is full.
type half struct{ young, old map[[2]string]end }

// end is one end of a call.
type end struct{ node, peer string }

func (h *half) put(k [2]string, e end) {
	if h.young == nil || len(h.young) >= maxWaiting/2 {
		h.old, h.young = h.young, make(map[[2]string]end)
	}
	h.young[k] = e
}

func (h *half) take(k [2]string, keep bool) (end, bool) {
	for _, m := range []map[[2]string]end{h.young, h.old} {
		if e, ok := m[k]; ok {
			if !keep {
				delete(m, k)
			}
			return e, true
		}
	}
	return end{}, false
}

// Add takes one span.
func (c *Calls) Add(s *telemetry.Span) {
	own := [2]string{s.TraceID, s.SpanID}
	switch s.Kind {
	case telemetry.ServerSpan, telemetry.ConsumerSpan:
		if s.ParentID == "" {
			return
		}
		up := [2]string{s.TraceID, s.ParentID}
		if e, ok := c.callers.take(up, true); ok {
			c.answered(e, true)
			c.call(e.node, string(s.Node))
			return
		}
		c.Unpaired++
		c.servers.put(up, end{node: string(s.Node)})
	default:
		// What is no server's may be the caller: not every library tells clients' spans apart.
		e := end{node: string(s.Node), peer: database(s)}
		if x, ok := c.servers.take(own, false); ok {
			c.Unpaired--
			c.answered(e, true)
			c.call(e.node, x.node)
		} else {
			c.answered(e, false)
		}
		c.callers.put(own, e)
	}
}

// database is the address of the database that a client's span calls; "": it
// calls none.
func database(s *telemetry.Span) string {
	a := s.Attributes
	if s.Kind != telemetry.ClientSpan || cmp.Or(a["db.system.name"], a["db.system"]) == "" {
		return ""
	}
	host := cmp.Or(a["server.address"], a["net.peer.name"], a["network.peer.address"], a["peer.service"])
	if port := cmp.Or(a["server.port"], a["net.peer.port"]); host != "" && port != "" {
		return net.JoinHostPort(host, port)
	}
	return host
}

// answered notes whether a database's own span was met: one that sends spans is
// known by them, and its address is no node of its own.
func (c *Calls) answered(e end, is bool) {
	if e.peer == "" {
		return
	}
	if c.databases == nil {
		c.databases = make(map[connectors.Call]bool)
	}
	k := connectors.Call{From: e.node, To: e.peer}
	if before, ok := c.databases[k]; ok || len(c.databases) < maxCalls {
		c.databases[k] = before || is
	}
}

func (c *Calls) call(from, to string) {
	k := connectors.Call{From: from, To: to}
	if from == to || from == "" || to == "" || c.calls[k] {
		return
	}
	if len(c.calls) >= maxCalls {
		c.Dropped++
		return
	}
	if c.calls == nil {
		c.calls = make(map[connectors.Call]bool)
	}
	c.calls[k] = true
}

// List returns the calls that were found so far, in order of names.
func (c *Calls) List() []connectors.Call {
	var out []connectors.Call
	for k := range c.calls {
		out = append(out, k)
	}
	for k, answered := range c.databases {
		if !answered && k.From != k.To && !c.calls[k] {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b connectors.Call) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return out
}

// Note takes a call that is known from elsewhere.
func (c *Calls) Note(k connectors.Call) { c.call(k.From, k.To) }
