package casebook

import (
	"fmt"
	"hash/fnv"
	"math"
	"strings"
)

// Moved begins the names of features that say that something moved at a node:
// those that nodes can be in the habit of.
const Moved = "moved "

// What the names of features begin with that tell faults apart, and not who is
// to blame: what holds for all nodes of a case, and what a fault card makes of a
// node. With few cases they would drown those that do.
const (
	ofAll  = "case:"
	ofCard = "card:"
)

// Mask makes of the name of a service, or of a node, what a book tells it from
// others by.
func Mask(name string) string {
	if name == "" {
		return ""
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash never fails
	return fmt.Sprintf("%016x", h.Sum64())
}

// Features that a book adds to those of a node.
const (
	odd      = "habit:odd"   // how unusual it is for it that what moved did: the sum over that
	oddest   = "habit:share" // that sum, of the greatest of any node of the case
	outOf    = "habit:out"   // how unusual it is for it that other things did not move
	named    = "who:"        // and a hash of its service: what is usual for one is not for another
	trusting = 2.0           // times that a node was seen after which it is judged by its own habits as much as by those of all
)

// habits is how often each move is seen at nodes that are not to blame: at all
// of them, and at those of each service. What a node shows whoever is to blame
// tells nothing of it.
type habits struct {
	all  habit
	each map[string]*habit
}

type habit struct {
	seen  float64 // how often the node was there
	moved map[string]float64
}

func (h *habit) add(f Features, sign float64) {
	h.seen += sign
	for k := range f {
		if strings.HasPrefix(k, Moved) {
			h.moved[k] += sign
		}
	}
}

func newHabits(cases []Case) *habits {
	h := &habits{all: habit{moved: map[string]float64{}}, each: map[string]*habit{}}
	for i := range cases {
		h.add(&cases[i], 1)
	}
	return h
}

// add counts a case, or takes it out again with sign -1.
func (h *habits) add(c *Case, sign float64) {
	for _, n := range c.Nodes {
		if n.Culprit {
			continue
		}
		h.all.add(n.Features, sign)
		if n.Who == "" {
			continue
		}
		if h.each[n.Who] == nil {
			h.each[n.Who] = &habit{moved: map[string]float64{}}
		}
		h.each[n.Who].add(n.Features, sign)
	}
}

// rate is how often a move is seen at a node.
func (h *habits) rate(who, move string) float64 {
	r := (h.all.moved[move] + 0.5) / (h.all.seen + 1)
	if own := h.each[who]; own != nil {
		r = (own.moved[move] + trusting*r) / (own.seen + trusting)
	}
	return math.Max(1e-4, math.Min(1-1e-4, r))
}

// judge returns the nodes' features with who each is and what is unusual about it. The given
// ones stay as they are. Order of the moves of a node is that of names, so that
// sums are equal for equal inputs.
func (h *habits) judge(names []string, who []string, nodes []Features) []Features {
	out := make([]Features, len(nodes))
	top := 0.0
	for i, n := range nodes {
		f := make(Features, len(n)+8)
		var sum, missed float64
		for k, v := range n {
			f[k] = v
		}
		for _, k := range names {
			r := h.rate(who[i], k)
			if n[k] != 0 {
				sum -= math.Log(r)
			} else {
				missed -= math.Log(1 - r)
			}
		}
		f[odd], f[outOf] = sum, missed
		if who[i] != "" {
			f[named+who[i]] = 1
		}
		top = math.Max(top, sum)
		out[i] = f
	}
	for _, f := range out {
		if top > 0 {
			f[oddest] = f[odd] / top
		}
	}
	return out
}
