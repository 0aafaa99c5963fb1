package learn

import (
	"cmp"
	"math"
	"slices"

	"triagent/internal/errs"
)

// Index finds examples that are like a row. Most features of evidence are zero,
// so rows are kept sparse and looking costs what is in them. It is safe for
// concurrent use.
type Index struct {
	weight []float64 // of each feature
	rows   [][]entry
	sums   []float64 // weighted size of each row
}

type entry struct {
	feature int32
	value   float64
}

// Neighbor is an example near a row.
type Neighbor struct {
	Index int     // of the example
	Alike float64 // 0..1
}

// NewIndex makes an index of rows, all as long as weight, which holds how much a
// difference in each feature counts (finite, >= 0). A number that is missing or
// infinite is taken as 0. Errors are of kind Invalid.
func NewIndex(rows [][]float64, weight []float64) (*Index, error) {
	for i, w := range weight {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, errs.New(errs.Invalid, "feature %d has weight %v", i, w)
		}
	}
	x := &Index{weight: weight}
	for i, row := range rows {
		if len(row) != len(weight) {
			return nil, errs.New(errs.Invalid, "row %d has %d features, want %d", i, len(row), len(weight))
		}
		q := x.Query(row)
		x.rows, x.sums = append(x.rows, q.entries), append(x.sums, q.sum)
	}
	return x, nil
}

// Len returns how many examples there are.
func (x *Index) Len() int { return len(x.rows) }

// Query is a row made ready to be compared.
type Query struct {
	entries []entry
	dense   []float64
	sum     float64
}

// Query makes a row ready. It panics if the row is not as long as those of the
// index.
func (x *Index) Query(row []float64) Query {
	if len(row) != len(x.weight) {
		panic("learn: row of another length than the index was made of")
	}
	q := Query{dense: row}
	for f, v := range row {
		if w := x.weight[f]; v != 0 && w > 0 && !math.IsNaN(v) && !math.IsInf(v, 0) {
			q.entries = append(q.entries, entry{int32(f), v})
			q.sum += w * math.Abs(v)
		}
	}
	return q
}

// Alike says how much a row has in common with example i, 0 to 1: the sum over
// features of what both hold over the sum of what either holds. Where signs
// differ nothing is common. Two rows without anything have nothing in common.
//
// It is the weighted Jaccard similarity (Ruzicka 1958), with signs.
func (x *Index) Alike(q Query, i int) float64 {
	var both float64
	for _, e := range x.rows[i] {
		if v := q.dense[e.feature]; v*e.value > 0 && !math.IsInf(v, 0) {
			both += x.weight[e.feature] * math.Min(math.Abs(v), math.Abs(e.value))
		}
	}
	either := q.sum + x.sums[i] - both
	if !(either > 0) || math.IsInf(either, 0) {
		return 0
	}
	return math.Min(1, both/either)
}

// Nearest returns the k examples that are most like a row and have anything in
// common with it, nearest first; ties go to the earlier one.
func (x *Index) Nearest(row []float64, k int) []Neighbor {
	q := x.Query(row)
	out := make([]Neighbor, 0, len(x.rows))
	for i := range x.rows {
		if a := x.Alike(q, i); a > 0 {
			out = append(out, Neighbor{Index: i, Alike: a})
		}
	}
	slices.SortStableFunc(out, func(a, b Neighbor) int { return cmp.Compare(b.Alike, a.Alike) })
	return out[:max(0, min(k, len(out)))]
}
