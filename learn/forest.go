package learn

import (
	"context"
	"math"

	"golang.org/x/sync/errgroup"

	"triagent/internal/errs"
)

// ForestConfig sets how a forest is grown.
type ForestConfig struct {
	Trees int // 0: 200
	// Try is how many features a split may choose from, those that do not vary
	// not counted; 0: the root of all.
	Try int
	// Leaf is the least weight of the rows on either side of a split; 0: 1.
	Leaf  float64
	Depth int    // splits above a leaf, at most; 0: 24
	Seed  uint64 // of everything drawn
	Jobs  int    // trees at once; 0: 1. The forest does not depend on it
}

// Validate reports what is wrong with a ForestConfig, as kind Invalid.
func (c *ForestConfig) Validate() error {
	switch {
	case c.Trees < 0 || c.Trees > maxTrees:
		return errs.New(errs.Invalid, "%d trees, want at most %d", c.Trees, maxTrees)
	case c.Depth < 0 || c.Depth > maxDepth:
		return errs.New(errs.Invalid, "trees of depth %d, want at most %d", c.Depth, maxDepth)
	case c.Try < 0 || c.Jobs < 0 || !(c.Leaf >= 0) || math.IsInf(c.Leaf, 0):
		return errs.New(errs.Invalid, "features to try, jobs and the weight of a leaf must be finite and not negative")
	}
	return nil
}

func (c ForestConfig) withDefaults(features int) ForestConfig {
	if c.Trees == 0 {
		c.Trees = 200
	}
	if c.Try == 0 {
		c.Try = int(math.Ceil(math.Sqrt(float64(features))))
	}
	if c.Leaf == 0 {
		c.Leaf = 1
	}
	if c.Depth == 0 {
		c.Depth = 24
	}
	c.Jobs = max(1, c.Jobs)
	return c
}

// Forest tells the class of a row by the mean vote of its trees.
type Forest struct {
	features, classes int
	trees             []tree
}

// tree is its nodes in preorder: the left child of a split comes right after it.
type tree struct {
	nodes []node
	votes []float32 // of the leaves, one number a class
}

// node is a split, or a leaf if feature is negative. A row goes left if its
// feature is at most cut; one that misses the feature goes right.
type node struct {
	cut     float64
	feature int32
	next    int32 // split: index of the right child; leaf: of its votes
}

// Grow grows a forest of extremely randomised trees: every tree sees all rows,
// and at each split a few features are drawn, with one random cut each between
// the least and the greatest value that is there; the pair that lowers the Gini
// impurity most is taken. A leaf votes with the shares of the classes in it.
//
// Errors are of kind Invalid, or that of ctx.
//
// Source: Geurts, Ernst and Wehenkel, "Extremely randomized trees", Machine
// Learning 63, 2006, section 2. Beyond it, rows have weights, and a missing
// value goes right, so that being there can be told from missing by the cut at
// the greatest value.
func Grow(ctx context.Context, e *Examples, c ForestConfig) (*Forest, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults(e.Features())
	f := &Forest{features: e.Features(), classes: e.Classes, trees: make([]tree, c.Trees)}
	t := newTable(e)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(c.Jobs)
	for i := range f.trees {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			f.trees[i] = newGrower(t, c, uint64(i)).grow()
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return f, nil
}

// Features returns how many numbers a row has.
func (f *Forest) Features() int { return f.features }

// Classes returns how many classes there are.
func (f *Forest) Classes() int { return f.classes }

// Predict returns the probability of each class, which add up to 1. It panics
// if the row is not of the length that the forest was grown from.
func (f *Forest) Predict(row []float64) []float64 {
	if len(row) != f.features {
		panic("learn: row of another length than the forest was grown from")
	}
	out := make([]float64, f.classes)
	for i := range f.trees {
		for c, v := range f.trees[i].vote(row, f.classes) {
			out[c] += float64(v)
		}
	}
	var sum float64
	for _, v := range out {
		sum += v
	}
	for c := range out {
		out[c] /= sum
	}
	return out
}

func (t *tree) vote(row []float64, classes int) []float32 {
	i := int32(0)
	for t.nodes[i].feature >= 0 {
		if n := &t.nodes[i]; row[n.feature] <= n.cut {
			i++
		} else {
			i = n.next
		}
	}
	at := int(t.nodes[i].next)
	return t.votes[at : at+classes]
}
