package importer

import (
	"cmp"
	"regexp"
	"slices"
	"time"
)

// witnesses collects what the lines of an IoTDB cluster say of who led, but for
// the line in which Ratis announces a change of role: that is what an engine may go by.
// Which state of Ratis a node starts, whom its followers name, and what the state
// machine of the configuration nodes says of its leader, are lines of their own.
type witnesses struct {
	self map[string]string // id of a process -> node that writes under it
	said []testimony
}

// testimony is that a node is a leader or a follower of a group from a time on.
type testimony struct {
	at      time.Time
	group   string
	node    string // who follows, or, if empty, whoever goes by process
	process string
	leads   bool
}

var (
	startsState   = regexp.MustCompile(`RoleInfo:\d+ - (\d+): start (?:\d+)@group-(\d{12})-(LeaderStateImpl|FollowerState)`)
	followsConfig = regexp.MustCompile(`ConfigRegionStateMachine:\d+ - Current node \[nodeId:(\d+).* is not longer the leader, the new leader is \[nodeId:(\d+)\]`)
	followsRegion = regexp.MustCompile(` (\d+)@group-(000[12]\d{8}): change Leader from \S+ to (\d+) at term \d+ for appendEntries`)
)

// configGroup is the group of the configuration nodes.
const configGroup = "000000000000"

// hear takes in the records of a node up to a time.
func (w *witnesses) hear(node string, rs []record, to time.Time) {
	if w.self == nil {
		w.self = map[string]string{}
	}
	for _, r := range rs {
		if !r.at.Before(to) {
			continue
		}
		if m := startsState.FindSubmatch(r.text); m != nil {
			w.self[string(m[1])] = node
			w.said = append(w.said, testimony{at: r.at, group: string(m[2]), node: node, leads: string(m[3]) == "LeaderStateImpl"})
		}
		if m := followsConfig.FindSubmatch(r.text); m != nil {
			w.follows(r.at, configGroup, node, string(m[2]))
		}
		if m := followsRegion.FindSubmatch(r.text); m != nil {
			w.follows(r.at, string(m[2]), node, string(m[3]))
		}
	}
}

func (w *witnesses) follows(at time.Time, group, node, process string) {
	w.said = append(w.said, testimony{at: at, group: group, node: node}, testimony{at: at, group: group, process: process, leads: true})
}

// roles is the most telling role that each node held at any moment from a time on.
func (w *witnesses) roles(from time.Time) map[string]string {
	slices.SortStableFunc(w.said, func(a, b testimony) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.node, b.node)) })
	type seat struct{ node, group string }
	now := map[seat]string{}
	out := map[string]string{}
	better := []string{"", "config_follower", "follower", "config_leader", "leader"} // least telling first
	give := func(node, role string) {
		if slices.Index(better, role) > slices.Index(better, out[node]) {
			out[node] = role
		}
	}
	leader := map[string]string{}
	take := func(at time.Time, node, group, role string) {
		if group == configGroup {
			role = "config_" + role
		}
		now[seat{node, group}] = role
		if !at.Before(from) {
			give(node, role)
		}
	}
	begun := false
	start := func() { // what nodes are when the time comes
		begun = true
		for s, role := range now {
			give(s.node, role)
		}
	}
	for _, t := range w.said {
		if !begun && !t.at.Before(from) {
			start()
		}
		node := cmp.Or(t.node, w.self[t.process])
		switch old := leader[t.group]; {
		case node == "":
		case !t.leads:
			take(t.at, node, t.group, "follower")
		case old != node:
			if old != "" {
				take(t.at, old, t.group, "follower")
			}
			leader[t.group] = node
			take(t.at, node, t.group, "leader")
		}
	}
	if !begun {
		start()
	}
	return out
}
