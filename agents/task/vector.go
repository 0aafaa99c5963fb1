package task

import (
	"cmp"
	"math"
	"slices"

	"triagent/agents"
	"triagent/agents/casebook"
	"triagent/incident"
)

// vectors puts what is known of each node, in the order of in.Nodes, into
// numbers without names of nodes, and what holds for all of them into a
// context: what a case book learns from and is asked about. A feature with a
// colon in its name is not for comparing nodes with each other.
type vectors struct {
	in       agents.Input
	b        *board
	nodes    []casebook.Features
	index    map[incident.NodeID]int
	context  casebook.Features
	from, to map[incident.NodeID][]int // by node: whom it calls, who calls it
	ruled    []int                     // rules told of each node, see mostRules
}

func newVectors(in agents.Input, b *board, hand []scored) *vectors {
	v := &vectors{in: in, b: b, context: casebook.Features{}, index: map[incident.NodeID]int{}}
	for i, n := range in.Nodes {
		v.nodes = append(v.nodes, casebook.Features{})
		v.index[n] = i
	}
	v.link()
	for _, m := range b.moves() {
		v.move(m)
	}
	v.tellings()
	v.rules()
	v.places()
	v.against("evidence", "evidence by others", "evidence of others")
	v.hand(hand)
	return v
}

// link reads who calls whom: from the graph, and from what callers say of whom
// they call.
func (v *vectors) link() {
	v.from, v.to = map[incident.NodeID][]int{}, map[incident.NodeID][]int{}
	for _, e := range v.in.Graph.Edges {
		v.edge(e.From, e.To)
	}
	for _, e := range v.in.Evidence {
		if e.Peer != "" && (e.Signal == "call.latency" || e.Signal == "call.error") {
			v.edge(e.Node, e.Peer)
		}
	}
}

func (v *vectors) edge(from, to incident.NodeID) {
	i, ok := v.index[from]
	j, known := v.index[to]
	if ok && known && i != j && !slices.Contains(v.from[from], j) {
		v.from[from] = append(v.from[from], j)
		v.to[to] = append(v.to[to], i)
	}
}

// move tells of one move how strong it is at each node, how it stands out, how
// much more there is of it than at the node's replicas.
func (v *vectors) move(m move) {
	name, moved := string(m.dir)+" "+string(m.signal), casebook.Moved+string(m.dir)+" "+string(m.signal)
	own := make([]float64, len(v.nodes))
	shown := 0.0
	for i, n := range v.in.Nodes {
		if s := v.b.sights[m][place{about: n}]; s != nil {
			own[i] = math.Min(most, s.strength)
			set(v.nodes[i], moved, own[i])
			set(v.nodes[i], name+" alone", s.value())
			shown++
		}
		if s := v.b.sights[m][place{about: n, peer: true}]; s != nil {
			set(v.nodes[i], moved+" said", math.Min(most, s.strength))
			set(v.nodes[i], name+" said alone", s.value())
		}
	}
	set(v.context, "case:"+name, shown/float64(len(v.nodes)))
	for i, n := range v.in.Nodes {
		if others := v.b.replicas[n]; len(others) > 0 {
			top := 0.0
			for _, o := range others {
				if j, ok := v.index[o]; ok {
					top = math.Max(top, own[j])
				}
			}
			set(v.nodes[i], name+" over replicas", own[i]-top)
			set(v.nodes[i], name+" replicas", top)
		}
	}
}

// tellings counts how often each move was told at a node, and by and of how
// many others.
func (v *vectors) tellings() {
	type told struct {
		node incident.NodeID
		name string
	}
	times := map[told]int{}
	pairs := map[told]map[incident.NodeID]bool{}
	pair := func(t told, other incident.NodeID) {
		if pairs[t] == nil {
			pairs[t] = map[incident.NodeID]bool{}
		}
		pairs[t][other] = true
	}
	for _, e := range v.in.Evidence {
		name := string(way(e.Direction)) + " " + string(e.Signal)
		if e.Peer == "" {
			times[told{e.Node, name + " times"}]++
			times[told{e.Node, "evidence"}]++
			continue
		}
		times[told{e.Node, "evidence of others"}]++
		times[told{e.Peer, "evidence by others"}]++
		pair(told{e.Peer, name + " sayers"}, e.Node)
		pair(told{e.Node, name + " said of"}, e.Peer)
	}
	for t, n := range times {
		v.tell(t.node, t.name, n)
	}
	for t, others := range pairs {
		v.tell(t.node, t.name, len(others))
	}
}

func (v *vectors) tell(node incident.NodeID, name string, n int) {
	if i, ok := v.index[node]; ok {
		set(v.nodes[i], name, math.Log1p(float64(n)))
	}
}

// places tells where a node stands: how many replicas it has, whom it calls and
// who calls it, and its share of all that was told.
func (v *vectors) places() {
	var all float64
	for i := range v.nodes {
		all += math.Expm1(v.nodes[i]["evidence"])
	}
	for i, n := range v.in.Nodes {
		f := v.nodes[i]
		set(f, "place:replicas", math.Log1p(float64(len(v.b.replicas[n]))))
		set(f, "place:callees", math.Log1p(float64(len(v.from[n]))))
		set(f, "place:callers", math.Log1p(float64(len(v.to[n]))))
		if all > 0 {
			set(f, "place:share", math.Expm1(f["evidence"])/all)
		}
		if v.in.Roles != nil {
			if led, member := v.in.Roles.Leads(n, v.in.Frame.Window); member > 0 {
				set(f, "place:leads", float64(led)/float64(member))
			}
		}
	}
	set(v.context, "case:nodes", math.Log1p(float64(len(v.nodes))))
}

// against tells features of a node as shares of the greatest of any node.
func (v *vectors) against(names ...string) {
	for _, name := range names {
		top := 0.0
		for _, f := range v.nodes {
			top = math.Max(top, math.Expm1(f[name]))
		}
		for _, f := range v.nodes {
			if top > 0 {
				set(f, "place:"+name, math.Expm1(f[name])/top)
			}
		}
	}
}

// hand tells what the hand-set weights make of each node: the best hypothesis
// about it and that of each fault, against the best of all nodes.
func (v *vectors) hand(list []scored) {
	best := map[incident.NodeID]float64{}
	top := map[incident.Fault]float64{}
	highest := math.Inf(-1)
	for _, h := range list {
		if len(h.Cites) == 0 {
			continue
		}
		highest = math.Max(highest, h.LogOdds)
		best[h.Node] = math.Max(orLow(best, h.Node), h.LogOdds)
		top[h.Fault] = math.Max(orLow(top, h.Fault), h.LogOdds)
	}
	for i, n := range v.in.Nodes {
		set(v.nodes[i], "hand:best", clip(orLow(best, n)-highest))
	}
	for _, h := range list {
		i, ok := v.index[h.Node]
		if !ok || len(h.Cites) == 0 {
			continue
		}
		set(v.nodes[i], "hand:suspicion", clip(h.suspicion))
		set(v.nodes[i], "card:of "+string(h.Fault), clip(h.support))
		set(v.nodes[i], "card:first "+string(h.Fault), clip(h.LogOdds-top[h.Fault]))
	}
}

// lowest stands for no hypothesis at all.
const lowest = -20

func orLow[K ~string](m map[K]float64, k K) float64 {
	if v, ok := m[k]; ok {
		return v
	}
	return lowest
}

func clip(v float64) float64 { return math.Max(lowest, math.Min(-lowest, v)) }

func set(f casebook.Features, name string, v float64) {
	if v != 0 && !math.IsNaN(v) && len(f) < casebook.MaxFeatures {
		f[name] = v
	}
}

// asked returns the nodes as a case book wants them.
func (v *vectors) asked() []casebook.Node {
	out := make([]casebook.Node, len(v.nodes))
	for i, n := range v.in.Nodes {
		out[i] = casebook.Node{Who: casebook.Mask(cmp.Or(v.b.infos[n].Service, string(n))), Features: v.nodes[i]}
	}
	return out
}
