package prometheus

import (
	"cmp"
	"context"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/incident"
)

// target is one thing that the server scrapes, or that writes to it.
type target struct {
	sel      selector            // of all its series
	labels   map[string]string   // of its up
	more     []map[string]string // where these changed: the others
	machine  bool                // tells of the machine as such, as node_exporter
	second   bool                // not the one that its node is named for
	interval time.Duration
	axis     []int64 // when it was scraped; see axis.go
	up       []float64
}

// sets are all labels that its up had.
func (t *target) sets() []map[string]string { return append([]map[string]string{t.labels}, t.more...) }

// upQuery is the selector of its up.
func (t *target) upQuery() string {
	if len(t.more) > 0 {
		return t.sel.with(matcher{Name: "__name__", Op: "=", Value: "up"}).String()
	}
	return seriesText("up", t.labels)
}

// node is a node with what tells of it, the one that it is named for first.
type node struct {
	connectors.Node
	targets []*target
}

// machineInfo are metrics that only exporters of whole machines have; the label
// holds the machine's own name.
var machineInfo = map[string]string{"node_uname_info": "nodename", "windows_os_info": "hostname", "windows_cs_hostname": "hostname"}

// known finds the targets that there were in a span and makes nodes of them.
func (s *Source) known(ctx context.Context, span incident.Window) ([]*node, notes, error) {
	ask := []string{s.match.with(matcher{Name: "__name__", Op: "=", Value: "up"}).String()}
	for _, name := range slices.Sorted(maps.Keys(machineInfo)) {
		ask = append(ask, s.match.with(matcher{Name: "__name__", Op: "=", Value: name}).String())
	}
	ask = append(ask, s.match.with(matcher{Name: "__name__", Op: "=~", Value: strings.Join(watcherInfo, "|")}).String())
	sets, n, err := s.labelSets(ctx, span, ask...)
	if err != nil {
		return nil, n, err
	}
	var targets []*target
	names := make(map[string]string) // own names of machines by instance
	watch := make(watchers)
	for _, set := range sets {
		switch key, machine := machineInfo[set["__name__"]]; {
		case machine:
			names[set["job"]+"\xff"+set["instance"]] = set[key]
		case slices.Contains(watcherInfo, set["__name__"]):
			watch.add(set)
		case set[s.c.NodeLabel] != "":
			targets = append(targets, s.target(set))
		}
	}
	if len(targets) == 0 {
		all, more, err := s.pushed(ctx, span)
		return all, n.and(more), err
	}
	targets, n.left = s.watched(targets, watch)
	for _, t := range targets {
		if _, ok := names[t.labels["job"]+"\xff"+t.labels["instance"]]; ok {
			t.machine = true
		}
	}
	return s.nodes(targets, names), n, nil
}

// target makes a target of the labels of its up.
func (s *Source) target(set map[string]string) *target {
	t := &target{labels: set, sel: s.match}
	for _, k := range []string{"job", "instance"} {
		if v := set[k]; v != "" {
			t.sel = t.sel.with(matcher{Name: k, Op: "=", Value: v})
		}
	}
	if k := s.c.NodeLabel; k != "instance" {
		t.sel = t.sel.with(matcher{Name: k, Op: "=", Value: set[k]})
	}
	return t
}

// pushed finds nodes where nothing is scraped: by the values of the label.
func (s *Source) pushed(ctx context.Context, span incident.Window) ([]*node, notes, error) {
	var values []string
	n, err := s.listed(ctx, "/api/v1/label/"+s.c.NodeLabel+"/values", url.Values{
		"match[]": {s.match.String()}, "start": {unix(span.From)}, "end": {unix(span.To)},
	}, &values)
	var targets []*target
	for _, v := range values {
		if v != "" {
			targets = append(targets, &target{labels: map[string]string{s.c.NodeLabel: v}, sel: s.match.with(matcher{Name: s.c.NodeLabel, Op: "=", Value: v})})
		}
	}
	return s.nodes(targets, nil), n, err
}

// nodes puts targets together that tell of one node: those with the same value
// of the node's label, and a machine's own exporter with the only other thing on
// that machine. Nodes come in the order of their names.
func (s *Source) nodes(targets []*target, machines map[string]string) []*node {
	by := make(map[string]*node)
	same := make(map[string]*target)
	for _, t := range targets {
		if before := same[t.sel.String()]; before != nil {
			before.more = append(before.more, t.labels)
			continue
		}
		same[t.sel.String()] = t
		id := t.labels[s.c.NodeLabel]
		if by[id] == nil {
			by[id] = &node{Node: connectors.Node{Names: []string{id}, Host: hostOf(cmp.Or(t.labels["instance"], id))}}
		}
		by[id].targets = append(by[id].targets, t)
	}
	on := make(map[string][]*node)
	for _, id := range slices.Sorted(maps.Keys(by)) {
		on[by[id].Host] = append(on[by[id].Host], by[id])
	}
	var out []*node
	for _, host := range slices.Sorted(maps.Keys(on)) {
		list := on[host]
		if i := slices.IndexFunc(list, (*node).isMachine); i >= 0 && len(list) == 2 && !list[1-i].isMachine() {
			list[1-i].targets = append(list[1-i].targets, list[i].targets...)
			list = []*node{list[1-i]}
		}
		for _, n := range list {
			s.name(n, machines, len(list) == 1)
		}
		out = append(out, list...)
	}
	slices.SortFunc(out, func(a, b *node) int { return strings.Compare(a.Names[0], b.Names[0]) })
	return out
}

// isMachine reports whether all that tells of the node tells of its machine.
func (n *node) isMachine() bool {
	return !slices.ContainsFunc(n.targets, func(t *target) bool { return !t.machine })
}

// name gives a node all names it may go by. The bare host is one only where it
// means nobody else: alone says that nobody else is on it.
func (s *Source) name(n *node, machines map[string]string, alone bool) {
	slices.SortStableFunc(n.targets, func(a, b *target) int {
		return cmp.Or(order(a.machine, b.machine), strings.Compare(a.labels["job"], b.labels["job"]))
	})
	add := func(name string) {
		if name != "" && !slices.Contains(n.Names, name) {
			n.Names = append(n.Names, name)
		}
	}
	for i, t := range n.targets {
		t.second = i > 0
		n.Service = cmp.Or(n.Service, t.labels[s.c.ServiceLabel])
		add(t.labels["instance"])
		if alone || t.machine {
			add(machines[t.labels["job"]+"\xff"+t.labels["instance"]])
		}
		for k, v := range t.labels {
			if k != "__name__" && k != "job" && k != "instance" && k != s.c.NodeLabel && k != s.c.ServiceLabel {
				if n.Labels == nil {
					n.Labels = make(map[string]string)
				}
				n.Labels[k] = v
			}
		}
	}
	if (alone || n.isMachine()) && !loopback(n.Host) {
		add(n.Host)
	}
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// hostOf strips a port, and the rest of a URL as the prober writes it.
func hostOf(instance string) string {
	if u, err := url.Parse(instance); err == nil && u.Scheme != "" && u.Host != "" {
		instance = u.Host
	}
	if host, _, err := net.SplitHostPort(instance); err == nil && host != "" {
		return host
	}
	return instance
}

// loopback reports whether a host is what every machine calls itself.
func loopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}
