package data

import (
	"math"

	"triagent/evidence"
	"triagent/incident"
)

// Bounds on times, in the unit of the moments: ln(1 + ms).
const (
	selfEffect = .3 // least effect of own time that counts
	edgeZ      = 3  // an edge counts from here on
	hotZ       = 4  // a node needs one edge this far off
	hotEffect  = .4 // and this much slower
	mostEffect = 5
	fewCalls   = 3 // least calls since the onset
	spreadAt   = .35
	manyCalls  = 10 // least calls for telling a constant shift from a spread
)

// Scores are brought to one scale: a healthy window tops out about healthyTop.
// FINDINGS: own time tops out about z = 8, the mean effect of edges about .6.
const (
	healthyTop  = 5.0
	selfHealthy = 8.0
	edgeHealthy = .6
)

// selfEvidence tells which operations take more of their node's own time.
func (m *model) selfEvidence() []incident.Evidence {
	var out []incident.Evidence
	for _, o := range m.opSeq {
		if o.self == nil {
			continue
		}
		c := m.g.mean(o.self, fewCalls)
		if !c.known || c.level-c.normal < selfEffect {
			continue
		}
		score := c.sd * healthyTop / selfHealthy
		if score < weakEvent {
			continue
		}
		out = append(out, m.slower(o, c, score, "span.self_time", "trace.self_time"))
	}
	return strongest(out, 3)
}

// latencyEvidence tells which entries of a node take longer, whoever's time it
// is.
func (m *model) latencyEvidence() []incident.Evidence {
	var out []incident.Evidence
	for _, e := range m.entries {
		o := m.plainOp(e.node, e.op)
		if o == nil || o.peer != none {
			continue
		}
		c := m.g.mean(o.whole, fewCalls)
		if !c.known || c.level-c.normal < hotEffect || c.sd < hotZ {
			continue
		}
		out = append(out, m.slower(o, c, c.sd*healthyTop/selfHealthy, "span.latency", "trace.latency"))
	}
	return strongest(out, 2)
}

// slower words an operation that takes longer.
func (m *model) slower(o *op, c change, score float64, signal incident.Signal, key string) incident.Evidence {
	ev := incident.Evidence{
		Kind: incident.Trace, Node: m.nodeID(o.node), Peer: m.nodeID(o.peer), Signal: signal, Name: m.ops.text[o.name],
		Unit: "ms", Direction: incident.Up, Score: score, Window: m.g.window(c.start), Onset: m.g.onset(c.lo, c.hi),
		Source: incident.Source{File: m.file, Line: o.slow.from(c.start)},
	}
	q := m.telling(o, c)
	if signal == "span.self_time" && q.rise < (c.level-c.normal)/2 { // its own time is a small part, or it waits less
		q = quantiles[0]
		q.key = "_part"
	}
	cl := say(key+q.key, "node", string(ev.Node), "operation", ev.Name, "peer", string(ev.Peer))
	m.durations(cl, o, c.start, q, "")
	ev.Text, ev.Numbers = cl.text, cl.numbers
	return ev
}

// told is the quantile by which a text tells of durations.
type told struct {
	q    float64
	arg  string
	key  string  // what it adds to the key of a phrase
	rise float64 // change of ln(1 + ms)
}

// quantiles are those that texts tell of, the most familiar one first.
var quantiles = []told{{q: .5, arg: "0.5"}, {q: .9, arg: "0.9", key: "_p90"}, {q: .99, arg: "0.99", key: "_p99"}}

// telling is the quantile of an operation's durations that shows a change which
// was found in their mean: the first that moved by half of it, or else the one
// that moved most. The mean moves with a few slow calls, the median does not.
func (m *model) telling(o *op, c change) told {
	var best told
	for i, t := range quantiles {
		before, _ := o.durations.quantile(t.q, m.g.isUsual)
		after, _ := o.durations.quantile(t.q, m.g.since(c.start))
		t.rise = math.Log1p(after) - math.Log1p(before)
		if math.IsNaN(t.rise) || t.rise >= (c.level-c.normal)/2 {
			return t
		}
		if i == 0 || t.rise > best.rise {
			best = t
		}
	}
	return best
}

// durations states a quantile of the durations of an operation before and after,
// and over how many spans.
func (m *model) durations(c *claim, o *op, start int, t told, prefix string) {
	sel, w := m.selector(o), m.g.window(start)
	before, _ := o.durations.quantile(t.q, m.g.isUsual)
	after, _ := o.durations.quantile(t.q, m.g.since(start))
	c.state(prefix+"before", before, spans(evidence.SpanQ, m.file, sel, t.arg, m.g.usual()...)).
		state(prefix+"after", after, spans(evidence.SpanQ, m.file, sel, t.arg, w)).
		count(prefix+"calls", o.count.sum(start, m.g.stop), spans(evidence.SpanCount, m.file, sel, "", w))
}

// judged is an edge with the change of its time.
type judged struct {
	*edge
	change
}

func (j judged) effect() float64 { return j.level - j.normal }

// netEvidence gives each node the mean effect over all its edges: the node that
// owns every slow edge is the one that is slow, since each of its neighbours
// has other edges that are not.
func (m *model) netEvidence() []incident.Evidence {
	if !m.servers {
		return nil
	}
	edges := make([][]judged, len(m.nodes.text))
	for _, e := range m.edgeSeq {
		c := m.g.mean(e.net, fewCalls)
		if !c.known {
			continue
		}
		j := judged{e, c}
		edges[e.from] = append(edges[e.from], j)
		if e.to != e.from {
			edges[e.to] = append(edges[e.to], j)
		}
	}
	var out []incident.Evidence
	for n, list := range edges {
		out = append(out, m.nodeNet(int32(n), list)...)
	}
	return out
}

// nodeNet judges the edges of one node.
func (m *model) nodeNet(n int32, list []judged) []incident.Evidence {
	var sum float64
	var hottest *judged
	for i := range list {
		j := &list[i]
		if j.sd > edgeZ && j.effect() > 0 {
			sum += min(j.effect(), mostEffect)
		}
		if j.sd > hotZ && j.effect() > hotEffect && (hottest == nil || j.effect()*math.Sqrt(j.n) > hottest.effect()*math.Sqrt(hottest.n)) {
			hottest = j
		}
	}
	if hottest == nil {
		return nil
	}
	score := sum / float64(len(list)) / edgeHealthy * healthyTop
	if score < weakEvent {
		return nil
	}
	return []incident.Evidence{m.wordNet(n, hottest, score)}
}

func (m *model) wordNet(n int32, j *judged, score float64) incident.Evidence {
	other := j.to
	if other == n {
		other = j.from
	}
	ev := incident.Evidence{
		Kind: incident.Trace, Node: m.nodeID(n), Peer: m.nodeID(other), Signal: "call.net_time", Name: m.ops.text[j.op],
		Unit: "ms", Direction: incident.Up, Score: score, Shape: m.shapeOf(j),
		Window: m.g.window(j.start), Onset: m.g.onset(j.lo, j.hi),
		Source: incident.Source{File: m.file, Line: j.client.slow.from(j.start)},
	}
	key := "trace.call_slow"
	if j.at != nil {
		key = "trace.call_net"
	}
	q := m.telling(j.client, j.change)
	c := say(key+q.key, "node", string(ev.Node), "from", m.nodes.text[j.from], "to", m.nodes.text[j.to], "operation", ev.Name,
		"client_operation", m.ops.text[j.client.name])
	m.durations(c, j.client, j.start, q, "")
	if j.at != nil {
		m.durations(c, j.at, j.start, q, "own_")
	}
	ev.Text, ev.Numbers = c.text, c.numbers
	return ev
}

// shapeOf tells a constant shift (Step: every call waits the same, as behind a
// slow network) from a spread (Spike: some calls wait much longer, as for a
// starved process); empty where there are too few calls to tell.
func (m *model) shapeOf(j *judged) incident.Shape {
	median, n := j.whole.quantile(.5, m.g.since(j.start))
	if n < manyCalls || median <= 0 {
		return ""
	}
	high, _ := j.whole.quantile(.9, m.g.since(j.start))
	if (high-median)/median < spreadAt {
		return incident.Step
	}
	return incident.Spike
}
