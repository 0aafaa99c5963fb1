package report

import (
	"cmp"
	"slices"
	"strconv"

	"triagent/incident"
)

// maxGraphNodes bounds the call graph of a page; of more nodes those are drawn
// that matter, and the page says so.
const maxGraphNodes = 28

// Sizes of the call graph in its own units.
const (
	nodeWidth, nodeHeight = 156, 46
	columnGap, rowGap     = 104, 18
	graphMargin           = 14
)

// graphView is the call graph as coordinates.
type graphView struct {
	Prefix        string // makes the identifiers of a page unique
	Width, Height int
	Nodes         []nodeView
	Edges         []edgeView // those where trouble spread come last, on top
	Note          string     // what is not shown; empty: everything is
	Kinds         []legendView
}

type nodeView struct {
	X, Y, CX, TextX, NameY, RoleY, TagY int
	Name, Full, Detail, Class, Tag      string
	Leads                               bool
	BarY, BarWidth, BarFull             int
}

type edgeView struct{ Path, Class, Title, Marker string }

type legendView struct{ Class, Label string }

// cell is a node's place while the graph is laid out.
type cell struct {
	node  incident.GraphNode
	layer int
	order float64
	x, y  int
}

// graph lays the call graph out: callers left, whom they call right of them,
// nodes without calls last. Equal graphs give equal layouts. nil: no nodes.
func (o Options) graph(d *incident.Diagnosis, prefix string) *graphView {
	if len(d.Graph.Nodes) == 0 {
		return nil
	}
	nodes, edges := shown(d)
	cells := layout(nodes, edges)
	v := &graphView{Prefix: prefix, Width: graphMargin}
	if n := len(d.Graph.Nodes); n > len(nodes) {
		v.Note = o.say("ui.more_nodes", "shown", strconv.Itoa(len(nodes)), "all", strconv.Itoa(n))
	}
	byID := map[incident.NodeID]*cell{}
	for i := range cells {
		c := &cells[i]
		byID[c.node.ID] = c
		v.Width = max(v.Width, c.x+nodeWidth+graphMargin)
		v.Height = max(v.Height, c.y+nodeHeight+graphMargin)
		v.Nodes = append(v.Nodes, o.nodeView(c, d))
	}
	v.edges(o, d, edges, byID)
	v.Width += 60 // for edges within the last layer
	return v
}

// shown picks the nodes to draw: all, or those named by the diagnosis and then
// the oddest, with the edges between them.
func shown(d *incident.Diagnosis) ([]incident.GraphNode, []incident.GraphEdge) {
	nodes := slices.Clone(d.Graph.Nodes)
	if len(nodes) > maxGraphNodes {
		named := map[incident.NodeID]bool{}
		for _, c := range d.Causes[:min(len(d.Causes), 5)] {
			named[c.Node] = true
		}
		for _, s := range d.Propagation {
			named[s.From], named[s.To] = true, true
		}
		slices.SortStableFunc(nodes, func(a, b incident.GraphNode) int {
			if named[a.ID] != named[b.ID] {
				if named[a.ID] {
					return -1
				}
				return 1
			}
			return cmp.Or(cmp.Compare(b.Oddness, a.Oddness), cmp.Compare(a.ID, b.ID))
		})
		nodes = nodes[:maxGraphNodes]
	}
	in := map[incident.NodeID]bool{}
	for _, n := range nodes {
		in[n.ID] = true
	}
	var edges []incident.GraphEdge
	for _, e := range d.Graph.Edges {
		if in[e.From] && in[e.To] && e.From != e.To {
			edges = append(edges, e)
		}
	}
	return nodes, edges
}

// layout gives every node a layer, and a position within it by the mean position
// of its callers (one pass of the barycentre heuristic of Sugiyama, Tagawa and
// Toda, 1981).
func layout(nodes []incident.GraphNode, edges []incident.GraphEdge) []cell {
	cells := make([]cell, len(nodes))
	index := map[incident.NodeID]int{}
	for i, n := range nodes {
		cells[i].node = n
		index[n.ID] = i
	}
	layers(cells, index, edges)
	slices.SortFunc(cells, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.layer, b.layer), cmp.Compare(a.node.Service, b.node.Service), cmp.Compare(a.node.ID, b.node.ID))
	})
	for i := range cells {
		index[cells[i].node.ID] = i
	}
	rows := map[int]int{}
	for i := range cells {
		cells[i].order = float64(rows[cells[i].layer])
		rows[cells[i].layer]++
	}
	tallest := 0
	for _, n := range rows {
		tallest = max(tallest, n)
	}
	arrange(cells, index, edges)
	at := map[int]int{}
	for i := range cells {
		c := &cells[i]
		gap := (tallest - rows[c.layer]) * (nodeHeight + rowGap) / 2
		c.x = graphMargin + c.layer*(nodeWidth+columnGap)
		c.y = graphMargin + gap + at[c.layer]*(nodeHeight+rowGap)
		at[c.layer]++
	}
	return cells
}

// layers puts every callee right of its callers. Calls that close a circle are
// left out by bounding the rounds; unconnected nodes share one layer at the end.
func layers(cells []cell, index map[incident.NodeID]int, edges []incident.GraphEdge) {
	linked := map[int]bool{}
	const deepest = 6
	for range deepest {
		moved := false
		for _, e := range edges {
			if e.Kind != "call" {
				continue
			}
			a, b := index[e.From], index[e.To]
			linked[a], linked[b] = true, true
			if l := cells[a].layer + 1; cells[b].layer < l && l <= deepest && !calls(edges, e.To, e.From) {
				cells[b].layer, moved = l, true
			}
		}
		if !moved {
			break
		}
	}
	last := -1
	for i := range cells {
		if linked[i] {
			last = max(last, cells[i].layer)
		}
	}
	for i := range cells {
		if !linked[i] {
			cells[i].layer = last + 1
		}
	}
}

// calls reports whether there is a call between two nodes.
func calls(edges []incident.GraphEdge, from, to incident.NodeID) bool {
	return slices.ContainsFunc(edges, func(e incident.GraphEdge) bool { return e.Kind == "call" && e.From == from && e.To == to })
}

// arrange orders each layer by where the callers are.
func arrange(cells []cell, index map[incident.NodeID]int, edges []incident.GraphEdge) {
	sum, n := make([]float64, len(cells)), make([]float64, len(cells))
	for _, e := range edges {
		a, b := index[e.From], index[e.To]
		if e.Kind == "call" && cells[a].layer < cells[b].layer {
			sum[b] += cells[a].order
			n[b]++
		}
	}
	for i := range cells {
		if n[i] > 0 {
			cells[i].order = sum[i] / n[i]
		}
	}
	slices.SortStableFunc(cells, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.layer, b.layer), cmp.Compare(a.order, b.order))
	})
}

func (o Options) nodeView(c *cell, d *incident.Diagnosis) nodeView {
	n := c.node
	v := nodeView{
		X: c.x, Y: c.y, CX: c.x + nodeWidth/2, TextX: c.x + 12, NameY: c.y + 19, RoleY: c.y + 35, TagY: c.y - 5,
		Name: middle(clean(string(n.ID)), 17), Full: clean(string(n.ID)), Class: classOf(n.ID, d),
		Leads: n.Role == incident.Leader || n.Role == incident.ConfigLeader,
		BarY:  c.y + nodeHeight - 4, BarFull: nodeWidth - 2, BarWidth: part(n.Oddness, nodeWidth-2),
	}
	role := n.Service
	if n.Role != "" && n.Role != incident.UnknownRole && n.Role != incident.Service {
		role = o.name("role", string(n.Role))
	}
	v.Detail = middle(clean(role), 22)
	if v.Class != "other" {
		v.Tag = o.say("ui." + v.Class)
	}
	return v
}

// classOf says what part a node plays: culprit, suspect, victim or other.
func classOf(id incident.NodeID, d *incident.Diagnosis) string {
	if d.Verdict == incident.Healthy {
		return "other"
	}
	for i, c := range d.Causes {
		if c.Node != id {
			continue
		}
		switch {
		case (i == 0 || c.Probability >= 0.5) && d.Verdict != incident.Inconclusive:
			return "culprit"
		case i < leastSuspects && (d.Verdict == incident.Inconclusive || c.Probability >= 0.1):
			return "suspect"
		}
	}
	for _, s := range d.Propagation {
		if s.To == id {
			return "victim"
		}
	}
	return "other"
}

// edges draws the edges between the shown nodes, and those that trouble took.
func (v *graphView) edges(o Options, d *incident.Diagnosis, edges []incident.GraphEdge, at map[incident.NodeID]*cell) {
	type pair struct{ from, to incident.NodeID }
	took := map[pair]bool{}
	for _, s := range d.Propagation {
		if at[s.From] != nil && at[s.To] != nil && s.From != s.To {
			took[pair{s.From, s.To}] = true
		}
	}
	kinds := map[string]bool{}
	for _, e := range edges {
		class := "call"
		label := o.say("ui.recorded_call")
		switch e.Kind {
		case "replication", "connection":
			class, label = e.Kind, o.say("ui."+e.Kind)
		}
		if !kinds[class] {
			kinds[class] = true
			v.Kinds = append(v.Kinds, legendView{class, label})
		}
		title := o.say("ui.edge", "from", string(e.From), "to", string(e.To)) + " · " + label
		if e.Count > 0 {
			title += " · " + count(int64(e.Count))
		}
		if e.Oddness >= 0.5 {
			class += " odd"
		}
		v.Edges = append(v.Edges, edgeView{Path: curve(at[e.From], at[e.To]), Class: class, Title: clean(title)})
	}
	for _, s := range d.Propagation {
		p := pair{s.From, s.To}
		if !took[p] {
			continue
		}
		took[p] = false
		title := o.say("ui.edge", "from", string(s.From), "to", string(s.To)) + " · " + o.say("ui.spread_edge")
		v.Edges = append(v.Edges, edgeView{
			Path: curve(at[s.From], at[s.To]), Class: "spread", Title: clean(title), Marker: "url(#" + v.Prefix + "arrow)",
		})
		if !kinds["spread"] {
			kinds["spread"] = true
			v.Kinds = append(v.Kinds, legendView{"spread", o.say("ui.spread_edge")})
		}
	}
}

// curve is the path of an edge: between facing sides, or around the right side
// within one layer.
func curve(a, b *cell) string {
	ya, yb := a.y+nodeHeight/2, b.y+nodeHeight/2
	xa, xb, ca, cb := a.x+nodeWidth, b.x, 0, 0
	switch {
	case a.layer < b.layer:
		ca, cb = xa+columnGap/2, xb-columnGap/2
	case a.layer > b.layer:
		xa, xb = a.x, b.x+nodeWidth
		ca, cb = xa-columnGap/2, xb+columnGap/2
	default:
		xb = b.x + nodeWidth
		out := 18 + min(abs(ya-yb)/6, 56)
		ca, cb = xa+out, xb+out
	}
	n := strconv.Itoa
	return "M" + n(xa) + " " + n(ya) + " C" + n(ca) + " " + n(ya) + " " + n(cb) + " " + n(yb) + " " + n(xb) + " " + n(yb)
}

func abs(n int) int { return max(n, -n) }
