package learn

import (
	"math"
	"math/rand/v2"
)

// table is what trees are grown from: the examples by column, without rows of
// weight 0.
type table struct {
	columns [][]float64 // by feature; missing is NaN
	class   []int
	weight  []float64
	classes int
}

func newTable(e *Examples) *table {
	t := &table{classes: e.Classes, columns: make([][]float64, e.Features())}
	var kept []int
	for i := range e.Rows {
		if w := e.weight(i); w > 0 {
			kept = append(kept, i)
			t.class = append(t.class, e.Class[i])
			t.weight = append(t.weight, w)
		}
	}
	for f := range t.columns {
		t.columns[f] = make([]float64, len(kept))
		for j, i := range kept {
			v := e.Rows[i][f]
			if math.IsInf(v, 0) {
				v = math.NaN()
			}
			t.columns[f][j] = v
		}
	}
	return t
}

// grower grows one tree.
type grower struct {
	*table
	c        ForestConfig
	rng      *rand.Rand
	rows     []int // all rows; each node has a stretch of it
	spare    []int
	features []int // all features, drawn from by swapping
	out      tree
	left     []float64 // weight by class
	right    []float64
}

func newGrower(t *table, c ForestConfig, number uint64) *grower {
	g := &grower{table: t, c: c, rng: rand.New(rand.NewPCG(c.Seed, number))}
	g.rows, g.spare = make([]int, len(t.class)), make([]int, len(t.class))
	for i := range g.rows {
		g.rows[i] = i
	}
	g.features = make([]int, len(t.columns))
	for i := range g.features {
		g.features[i] = i
	}
	g.left, g.right = make([]float64, t.classes), make([]float64, t.classes)
	return g
}

func (g *grower) grow() tree {
	g.node(0, len(g.rows), 0)
	return g.out
}

// node grows what rows[from:to] come to.
func (g *grower) node(from, to, depth int) {
	feature, cut, ok := -1, 0.0, false
	if depth < g.c.Depth && !g.pure(from, to) {
		feature, cut, ok = g.split(from, to)
	}
	if !ok {
		g.leaf(from, to)
		return
	}
	at := len(g.out.nodes)
	g.out.nodes = append(g.out.nodes, node{feature: int32(feature), cut: cut})
	mid := g.partition(from, to, feature, cut)
	g.node(from, mid, depth+1)
	g.out.nodes[at].next = int32(len(g.out.nodes))
	g.node(mid, to, depth+1)
}

func (g *grower) pure(from, to int) bool {
	for _, r := range g.rows[from:to] {
		if g.class[r] != g.class[g.rows[from]] {
			return false
		}
	}
	return true
}

func (g *grower) leaf(from, to int) {
	votes := make([]float64, g.classes)
	var sum float64
	for _, r := range g.rows[from:to] {
		votes[g.class[r]] += g.weight[r]
		sum += g.weight[r]
	}
	g.out.nodes = append(g.out.nodes, node{feature: -1, next: int32(len(g.out.votes))})
	for _, v := range votes {
		g.out.votes = append(g.out.votes, float32(v/sum))
	}
}

// split draws features, with a cut each, and returns the best pair.
func (g *grower) split(from, to int) (feature int, cut float64, ok bool) {
	best, tried := math.Inf(-1), 0
	for i := range g.features {
		j := i + g.rng.IntN(len(g.features)-i)
		g.features[i], g.features[j] = g.features[j], g.features[i]
		f := g.features[i]
		c, varies := g.draw(from, to, f)
		if !varies {
			continue
		}
		if s, sound := g.score(from, to, f, c); sound && s > best {
			best, feature, cut, ok = s, f, c, true
		}
		if tried++; tried == g.c.Try {
			break
		}
	}
	return feature, cut, ok
}

// draw returns a cut between the least and the greatest value of a feature. If
// values are missing, the cut may be at the greatest: those there go left. It
// reports false where nothing tells the rows apart.
func (g *grower) draw(from, to, f int) (cut float64, varies bool) {
	lo, hi, missing := math.Inf(1), math.Inf(-1), 0
	column := g.columns[f]
	for _, r := range g.rows[from:to] {
		v := column[r]
		if math.IsNaN(v) {
			missing++
			continue
		}
		lo, hi = math.Min(lo, v), math.Max(hi, v)
	}
	switch {
	case missing == to-from || missing == 0 && lo == hi:
		return 0, false
	case lo == hi || missing > 0 && g.rng.IntN(to-from) < missing:
		return hi, true
	}
	cut = lo + g.rng.Float64()*(hi-lo)
	if math.IsInf(cut, 0) || math.IsNaN(cut) { // the range overflows
		cut = lo/2 + hi/2
	}
	if cut >= hi { // rounding: one side would be empty
		cut = lo
	}
	return cut, true
}

// score is how much a split lowers impurity: the sum over both sides of the
// squared weights of the classes over their sum, which is the Gini impurity
// turned round, less what does not depend on the split. Sound is false where a
// side weighs too little.
func (g *grower) score(from, to, f int, cut float64) (gain float64, sound bool) {
	clear(g.left)
	clear(g.right)
	column := g.columns[f]
	for _, r := range g.rows[from:to] {
		if column[r] <= cut {
			g.left[g.class[r]] += g.weight[r]
		} else {
			g.right[g.class[r]] += g.weight[r]
		}
	}
	for _, side := range [][]float64{g.left, g.right} {
		var sum, squares float64
		for _, w := range side {
			sum += w
			squares += w * w
		}
		if sum < g.c.Leaf || sum == 0 {
			return 0, false
		}
		gain += squares / sum
	}
	return gain, true
}

// partition puts the rows that go left before the others, in their order, and
// returns where the others begin.
func (g *grower) partition(from, to, f int, cut float64) int {
	mid, rest := from, g.spare[:0]
	column := g.columns[f]
	for _, r := range g.rows[from:to] {
		if column[r] <= cut {
			g.rows[mid] = r
			mid++
		} else {
			rest = append(rest, r)
		}
	}
	copy(g.rows[mid:to], rest)
	return mid
}
