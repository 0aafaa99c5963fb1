package casebook

import (
	"math"

	"triagent/incident"
)

// least is the least probability of a node to be the culprit, and to be none.
const least = 0.002

// Opinion is what a book says of a new case.
type Opinion struct {
	// Weight is how far the book is to be believed against what is known without
	// it, 0 to 1.
	Weight float64
	// Culprit is the probability of each node to be the culprit; they add up to 1.
	Culprit []float64
	// Kinds are the faults, with their labels, that the book knows, and Kind the
	// probability of each, by node. Unseen is the probability, by node, that its
	// fault is one that the book has not seen: with it they add up to 1.
	Kinds  []Kind
	Kind   [][]float64
	Unseen []float64
}

// Kind is a fault as a user called it.
type Kind struct {
	Fault incident.Fault
	Label string
}

// Cases returns how many cases the book was made of.
func (b *Book) Cases() int { return b.cases }

// Weigh asks the book about the nodes of a new case. Where the case has next to
// nothing in common with any remembered one, the opinion has no weight. Of the
// nodes, it looks at Who and Features.
func (b *Book) Weigh(context Features, nodes []Node) Opinion {
	if b == nil || b.cases == 0 || len(nodes) == 0 {
		return Opinion{}
	}
	o := Opinion{Culprit: make([]float64, len(nodes)), Kind: make([][]float64, len(nodes)), Unseen: make([]float64, len(nodes))}
	for _, k := range b.kinds {
		o.Kinds = append(o.Kinds, Kind{Fault: k.fault, Label: k.label})
	}
	var sum, closest float64
	for i, f := range b.judge(nodes) {
		culprit, kinds, alike := b.ask(b.row(context, f))
		culprit = math.Max(least, math.Min(1-least, culprit))
		o.Culprit[i] = math.Pow(culprit/(1-culprit), b.power) // one of them is, the others are not
		sum += o.Culprit[i]
		o.Unseen[i] = b.unseen * (1 - within(alike, b.like, b.same)) // what is like one that was seen is hardly new
		for k := range kinds {
			kinds[k] *= 1 - o.Unseen[i]
		}
		o.Kind[i] = kinds
		closest = math.Max(closest, alike)
	}
	for i := range o.Culprit {
		o.Culprit[i] /= sum
	}
	o.Weight = b.count / (b.count + b.halfway) * within(closest, b.unlike, b.like) * b.knows(nodes)
	return o
}

// knows is how far the book was made on the system of the nodes, 0 to 1: fully
// where it has seen half of their services, and not at all where it has seen a
// quarter or less, since names like user or gateway are everywhere. What tells a
// culprit in one system misleads in another, where it is measured otherwise.
func (b *Book) knows(nodes []Node) float64 {
	seen := 0.0
	for _, n := range nodes {
		if b.habits.each[n.Who] != nil {
			seen++
		}
	}
	return within(seen/float64(len(nodes)), 0.25, 0.5)
}

// within is where v stands between lo and hi, 0 to 1.
func within(v, lo, hi float64) float64 { return math.Max(0, math.Min(1, (v-lo)/(hi-lo))) }

// ask returns the probability that a node is a culprit, that of each kind if it
// is, and how much it is like the nearest culprit.
func (b *Book) ask(row []float64) (culprit float64, kinds []float64, alike float64) {
	trees := 0.0
	if b.forest != nil {
		trees = within(b.count, b.few, b.many)
	}
	culprit, kinds, alike = b.near(row)
	if trees == 0 {
		return culprit, kinds, alike
	}
	culprit = (1-trees)*culprit + trees*b.forest.Predict(b.tell(row))[1]
	if b.typing != nil {
		for k, v := range b.typing.Predict(row) {
			kinds[k] = (1-trees)*kinds[k] + trees*v
		}
	}
	return culprit, kinds, alike
}

// near compares a row with all examples: the share of the culprits in the weight
// of those like it, and among the culprits that of each kind.
func (b *Book) near(row []float64) (culprit float64, kinds []float64, alike float64) {
	kinds = make([]float64, len(b.kinds))
	var guilty, all float64
	q := b.index.Query(row)
	for i, e := range b.rows {
		a := b.index.Alike(q, i)
		w := e.weight * math.Exp(b.sharp*(a-1))
		all += w
		if e.kind >= 0 {
			guilty += w
			kinds[e.kind] += w
			alike = math.Max(alike, a)
		}
	}
	for k := range kinds {
		kinds[k] /= guilty
	}
	return guilty / all, kinds, alike
}
