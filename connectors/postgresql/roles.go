package postgresql

import (
	"cmp"
	"slices"

	"triagent/connectors"
	"triagent/incident"
)

// roles says who had which role in the span, from what is seen now, what was
// seen before and what Patroni's history says. Who led before Patroni's first
// entry and before we looked first is not known and not said.
func roles(list []*seat, c *cluster, span incident.Window) []connectors.Role {
	var out []connectors.Role
	for _, n := range list {
		own := slices.Clone(n.past.roles)
		if n.member != "" {
			own = append(own, n.fromHistory(c)...)
		}
		slices.SortStableFunc(own, func(a, b held) int { return cmp.Compare(a.at, b.at) })
		for _, h := range within(settle(own, n.role), span) {
			out = append(out, connectors.Role{Node: n.name(), Role: h.role, Group: n.group, From: h.at})
		}
	}
	return out
}

// fromHistory is when a member became leader, and when another did in its place.
func (n *seat) fromHistory(c *cluster) (out []held) {
	for _, f := range c.history {
		switch {
		case f.leader == n.member:
			out = append(out, held{at: f.at, role: incident.Leader})
		case f.leader != "":
			out = append(out, held{at: f.at, role: incident.Follower})
		}
	}
	return out
}

// settle drops what repeats the role before. The role that a node was first seen
// in, or is seen in now if nothing else is known, holds from the beginning.
func settle(own []held, now incident.Role) (out []held) {
	for _, h := range own {
		if len(out) == 0 || out[len(out)-1].role != h.role {
			out = append(out, h)
		}
	}
	switch {
	case len(out) == 0 && now != "":
		out = append(out, held{role: now})
	case len(out) > 0 && out[0].seen:
		out[0].at = 0
	}
	return out
}

// within keeps the role that holds when the span begins, with no time, and those
// that begin in it.
func within(own []held, span incident.Window) (out []held) {
	from, to := span.From.UnixNano(), span.To.UnixNano()
	for _, h := range own {
		switch {
		case h.at <= from:
			out = append(out[:0], held{role: h.role})
		case h.at <= to:
			out = append(out, h)
		}
	}
	return out
}
