package loki

import (
	"context"
	"maps"
	"net"
	"slices"
	"strings"

	"triagent/connectors"
	"triagent/incident"
)

// node is a node and the selectors of its streams.
type node struct {
	connectors.Node
	selectors []string
	streams   []map[string]string
}

// known asks which nodes have streams in a span, by their names ascending, and
// how many streams there are that name none.
func (s *Source) known(ctx context.Context, span incident.Window) (nodes []*node, nameless int, err error) {
	sets, err := s.labelSets(ctx, span, s.asked()...)
	if err != nil {
		return nil, 0, err
	}
	by := make(map[string]*node)
	for _, set := range sets {
		name, sel := s.nodeOf(set)
		if name == "" {
			nameless++
			continue
		}
		n := by[name]
		if n == nil {
			n = &node{Node: connectors.Node{Names: []string{name}}}
			by[name] = n
			nodes = append(nodes, n)
		}
		if text := sel.String(); !slices.Contains(n.selectors, text) {
			n.selectors = append(n.selectors, text)
		}
		n.streams = append(n.streams, set)
	}
	slices.SortFunc(nodes, func(a, b *node) int { return strings.Compare(a.Names[0], b.Names[0]) })
	s.describe(nodes)
	return nodes, nameless, nil
}

// asked are the selectors of all streams that may be of interest. Loki wants at
// least one condition that the empty text does not fit.
func (s *Source) asked() []string {
	if len(s.match) > 0 {
		return []string{s.match.String()}
	}
	var out []string
	for _, l := range s.c.NodeLabels {
		out = append(out, selector{{Name: l, Op: "=~", Value: ".+"}}.String())
	}
	return out
}

// nodeOf returns the node of a stream and the selector of its streams that are
// named by the same label; "": none of the labels is there.
func (s *Source) nodeOf(set map[string]string) (string, selector) {
	sel := s.match
	for _, l := range s.c.NodeLabels {
		if v := set[l]; v != "" {
			return v, sel.with(matcher{Name: l, Op: "=", Value: v})
		}
		sel = sel.with(matcher{Name: l, Op: "=", Value: ""})
	}
	return "", nil
}

// describe gives nodes their other names, host, service and labels. A value of
// another label that names nodes is a name where it means no other node.
func (s *Source) describe(nodes []*node) {
	owner := make(map[string]*node)
	for _, n := range nodes {
		owner[n.Names[0]] = n
	}
	for _, n := range nodes {
		for _, set := range n.streams {
			for _, l := range s.c.NodeLabels {
				if o, taken := owner[set[l]]; taken && o != n {
					owner[set[l]] = nil
				} else if !taken {
					owner[set[l]] = n
				}
			}
		}
	}
	for _, n := range nodes {
		n.Labels = maps.Clone(n.streams[0])
		for _, set := range n.streams {
			for _, l := range s.c.NodeLabels {
				if v := set[l]; v != "" && owner[v] == n && !slices.Contains(n.Names, v) {
					n.Names = append(n.Names, v)
				}
			}
			maps.DeleteFunc(n.Labels, func(k, v string) bool { return set[k] != v || strings.HasPrefix(k, "__") })
		}
		n.Host, n.Service = s.hostOf(n), s.serviceOf(n)
	}
}

// hostOf is the machine of a node. A pod is none.
func (s *Source) hostOf(n *node) string {
	for _, l := range []string{"host", "hostname", "node_name"} {
		if v := n.Labels[l]; v != "" {
			return v
		}
	}
	for _, l := range s.c.NodeLabels {
		if v := n.Labels[l]; v != "" && l != "pod" {
			if host, _, err := net.SplitHostPort(v); err == nil && host != "" {
				return host
			}
			return v
		}
	}
	return ""
}

// serviceOf is what all streams of a node agree on.
func (s *Source) serviceOf(n *node) string {
	if s.c.ServiceLabel != "" {
		return n.Labels[s.c.ServiceLabel]
	}
	for _, l := range usualServices {
		if v := n.Labels[l]; v != "" && v != "unknown_service" { // Loki's word for none
			return v
		}
	}
	return ""
}

// choose returns the nodes that are asked for, in that order; all if none is.
func choose(all []*node, asked []connectors.Node) []*node {
	if len(asked) == 0 {
		return all
	}
	by := make(map[string]*node)
	for _, n := range slices.Backward(all) {
		for _, name := range n.Names {
			by[name] = n
		}
	}
	var out []*node
	for _, a := range asked {
		for _, name := range a.Names {
			if n := by[name]; n != nil && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}
