package casebook

import (
	"math"
	"strings"

	"triagent/learn"
)

// fill makes the rows of all nodes.
func (b *Book) fill(cases []Case) error {
	var rows [][]float64
	b.habits = newHabits(cases)
	for i := range cases {
		c := &cases[i]
		b.habits.add(c, -1) // as if it were new
		judged := b.judge(c.Nodes)
		b.habits.add(c, 1)
		for j := range c.Nodes {
			n := &c.Nodes[j]
			e := example{row: b.row(c.Context, judged[j]), kind: -1, of: i}
			if n.Culprit {
				e.kind = b.kindOf(kind{n.Fault, n.Label})
			}
			b.rows, rows = append(b.rows, e), append(rows, e.row)
		}
	}
	weight := make([]float64, len(b.names))
	for f, name := range b.names {
		weight[f] = compareBy(name, f, rows)
	}
	var err error
	b.index, err = learn.NewIndex(rows, weight)
	return err
}

func (b *Book) judge(nodes []Node) []Features {
	who, features := make([]string, len(nodes)), make([]Features, len(nodes))
	for i, n := range nodes {
		who[i], features[i] = n.Who, n.Features
	}
	return b.habits.judge(b.moves, who, features)
}

func (b *Book) kindOf(k kind) int {
	for i := range b.kinds {
		if b.kinds[i] == k {
			return i
		}
	}
	return -1
}

// row puts features in the order of the book; those that it does not know are
// left out.
func (b *Book) row(context, own Features) []float64 {
	row := make([]float64, len(b.names))
	for _, f := range []Features{context, own} {
		for k, v := range f {
			if i, ok := b.column[k]; ok {
				row[i] = v
			}
		}
	}
	return row
}

// compareBy is the weight of a feature where rows are compared: its rarity over
// its usual size. What has a colon in its name makes no two nodes alike: what
// the hand-set weights say, where a node stands, and what holds for all nodes.
func compareBy(name string, f int, rows [][]float64) float64 {
	if strings.Contains(name, ":") {
		return 0
	}
	var sum, n float64
	for _, r := range rows {
		if r[f] != 0 {
			sum += math.Abs(r[f])
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return math.Log(1+float64(len(rows))/n) * n / sum
}

// share gives each case its weight: 1, divided by how many cases of its kind are
// as good as the same.
func (b *Book) share(cases int) []float64 {
	first := make([]int, cases) // the first culprit stands for its case
	for i := range first {
		first[i] = -1
	}
	for i, e := range b.rows {
		if e.kind >= 0 && first[e.of] < 0 {
			first[e.of] = i
		}
	}
	alike := make([]int, cases)
	for i := range cases {
		alike[i]++
		q := b.index.Query(b.rows[first[i]].row)
		for j := range i {
			if b.rows[first[i]].kind == b.rows[first[j]].kind && b.index.Alike(q, first[j]) >= b.same {
				alike[i]++
				alike[j]++
			}
		}
	}
	out := make([]float64, cases)
	for i, n := range alike {
		out[i] = 1 / float64(n)
	}
	return out
}

// weigh spreads the weight of each case over its nodes.
func (b *Book) weigh(weight []float64) {
	guilty, innocent := make([]float64, len(weight)), make([]float64, len(weight))
	for _, e := range b.rows {
		if e.kind >= 0 {
			guilty[e.of]++
		} else {
			innocent[e.of]++
		}
	}
	for i := range b.rows {
		e := &b.rows[i]
		e.weight = weight[e.of] * (1 - b.guilty) / math.Max(1, innocent[e.of])
		if e.kind >= 0 {
			e.weight = weight[e.of] * b.guilty / guilty[e.of]
		}
	}
}
