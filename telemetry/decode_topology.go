package telemetry

import (
	"strings"

	"triagent/incident"
)

// roles are the words that topology.json may use.
var roles = []string{
	string(incident.Leader), string(incident.Follower), string(incident.ConfigLeader), string(incident.ConfigFollower),
	string(incident.Coordinator), string(incident.Witness), string(incident.Service), string(incident.Database),
	string(incident.Gateway), string(incident.UnknownRole),
}

// decodeTopology reads topology.json.
func decodeTopology(data []byte, file string) (t incident.Topology, err error) {
	var c cursor
	c.reset(trimBOM(data), file, 1)
	for c.open('{', "topology.json"); c.more('}'); {
		switch key := string(c.key()); key {
		case "version":
			c.version()
		case "nodes":
			t.Nodes = c.nodes()
		case "roles":
			c.each(key, func() { t.Roles = append(t.Roles, c.role()) })
		case "groups":
			c.each(key, func() { t.Groups = append(t.Groups, c.group()) })
		case "calls":
			c.each(key, func() { t.Calls = append(t.Calls, c.call()) })
		default:
			c.skip()
		}
	}
	return t, c.end()
}

// each calls fn at every element of an array; null is an empty one.
func (c *cursor) each(what string, fn func()) {
	if c.null() {
		return
	}
	for c.open('[', what); c.more(']'); {
		fn()
	}
}

func (c *cursor) nodes() (nodes []incident.Node) {
	seen := make(map[incident.NodeID]bool)
	c.each("nodes", func() {
		from := c.mark()
		n := incident.Node{Known: true}
		for c.open('{', "node"); c.more('}'); {
			switch key := string(c.key()); key {
			case "id":
				n.ID = incident.NodeID(c.str(key))
			case "host":
				n.Host = string(c.str(key))
			case "service":
				n.Service = string(c.str(key))
			case "labels":
				n.Labels = c.labels(key)
			default:
				c.skip()
			}
		}
		if n.ID == "" {
			c.fail(from, "a node without an id")
		}
		if seen[n.ID] {
			c.fail(from, "node %s is there twice", n.ID)
		}
		seen[n.ID] = true
		nodes = append(nodes, n)
	})
	return nodes
}

func (c *cursor) role() (r incident.RoleSpan) {
	from := c.mark()
	for c.open('{', "role"); c.more('}'); {
		switch key := string(c.key()); key {
		case "node":
			r.Node = incident.NodeID(c.str(key))
		case "role":
			at := c.mark()
			if r.Role = incident.Role(c.oneOf(key, roles...)); r.Role == "" {
				c.fail(at, "role must be one of %s", strings.Join(roles, ", "))
			}
		case "group":
			r.Group = string(c.str(key))
		case "from":
			r.From = c.instantUTC(key)
		default:
			c.skip()
		}
	}
	if r.Node == "" || r.Role == "" {
		c.fail(from, "a role needs a node and a role")
	}
	return r
}

func (c *cursor) group() (g incident.Group) {
	from := c.mark()
	for c.open('{', "group"); c.more('}'); {
		switch key := string(c.key()); key {
		case "id":
			g.ID = string(c.str(key))
		case "members":
			g.Members = c.ids(key)
		case "consensus":
			g.Consensus = string(c.str(key))
		default:
			c.skip()
		}
	}
	if g.ID == "" {
		c.fail(from, "a group without an id")
	}
	return g
}

func (c *cursor) call() (k incident.Call) {
	from := c.mark()
	for c.open('{', "call"); c.more('}'); {
		switch key := string(c.key()); key {
		case "from":
			k.From = incident.NodeID(c.str(key))
		case "to":
			k.To = incident.NodeID(c.str(key))
		default:
			c.skip()
		}
	}
	if k.From == "" || k.To == "" {
		c.fail(from, "a call needs from and to")
	}
	return k
}
