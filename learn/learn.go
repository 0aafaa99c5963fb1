// Package learn tells classes of rows of numbers from examples: a forest of
// extremely randomised trees, and nearest cases where there are too few examples
// for trees. It knows nothing of incidents; what a column means, and which rows
// may be learned from, is the caller's business.
//
// Equal examples, settings and seed give the same forest, bit by bit, whatever
// the machine. A forest is safe for concurrent use once it is grown.
package learn

import (
	"math"

	"triagent/internal/errs"
)

// Bounds of what can be learned. They keep a file that was made up from taking
// the machine down; real tables are far below.
const (
	MaxFeatures = 1 << 16
	MaxClasses  = 1 << 10
	MaxRows     = 1 << 24
	maxTrees    = 1 << 12
	maxDepth    = 64
)

// Examples is a table to learn from.
type Examples struct {
	// Rows are all of one length, one number a feature. NaN is a missing number;
	// an infinite one is taken as missing, too.
	Rows [][]float64
	// Class of each row, from 0.
	Class []int
	// Classes is how many there are.
	Classes int
	// Weight of each row, finite and >= 0; nil: all 1. A row of weight 0 is not
	// learned from.
	Weight []float64
}

// Features returns the length of the rows; 0 where there are none.
func (e *Examples) Features() int {
	if len(e.Rows) == 0 {
		return 0
	}
	return len(e.Rows[0])
}

// Validate reports what is wrong with a table, as kind Invalid.
func (e *Examples) Validate() error {
	n, width := len(e.Rows), e.Features()
	switch {
	case n == 0 || width == 0:
		return errs.New(errs.Invalid, "nothing to learn from: %d rows of %d features", n, width)
	case n > MaxRows || width > MaxFeatures:
		return errs.New(errs.Invalid, "%d rows of %d features, want at most %d of %d", n, width, MaxRows, MaxFeatures)
	case e.Classes < 1 || e.Classes > MaxClasses:
		return errs.New(errs.Invalid, "%d classes, want 1 to %d", e.Classes, MaxClasses)
	case len(e.Class) != n || e.Weight != nil && len(e.Weight) != n:
		return errs.New(errs.Invalid, "%d rows, %d classes of rows, %d weights: want as many of each", n, len(e.Class), len(e.Weight))
	}
	var total float64
	for i, row := range e.Rows {
		if len(row) != width {
			return errs.New(errs.Invalid, "row %d has %d features, the first has %d", i, len(row), width)
		}
		if c := e.Class[i]; c < 0 || c >= e.Classes {
			return errs.New(errs.Invalid, "row %d is of class %d, want 0 to %d", i, c, e.Classes-1)
		}
		w := e.weight(i)
		if !(w >= 0) || math.IsInf(w, 0) {
			return errs.New(errs.Invalid, "row %d has weight %v, want a finite number that is not negative", i, w)
		}
		total += w
	}
	if !(total > 0) || math.IsInf(total, 0) {
		return errs.New(errs.Invalid, "the weights of the rows come to %v", total)
	}
	return nil
}

func (e *Examples) weight(i int) float64 {
	if e.Weight == nil {
		return 1
	}
	return e.Weight[i]
}
