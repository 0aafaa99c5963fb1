package task

import (
	"cmp"
	"context"
	"math"
	"slices"

	"triagent/agents"
	"triagent/agents/casebook"
	"triagent/incident"
	"triagent/telemetry"
)

// Remember makes a case of the evidence of in and of what is known to have been
// the cause. It reports false where nothing can be learned: nothing was wrong,
// or no cause names a node that was examined.
func Remember(ctx context.Context, in agents.Input, t telemetry.Truth) (casebook.Case, bool) {
	c := casebook.Case{ID: string(in.Bundle.Incident.ID)}
	if ctx.Err() != nil || t.Healthy {
		return c, false
	}
	b := newBoard(in)
	v := newVectors(in, b, score(in, b))
	c.Context = v.context
	guilty := map[incident.NodeID]telemetry.TrueCause{}
	for _, cause := range t.Causes {
		if _, named := guilty[cause.Node]; !named && slices.Contains(in.Nodes, cause.Node) {
			guilty[cause.Node] = cause
		}
	}
	order := make([]int, len(in.Nodes)) // culprits, then who shows most
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int {
		_, gx := guilty[in.Nodes[x]]
		_, gy := guilty[in.Nodes[y]]
		if gx != gy {
			if gx {
				return -1
			}
			return 1
		}
		return cmp.Compare(len(v.nodes[y]), len(v.nodes[x]))
	})
	nodes := v.asked()
	for _, i := range order[:min(len(order), casebook.MaxNodes)] {
		cause, is := guilty[in.Nodes[i]]
		nodes[i].Culprit, nodes[i].Fault, nodes[i].Label = is, cause.Fault, cause.Label
		c.Nodes = append(c.Nodes, nodes[i])
	}
	return c, len(guilty) > 0
}

// recall weighs hypotheses anew by remembered cases, best first. The odds of
// nodes, and of faults at a node, are pooled: those of the hand-set weights to
// the power of 1-w, those of the book to that of w (a logarithmic opinion pool;
// Genest and Zidek, Statistical Science 1, 1986). What a node gains or loses by
// that counts as suspicion: cases of old tell who it is, not that anything is
// wrong. Without a book, or where it has no opinion, the list stays as it is.
// Also returned is w, 0 to 1.
func recall(in agents.Input, b *board, list []scored) ([]scored, float64) {
	if in.Book == nil || len(list) == 0 {
		return list, 0
	}
	v := newVectors(in, b, list)
	o := in.Book.Weigh(v.context, v.asked())
	if o.Weight == 0 {
		return list, 0
	}
	temper := causeTemper
	if onlyAlerts(in.Bundle) {
		temper = alertTemper
	}
	p := &pool{vectors: v, opinion: o, temper: temper, list: voiced(in, o, list)}
	return p.reweigh(), o.Weight
}

// voiced returns the list with a hypothesis of every fault that the book knows
// at every node that shows anything: also of faults that no card describes, as a
// user's own names are, or that no card sees there. Such a one cites what the
// best hypothesis about the node does.
func voiced(in agents.Input, o casebook.Opinion, list []scored) []scored {
	type claim struct {
		node  incident.NodeID
		fault incident.Fault
	}
	out := slices.Clone(list)
	at, best := map[claim]int{}, map[incident.NodeID]int{}
	for i, h := range out {
		at[claim{h.Node, h.Fault}] = i
		if _, ok := best[h.Node]; !ok && len(h.Cites) > 0 {
			best[h.Node] = i
		}
	}
	for _, n := range in.Nodes {
		first, ok := best[n]
		if !ok {
			continue
		}
		for _, k := range o.Kinds {
			i, known := at[claim{n, k.Fault}]
			if !known {
				i = len(out)
				at[claim{n, k.Fault}] = i
				h := scored{Hypothesis: out[first].Hypothesis}
				h.Fault, h.LogOdds, h.Cites, h.Against = k.Fault, base-unheard, nil, nil
				out = append(out, h)
			}
			if h := &out[i]; len(h.Cites) == 0 {
				first := &out[first]
				h.suspicion = math.Max(0, h.LogOdds-(first.LogOdds-first.suspicion)) // nothing new is wrong by it
				h.Cites, h.Onset = slices.Clone(first.Cites), first.Onset
			}
		}
	}
	return out
}

// What is said of what nobody has heard of.
const (
	unheard = 3.0  // log-odds that a fault lacks which no card describes
	never   = 1e-6 // probability that is as good as none
	// unheardOf is the probability that the cards leave to a fault that none of them
	// describes: of that they know nothing.
	unheardOf = 0.02
)

// pool joins two opinions about the same hypotheses.
type pool struct {
	vectors *vectors
	opinion casebook.Opinion
	temper  float64
	list    []scored
}

func (p *pool) reweigh() []scored {
	top := p.list[0].LogOdds
	var all float64                     // hand-set odds of all, against the first
	of := map[incident.NodeID]float64{} // and of those about each node
	odds := make([]float64, len(p.list))
	for i, h := range p.list {
		odds[i] = math.Exp((h.LogOdds - top) / p.temper)
		of[h.Node] += odds[i]
		all += odds[i]
	}
	w, best := p.opinion.Weight, math.Inf(-1)
	pooled := make([]float64, len(p.list))
	for i := range p.list {
		h := &p.list[i]
		n := p.vectors.index[h.Node]
		kind, label := p.kind(n, h.Fault)
		fits := odds[i] / of[h.Node]
		if h.card == nil && h.Fault != incident.UnknownFault {
			fits = math.Max(fits, unheardOf)
		}
		kind += p.opinion.Unseen[n] * fits // of a fault that it has not seen the book knows nothing
		hand := math.Log(of[h.Node]/all+never) + math.Log(fits+never)
		pooled[i] = p.temper * ((1-w)*hand + w*(math.Log(p.opinion.Culprit[n]+never)+math.Log(kind+never)))
		h.label = label
		best = math.Max(best, pooled[i])
	}
	for i := range p.list { // on the scale of before
		h := &p.list[i]
		h.suspicion += pooled[i] + top - best - h.LogOdds
		h.LogOdds = pooled[i] + top - best
	}
	rank(p.list)
	return p.list
}

// kind is what the book says of a fault at a node, and the likeliest label.
func (p *pool) kind(n int, f incident.Fault) (probability float64, label string) {
	best := 0.0
	for k, known := range p.opinion.Kinds {
		if known.Fault == f {
			v := p.opinion.Kind[n][k]
			probability += v
			if v > best {
				best, label = v, known.Label
			}
		}
	}
	return probability, label
}
