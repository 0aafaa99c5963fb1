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
	byHost map[string][]*who // those on a host, or named like it; merged ones among them
	list   []*who            // in the order in which they were learned of; merged ones among them
}

// who is a node with all its names.
type who struct {
	names   []string // the first is its ID
	host    string
	service string
	labels  map[string]string
	told    bool // a source told of it; false: only its telemetry did
	tellers []Teller
	number  int  // in the order in which they were learned of
	into    *who // the one that took it in; nil: it is itself
}

func newDirectory() *directory {
	return &directory{byName: make(map[string]*who), byHost: make(map[string][]*who)}
}

// learn takes the nodes of a source in. Nodes that share a name are one, and so
// are two on the same host where either source knows of only one there.
func (d *directory) learn(source string, nodes []connectors.Node) {
	d.mu.Lock()
	defer d.mu.Unlock()
	hosts := make(map[string]int)
	for _, n := range nodes {
		hosts[n.Host]++
	}
	before := len(d.list)
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
		w, by := d.known(names)
		if w == nil && n.Host != "" && hosts[n.Host] == 1 {
			w, by = d.onlyOn(n.Host, before), "host "+n.Host
		}
		if w == nil {
			w, by = d.stranger(), ""
		}
		d.add(w, names, n)
		w.tell([]Teller{{Source: source, Name: names[0], By: by}})
	}
}

// tell notes who told of a node, each source once.
func (w *who) tell(list []Teller) {
	for _, t := range list {
		if !slices.ContainsFunc(w.tellers, func(x Teller) bool { return x.Source == t.Source }) {
			w.tellers = append(w.tellers, t)
		}
	}
}

// stranger is a node that was not known.
func (d *directory) stranger() *who {
	w := &who{number: len(d.list)}
	d.list = append(d.list, w)
	return w
}

// known finds the node that has one of the names, and says by which. Several that
// have are one: the one learned of first takes the others in.
func (d *directory) known(names []string) (found *who, by string) {
	for _, name := range names {
		w := d.of(name)
		switch {
		case w == nil || w == found:
		case found == nil:
			found, by = w, "name "+name
		default:
			by += ", " + name
			if w.number < found.number {
				found, w = w, found
			}
			d.add(found, w.names, connectors.Node{Host: w.host, Service: w.service, Labels: w.labels})
			found.tell(w.tellers)
			w.into = found
		}
	}
	return found, by
}

// onlyOn returns the only node on a host among the first of the list; nil if
// there is none, or more.
func (d *directory) onlyOn(host string, first int) *who {
	var found *who
	var met []*who // they go back without those that are one by now
	list := d.byHost[host]
	for n := len(list); n > 0; n = len(list) {
		w := list[n-1].self()
		list = list[:n-1]
		if w == found {
			continue
		}
		met = append(met, w)
		if w.number >= first {
			continue
		}
		if found != nil {
			found = nil
			break
		}
		found = w
	}
	d.byHost[host] = append(list, met...)
	return found
}

// self is the node, or the one that took it in.
func (w *who) self() *who {
	for w.into != nil {
		if w.into.into != nil {
			w.into = w.into.into
		}
		w = w.into
	}
	return w
}

// of is the node of a name; nil if nobody told of it.
func (d *directory) of(name string) *who {
	if w := d.byName[name]; w != nil {
		return w.self()
	}
	return nil
}

func (d *directory) add(w *who, names []string, n connectors.Node) {
	for _, name := range names {
		if d.of(name) == w && slices.Contains(w.names, name) {
			continue
		}
		d.name(w, name)
	}
	if w.host == "" && n.Host != "" {
		w.host = n.Host
		d.byHost[n.Host] = append(d.byHost[n.Host], w)
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

// name gives a node one more name.
func (d *directory) name(w *who, name string) {
	w.names = append(w.names, name)
	d.byName[name] = w
	d.byHost[name] = append(d.byHost[name], w)
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
	w := d.of(names[0])
	if w != nil {
		return incident.NodeID(w.names[0])
	}
	if w = d.onlyOn(names[len(names)-1], len(d.list)); w != nil {
		for _, n := range names {
			d.byName[n] = w
		}
		return incident.NodeID(w.names[0])
	}
	w = d.stranger()
	for _, n := range names {
		d.name(w, n)
	}
	return incident.NodeID(w.names[0])
}

// long tells the whole names of nodes whose IDs are short forms of them.
func (d *directory) long() (out []incident.Missing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.list {
		if name := w.whole(); w.into == nil && name != "" {
			out = append(out, incident.Missing{What: "the whole name of node " + w.names[0], Why: cut("it is too long for a file: " + name)})
		}
	}
	return out
}

// wholeName is the label that holds the name of a node whose ID is a short form.
const wholeName = "name"

// whole is the name of which the ID is a short form; empty: of none.
func (w *who) whole() string {
	if len(w.names) > 1 && w.names[0] == namesOf(w.names[1])[0] {
		return w.names[1]
	}
	return ""
}

// nodes returns those that a source told of, in the order of their IDs.
func (d *directory) nodes() []incident.Node {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []incident.Node
	for _, w := range d.list {
		if w.told && w.into == nil {
			n := incident.Node{ID: incident.NodeID(w.names[0]), Host: w.host, Service: w.service, Labels: w.labels}
			if name := w.whole(); name != "" {
				n.Labels = map[string]string{wholeName: cut(name)}
				maps.Copy(n.Labels, w.labels)
			}
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b incident.Node) int { return compare(a.ID, b.ID) })
	return out
}

// joins returns who told of each node, by its ID.
func (d *directory) joins() map[incident.NodeID][]Teller {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make(map[incident.NodeID][]Teller)
	for _, w := range d.list {
		if w.told && w.into == nil {
			out[incident.NodeID(w.names[0])] = w.tellers
		}
	}
	return out
}

// asKnown returns a node with all its names.
func (d *directory) asKnown(id incident.NodeID) connectors.Node {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := d.of(string(id))
	if w == nil {
		return connectors.Node{Names: []string{string(id)}}
	}
	return connectors.Node{Names: slices.Clone(w.names), Host: w.host, Service: w.service, Labels: maps.Clone(w.labels)}
}
