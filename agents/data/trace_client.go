package data

import (
	"math"
	"sort"

	"triagent/evidence"
	"triagent/incident"
	"triagent/knowledge"
)

// clientView judges what clients saw of the nodes that they call, from spans
// that name their peer and whose other side recorded nothing.
type clientView struct {
	*model
	base     *knowledge.Base
	system   string
	exposure []float64 // seconds recorded, by bin
	out      []incident.Evidence
}

// Limits of what is said about a call.
const (
	fewErrors  = 3   // least failed calls
	rateEffect = .25 // least relative change of a rate
	flowEffect = .4  // least change of ln(amount per second)
	flowFloor  = .1  // least spread of that between blocks
	leastFlow  = 5   // seconds that an amount is measured over, at least
	perPeer    = 8   // most pieces of evidence about one caller
)

// clientEvidence returns what is odd about calls to peers, observed at the
// caller: Node is the caller, Peer the node called.
func (m *model) clientEvidence(base *knowledge.Base, system string) []incident.Evidence {
	v := &clientView{model: m, base: base, system: system, exposure: exposure(m.g, &m.total)}
	peers := map[pair]*peerTotal{}
	var order []*peerTotal
	for _, o := range m.opSeq {
		if o.peer == none {
			continue
		}
		k := pair{o.node, o.peer}
		if peers[k] == nil {
			peers[k] = &peerTotal{op: op{opKey: opKey{o.node, none, o.peer}, peerText: o.peerText}}
			order = append(order, peers[k])
		}
		peers[k].add(o, m.g.bins())
		v.latency(o)
		v.flow(o)
		v.statements(o)
	}
	for _, p := range order {
		v.errors(p)
		v.rate(p)
	}
	return strongest(v.out, perPeer*max(1, len(order)))
}

// peerTotal is all calls from one node to another.
type peerTotal struct {
	op
	ops []*op
}

func (p *peerTotal) add(o *op, bins int) {
	p.ops = append(p.ops, o)
	dense := make([]int32, bins)
	p.count.into(dense)
	o.count.into(dense)
	p.count = cell{dense: dense}
	fails := make([]int32, bins)
	p.fail.into(fails)
	o.fail.into(fails)
	p.fail = cell{dense: fails}
	p.failed = append(p.failed, o.failed...)
	p.first = append(p.first, o.first...)
}

func (v *clientView) latency(o *op) {
	c := v.g.mean(o.whole, fewCalls)
	if !c.known || c.sd < edgeZ || c.level-c.normal < selfEffect {
		return
	}
	// A change has to be sure and large: many calls make a small one sure, and
	// a few, of which some are as fast as ever, leave a large one unsure.
	sure, large := c.sd*healthyTop/selfHealthy, (c.level-c.normal)*healthyTop/edgeHealthy
	v.out = append(v.out, v.slower(o, c, math.Sqrt(sure*large), "call.latency", "trace.call_latency"))
}

// errors judges the share of calls to a peer that fail.
func (v *clientView) errors(p *peerTotal) {
	bins := v.g.bins()
	c := v.g.share(p.fail.counts(make([]int32, bins)), p.count.counts(make([]int32, bins)))
	if !c.known || !c.up || c.k < fewErrors || c.sd < weakEvent {
		return
	}
	ev := v.about(&p.op, c, "call.error", p.failed.from(c.start))
	cl := v.words("trace.call_error", &ev).
		count("before", p.fail.outside(v.g), spans(evidence.SpanFail, v.file, ev.Source.Query, "", v.g.usual()...)).
		count("calls_before", p.count.outside(v.g), spans(evidence.SpanCount, v.file, ev.Source.Query, "", v.g.usual()...)).
		count("after", p.fail.sum(c.start, v.g.stop), spans(evidence.SpanFail, v.file, ev.Source.Query, "", ev.Window)).
		count("calls", p.count.sum(c.start, v.g.stop), spans(evidence.SpanCount, v.file, ev.Source.Query, "", ev.Window))
	ev.Text, ev.Numbers = cl.text, cl.numbers
	v.out = append(v.out, ev)
}

// rate judges how often a peer is called, and, where that moved, which
// operation moved most.
func (v *clientView) rate(p *peerTotal) {
	c := v.g.rate(p.count.counts(make([]int32, v.g.bins())), v.exposure)
	if v.moved(c) {
		v.out = append(v.out, v.counted(&p.op, c, "request.rate"))
	}
	for _, o := range p.ops {
		c := v.g.rate(o.count.counts(make([]int32, v.g.bins())), v.exposure)
		if !v.moved(c) {
			continue
		}
		if s := v.meaning(o, "rate"); s != "" && s != "request.rate" {
			v.out = append(v.out, v.counted(o, c, s))
		}
	}
}

func (v *clientView) moved(c change) bool {
	return c.known && c.sd >= 2 && math.Abs(c.level-c.normal) > rateEffect*c.normal
}

// meaning asks what a quantity of an operation means; empty if it is not
// understood.
func (v *clientView) meaning(o *op, quantity string) incident.Signal {
	if v.base == nil {
		return ""
	}
	m, ok := v.base.Metric(v.system, "", v.ops.text[o.name]+"_"+quantity)
	if !ok {
		return ""
	}
	return m.Signal
}

func (v *clientView) counted(o *op, c change, signal incident.Signal) incident.Evidence {
	ev := v.about(o, c, signal, o.first.from(c.start))
	key := "trace.call_rate_up"
	if !c.up {
		key = "trace.call_rate_down"
	}
	cl := v.words(key, &ev).
		count("before", o.count.outside(v.g), spans(evidence.SpanCount, v.file, ev.Source.Query, "", v.g.usual()...)).
		count("after", o.count.sum(c.start, v.g.stop), spans(evidence.SpanCount, v.file, ev.Source.Query, "", ev.Window))
	ev.Text, ev.Numbers = cl.text, cl.numbers
	return ev
}

// about begins evidence on the calls of one operation, or of all, to a peer.
func (v *clientView) about(o *op, c change, signal incident.Signal, line int) incident.Evidence {
	name, selector := "", v.selector(o)
	if o.name != none {
		name = v.ops.text[o.name]
	}
	ev := incident.Evidence{
		Kind: incident.Trace, Node: v.nodeID(o.node), Peer: v.nodeID(o.peer), Signal: signal, Name: name,
		Direction: incident.Up, Score: c.sd, Window: v.g.window(c.start), Onset: v.g.onset(c.lo, c.hi),
		Source: incident.Source{File: v.file, Line: line, Query: selector},
	}
	if !c.up {
		ev.Direction = incident.Down
	}
	return ev
}

func (v *clientView) words(key string, ev *incident.Evidence) *claim {
	c := say(key, "node", string(ev.Node), "peer", string(ev.Peer), "operation", ev.Name)
	if ev.Name == "" {
		c = say(key+"_all", "node", string(ev.Node), "peer", string(ev.Peer))
	}
	return c
}

// flow judges the amounts that an operation's spans tell of, per second.
func (v *clientView) flow(o *op) {
	for _, k := range sortedKeys(o.attributes) {
		m := o.attributes[k]
		c := v.amount(m)
		if !c.known || !c.up {
			continue
		}
		signal := v.amountSignal(o, k)
		ev := v.about(o, c, signal, o.first.from(c.start))
		ev.Name = v.ops.text[o.name] + " " + k
		cl := say("trace.call_amount", "node", string(ev.Node), "peer", string(ev.Peer), "operation", v.ops.text[o.name], "attribute", k)
		cl.state("before", m.outside(v.g), spans(spanSum, v.file, ev.Source.Query, k, v.g.usual()...)).
			state("after", m.sum(c.start, v.g.stop), spans(spanSum, v.file, ev.Source.Query, k, ev.Window)).
			count("calls_before", o.count.outside(v.g), spans(evidence.SpanCount, v.file, ev.Source.Query, "", v.g.usual()...)).
			count("calls", o.count.sum(c.start, v.g.stop), spans(evidence.SpanCount, v.file, ev.Source.Query, "", ev.Window))
		ev.Text, ev.Numbers = cl.text, cl.numbers
		v.out = append(v.out, ev)
	}
}

// amountSignal is what an attribute of the operation counts: rows by the side
// that they move to, and everything else as the size of results.
func (v *clientView) amountSignal(o *op, attribute string) incident.Signal {
	switch sizeOf(attribute) {
	case "bytes", "size", "length":
		return "result.bytes"
	}
	if v.meaning(o, "rate") == "write.rate" {
		return "rows.written"
	}
	return "rows.read"
}

// amount judges the sum of an attribute per second, on a logarithmic scale,
// against the blocks of the baseline.
func (v *clientView) amount(m *moments) change {
	var levels []float64
	for _, b := range v.g.blocks {
		if s := total(v.exposure, b.lo, b.hi); s > 0 {
			levels = append(levels, math.Log1p(m.sum(b.lo, b.hi)/s))
		}
	}
	if len(levels) < 2 {
		return change{}
	}
	centre, spread := robust(levels)
	spread = max(spread, flowFloor)
	per := m.dense(v.g.bins())
	for i := range per {
		per[i] = moment{n: v.exposure[i], sum: per[i].sum}
	}
	c := v.g.scanMean(per, leastFlow, centre, func(mean, _, _ float64) float64 { return (math.Log1p(mean) - centre) / spread })
	c.level = math.Log1p(c.level)
	c.up = c.level-centre > flowEffect && c.sd > edgeZ
	return c
}

func total(x []float64, lo, hi int) (sum float64) {
	for _, v := range x[lo:hi] {
		sum += v
	}
	return sum
}

// statements tells of statements of a new form that take a good part of the
// time at a peer.
func (v *clientView) statements(o *op) {
	if o.shapes == nil || len(v.g.blocks) == 0 {
		return
	}
	var all float64
	var fresh []*shape
	for _, h := range o.shapes.seq {
		all += h.ms
		known := h.count.sum(0, v.g.search) + h.count.sum(v.g.stop, v.g.bins())
		if known == 0 && h.count.sum(v.g.search, v.g.stop) > 0 {
			fresh = append(fresh, h)
		}
	}
	sort.SliceStable(fresh, func(i, j int) bool { return fresh[i].ms > fresh[j].ms })
	usual, n := o.durations.quantile(.5, v.g.isUsual)
	for i, h := range fresh {
		worst := float64(h.worst) / 1e6
		if i == 2 || n == 0 || worst < slowFactor*max(usual, 1) {
			break
		}
		v.out = append(v.out, v.slowStatement(o, h, usual, h.ms/max(all, 1e-9)))
	}
}

// slowFactor is how many times slower than usual a new statement must be to
// count as slow.
const slowFactor = 5

func (v *clientView) slowStatement(o *op, h *shape, usual, part float64) incident.Evidence {
	dense := h.count.counts(make([]int32, v.g.bins()))
	lo := v.g.search
	for lo < v.g.stop-1 && dense[lo] == 0 {
		lo++
	}
	c := change{start: lo, lo: lo, hi: lo, up: true}
	c.sd = math.Log(float64(h.worst)/1e6/max(usual, 1)) * (1 + 4*math.Sqrt(part))
	ev := v.about(o, c, "query.slow", int(h.line))
	ev.Direction, ev.Name = incident.New, h.text
	worst, _ := o.durations.quantile(1, v.g.since(lo))
	before, _ := o.durations.quantile(.5, v.g.isUsual)
	cl := say("trace.statement_new", "node", string(ev.Node), "peer", string(ev.Peer), "operation", v.ops.text[o.name], "statement", clip(h.example)).
		state("worst", worst, spans(evidence.SpanQ, v.file, ev.Source.Query, "1", ev.Window)).
		state("before", before, spans(evidence.SpanQ, v.file, ev.Source.Query, "0.5", v.g.usual()...))
	ev.Text, ev.Numbers = cl.text, cl.numbers
	return ev
}

// clip cuts a text that is quoted in a sentence to a readable length.
func clip(s string) string {
	const most = 200
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "…"
}
