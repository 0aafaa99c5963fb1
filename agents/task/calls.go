package task

import (
	"math"
	"slices"

	"triagent/incident"
)

// calls is what was told of calls, one by one: where there are alerts alone it
// tells more than the strongest of them, since all are as strong.
type calls struct {
	lost map[incident.NodeID][]incident.NodeID       // by node, others on the way to or from which time is lost
	late map[incident.NodeID]map[incident.NodeID]int // by node, how often each other told that it answers late
}

func newCalls() calls {
	return calls{lost: map[incident.NodeID][]incident.NodeID{}, late: map[incident.NodeID]map[incident.NodeID]int{}}
}

func (c *calls) add(e *incident.Evidence) {
	switch {
	case e.Peer == "" || e.Kind != incident.Occurred:
	case e.Signal == "call.net_time" && !slices.Contains(c.lost[e.Node], e.Peer):
		c.lost[e.Node] = append(c.lost[e.Node], e.Peer)
	case e.Signal == "call.latency":
		if c.late[e.Peer] == nil {
			c.late[e.Peer] = map[incident.NodeID]int{}
		}
		c.late[e.Peer][e.Node]++
	}
}

// edges is how many edges of a node lose time, those less that the other end may
// as well have to answer for since it loses time on others, too: 1 for a single
// one that nobody else accounts for, 2 for three such.
func (c *calls) edges(n incident.NodeID) float64 {
	sum := 0.0
	for _, o := range c.lost[n] {
		sum += 1 / math.Sqrt(math.Max(1, float64(len(c.lost[o]))))
	}
	return math.Log2(1 + sum)
}

// agreed reports whether another node was told more than once to wait for n: by
// both ends of a call, or of two kinds of call.
func (c *calls) agreed(n incident.NodeID) bool {
	for _, times := range c.late[n] {
		if times > 1 {
			return true
		}
	}
	return false
}
