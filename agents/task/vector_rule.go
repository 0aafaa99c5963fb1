package task

import (
	"triagent/agents/casebook"
	"triagent/incident"
)

// rules tells which alerts were raised, by their names and operations: two rules
// with one meaning, as on two percentiles of one latency, differ in what they say
// of a system that is known. It is told at the node of each alert and, of calls,
// at both ends, and how many of the nodes have it. Names are hashed, since they
// may hold those of nodes. What is measured has too many names for that, and
// stays with what it means.
func (v *vectors) rules() {
	v.ruled = make([]int, len(v.nodes))
	shown := map[string]float64{}
	var order []string
	for i := range v.in.Evidence {
		e := &v.in.Evidence[i]
		if e.Kind != incident.Occurred || e.Name == "" {
			continue
		}
		rule := casebook.Mask(string(way(e.Direction)) + " " + string(e.Signal) + " " + e.Name + " " + operation(e))
		if e.Peer != "" {
			v.mark(e.Node, "rule of "+rule)
			v.mark(e.Peer, "rule by "+rule)
			continue
		}
		if rule = "rule " + rule; v.mark(e.Node, rule) {
			if shown[rule] == 0 {
				order = append(order, rule)
			}
			shown[rule]++
		}
	}
	for i, rule := range order {
		if i < mostRules {
			set(v.context, "case:"+rule, shown[rule]/float64(len(v.nodes)))
		}
		for _, f := range v.nodes {
			if f[rule] != 0 {
				set(f, rule+" alone", 1/shown[rule])
			}
		}
	}
}

// mostRules bounds the rules that are told of a node, and of all: where alerts have
// names of their own they would leave no room for what else a book asks about.
const mostRules = 512

// mark gives a node a feature that it has or has not, and reports whether it had
// it not.
func (v *vectors) mark(n incident.NodeID, feature string) bool {
	i, ok := v.index[n]
	if !ok || v.nodes[i][feature] != 0 || v.ruled[i] == mostRules {
		return false
	}
	v.ruled[i]++
	set(v.nodes[i], feature, 1)
	return v.nodes[i][feature] != 0
}

// operation is what an alert on a span is about, where it says so.
func operation(e *incident.Evidence) string {
	for _, a := range e.Text.Args {
		if a.Name == "operation" {
			return a.Value
		}
	}
	return ""
}
