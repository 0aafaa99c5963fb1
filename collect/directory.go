package collect

import (
	"maps"
	"slices"
	"sync"

	"triagent/connectors"
	"triagent/incident"
)

// directory knows which names mean the same node. Sources name a node each in
// their own way: an ID, an address, an address with a port. It is safe for
// concurrent use.
type directory struct {
	mu     sync.Mutex
	byName map[string]*who
	list   []*who // in the order in which they were learned of
}

// who is a node with all its names.
type who struct {
	names   []string // the first is its ID
	host    string
	service string
	labels  map[string]string
	told    bool // a source told of it; false: only its telemetry did
}

func newDirectory() *directory { return &directory{byName: make(map[string]*who)} }

// learn takes the nodes of one source in. Nodes that share a name are one, and so
// are two on the same host where either source knows of only one there.
func (d *directory) learn(nodes []connectors.Node) {
	d.mu.Lock()
	defer d.mu.Unlock()
	hosts := make(map[string]int)
	for _, n := range nodes {
		hosts[n.Host]++
	}
	before := slices.Clone(d.list)
	for _, n := range nodes {
		var names []string
		for _, name := range n.Names {
			names = append(names, namesOf(name)...)
		}
		if len(names) == 0 {
			names = namesOf(n.Host)
		}
		if len(names) == 0 {
			continue
		}
		w := d.known(names)
		if w == nil && n.Host != "" && hosts[n.Host] == 1 {
			w = onlyOn(before, n.Host)
		}
		if w == nil {
			w = &who{}
			d.list = append(d.list, w)
		}
		d.add(w, names, n)
	}
}

// known finds the node that has one of the names. Several that have are one:
// the one learned of first takes the others in.
func (d *directory) known(names []string) *who {
	var found *who
	for _, name := range names {
		w := d.byName[name]
		switch {
		case w == nil || w == found:
		case found == nil:
			found = w
		default:
			if slices.Index(d.list, w) < slices.Index(d.list, found) {
				found, w = w, found
			}
			d.add(found, w.names, connectors.Node{Host: w.host, Service: w.service, Labels: w.labels})
			d.list = slices.DeleteFunc(d.list, func(x *who) bool { return x == w })
		}
	}
	return found
}

// onlyOn returns the only node on a host; nil if there is none, or more.
func onlyOn(list []*who, host string) *who {
	var found *who
	for _, w := range list {
		if w.host == host || slices.Contains(w.names, host) {
			if found != nil {
				return nil
			}
			found = w
		}
	}
	return found
}

func (d *directory) add(w *who, names []string, n connectors.Node) {
	for _, name := range names {
		if !slices.Contains(w.names, name) {
			w.names = append(w.names, name)
		}
		d.byName[name] = w
	}
	if w.host == "" {
		w.host = n.Host
	}
	if w.service == "" {
		w.service = n.Service
	}
	if len(n.Labels) > 0 {
		all := maps.Clone(n.Labels)
		maps.Copy(all, w.labels)
		w.labels = all
	}
	w.told = true
}

// id is the ID of the node of that name; a name that nobody told of is a node of
// its own. The empty name is no node and stays empty.
func (d *directory) id(name string) incident.NodeID {
	names := namesOf(name)
	if len(names) == 0 {
		return ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	w := d.byName[names[0]]
	if w == nil {
		if w = onlyOn(d.list, names[len(names)-1]); w == nil {
			w = &who{names: names}
			d.list = append(d.list, w)
		}
		for _, n := range names {
			d.byName[n] = w
		}
	}
	return incident.NodeID(w.names[0])
}

// long tells the whole names of nodes whose IDs are short forms of them.
func (d *directory) long() (out []incident.Missing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.list {
		if len(w.names) > 1 && w.names[0] == namesOf(w.names[1])[0] {
			out = append(out, incident.Missing{What: "the whole name of node " + w.names[0], Why: cut("it is too long for a file: " + w.names[1])})
		}
	}
	return out
}

// nodes returns those that a source told of, in the order of their IDs.
func (d *directory) nodes() []incident.Node {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []incident.Node
	for _, w := range d.list {
		if w.told {
			out = append(out, incident.Node{ID: incident.NodeID(w.names[0]), Host: w.host, Service: w.service, Labels: w.labels})
		}
	}
	slices.SortFunc(out, func(a, b incident.Node) int { return compare(a.ID, b.ID) })
	return out
}

// asKnown returns a node with all its names.
func (d *directory) asKnown(id incident.NodeID) connectors.Node {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := d.byName[string(id)]
	if w == nil {
		return connectors.Node{Names: []string{string(id)}}
	}
	return connectors.Node{Names: slices.Clone(w.names), Host: w.host, Service: w.service, Labels: maps.Clone(w.labels)}
}
