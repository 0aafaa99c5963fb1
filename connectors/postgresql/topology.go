package postgresql

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strconv"

	"triagent/connectors"
	"triagent/incident"
)

// seat is one node of the system with all that is known of it: as configured,
// as it says itself, as Patroni says, as it was seen before.
type seat struct {
	at     address // zero: only Patroni knows of it
	id     *identity
	fault  error   // why it did not answer; nil: it did, or was not asked
	known  *member // nil: Patroni does not know it
	member string  // Patroni's name for it; empty: unknown
	group  string  // empty: unknown
	role   incident.Role
	sync   string // of a standby, as its primary says: "sync", "async", "quorum" ...
	past   past
}

// name is how the node is called first.
func (n *seat) name() string {
	switch {
	case n.member != "":
		return n.member
	case n.at != address{}:
		return n.at.String()
	}
	return n.known.name
}

// host is the node's address without its port.
func (n *seat) host() string {
	if n.at.host == "" && n.known != nil {
		return n.known.at.host
	}
	return n.at.host
}

// seats brings together what is known of every node, configured ones first and
// in their order.
func (s *Source) seats(ctx context.Context, ids []*identity, faults []error, c *cluster) []*seat {
	out := make([]*seat, len(s.nodes))
	taken := make(map[string]bool)
	for i, n := range s.nodes {
		x := &seat{at: n.at, id: ids[i], fault: faults[i], past: s.memory.recall(n.at)}
		x.member, x.group = x.past.member, x.past.group
		if m := c.memberOf(ctx, x); m != nil && !taken[m.name] {
			taken[m.name] = true
			x.known, x.member = m, m.name
		}
		out[i] = x
	}
	for i := range c.members {
		if m := &c.members[i]; !taken[m.name] {
			out = append(out, &seat{known: m, member: m.name})
		}
	}
	assignGroups(out, c)
	assignRoles(out)
	return out
}

// memberOf finds the member of Patroni that listens where a node does: at the
// same host and port, at the one that the server names itself, or at another
// name of the same machine.
func (c *cluster) memberOf(ctx context.Context, n *seat) *member {
	for i := range c.members {
		if m := &c.members[i]; m.at == n.at || n.id != nil && n.id.self.host != "" && m.at == n.id.self {
			return m
		}
	}
	for i := range c.members {
		if m := &c.members[i]; m.at.port == n.at.port && sameMachine(ctx, m.at.host, n.at.host) {
			return m
		}
	}
	return nil
}

// sameMachine reports whether two hosts, one of them a name, have an address in
// common.
func sameMachine(ctx context.Context, a, b string) bool {
	if net.ParseIP(a) != nil && net.ParseIP(b) != nil {
		return net.ParseIP(a).Equal(net.ParseIP(b))
	}
	as, err := net.DefaultResolver.LookupHost(ctx, a)
	if err != nil {
		return false
	}
	bs, err := net.DefaultResolver.LookupHost(ctx, b)
	return err == nil && slices.ContainsFunc(as, func(x string) bool { return slices.Contains(bs, x) })
}

// assignGroups puts nodes that are copies of one database into one group. Nodes
// that do not answer and are not known from before belong to the only group
// there is.
func assignGroups(list []*seat, c *cluster) {
	names := make(map[string]string) // system identifier to group
	for _, n := range list {
		if n.id == nil {
			continue
		}
		switch {
		case n.known != nil && c.scope != "":
			names[n.id.system] = c.scope
		case names[n.id.system] == "" && n.id.cluster != "":
			names[n.id.system] = n.id.cluster
		}
	}
	used := make(map[string]int) // one name for two systems would make them one
	for _, name := range names {
		used[name]++
	}
	for _, n := range list {
		if n.id == nil {
			continue
		}
		if n.group = names[n.id.system]; n.group == "" || used[n.group] > 1 {
			n.group = "postgresql-" + n.id.system
		}
	}
	only := ""
	for _, n := range list {
		if n.group != "" && only != "" && n.group != only {
			return
		}
		only = cmp.Or(only, n.group)
	}
	if only == "" {
		only = c.scope
	}
	for _, n := range list {
		n.group = cmp.Or(n.group, only)
	}
}

// assignRoles says who leads: what the server says of itself counts before what
// Patroni says of it.
func assignRoles(list []*seat) {
	for _, n := range list {
		switch {
		case n.id != nil && !n.id.standby:
			n.role = incident.Leader
		case n.id != nil:
			n.role = incident.Follower
		case n.known != nil && n.known.runs():
			n.role = n.known.roleOf()
		}
	}
	for _, p := range list {
		if p.id == nil {
			continue
		}
		for _, x := range p.id.streams {
			if n := receiver(list, p, x.application, x.client); n != nil {
				n.sync = x.sync
			}
		}
	}
}

// receiver finds the node that a primary streams to, by the name that it gives
// itself or by its address if that is one node's only.
func receiver(list []*seat, from *seat, application, client string) *seat {
	var by [3][]*seat
	for _, n := range list {
		if n == from || n.group != from.group {
			continue
		}
		switch {
		case n.member != "" && n.member == application:
			by[0] = append(by[0], n)
		case n.id != nil && n.id.cluster != "" && n.id.cluster == application:
			by[1] = append(by[1], n)
		case client != "" && (n.host() == client || n.id != nil && n.id.self.host == client):
			by[2] = append(by[2], n)
		}
	}
	for _, found := range by {
		if len(found) == 1 {
			return found[0]
		}
	}
	return nil
}

// found says who takes part, and who had which role from when on.
func found(list []*seat, c *cluster, span incident.Window) connectors.Found {
	var f connectors.Found
	onHost := make(map[string]int)
	for _, n := range list {
		onHost[n.host()]++
	}
	for _, n := range list {
		names := []string{n.member}
		if n.at != (address{}) {
			names = append(names, n.at.String())
		}
		if n.known != nil {
			names = append(names, n.known.at.String(), n.known.api)
		}
		if onHost[n.host()] == 1 {
			names = append(names, n.host())
		}
		slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(btoi(a == ""), btoi(b == "")) })
		names = slices.Compact(slices.DeleteFunc(names, func(s string) bool { return s == "" || s == ":0" }))
		f.Nodes = append(f.Nodes, connectors.Node{Names: unique(names), Host: n.host(), Service: "postgresql", Labels: n.labels()})
	}
	f.Groups = groups(list)
	f.Roles = roles(list, c, span)
	return f
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func unique(names []string) (out []string) {
	for _, n := range names {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func groups(list []*seat) (out []connectors.Group) {
	for _, n := range list {
		if n.group == "" {
			continue
		}
		at := slices.IndexFunc(out, func(g connectors.Group) bool { return g.ID == n.group })
		if at < 0 {
			at = len(out)
			out = append(out, connectors.Group{ID: n.group, Consensus: "streaming"})
		}
		out[at].Members = append(out[at].Members, n.name())
	}
	return out
}

// labels is what else is said of a node.
func (n *seat) labels() map[string]string {
	l := make(map[string]string)
	put := func(k, v string) {
		if v != "" {
			l[k] = v
		}
	}
	if n.id != nil {
		put("version", versionText(n.id.version))
		put("settings", describe(n.id.settings))
		put("timeline", strconv.FormatInt(n.id.timeline, 10))
	}
	if n.known != nil {
		put("patroni_role", n.known.role)
		put("patroni_state", n.known.state)
	}
	put("replication", n.sync)
	return l
}
