package casebook

import (
	"context"
	"strings"

	"triagent/learn"
)

// grow grows the forests, where there are cases enough.
func (b *Book) grow(ctx context.Context, c Config) error {
	if b.count <= b.few {
		return nil
	}
	fc := learn.ForestConfig{Trees: c.Trees, Leaf: b.leaf, Seed: c.Seed, Jobs: c.Jobs}
	if fc.Trees == 0 {
		fc.Trees = 300
	}
	for i, n := range b.names {
		if b.count >= b.plenty || !strings.HasPrefix(n, ofAll) && !strings.HasPrefix(n, ofCard) {
			b.telling = append(b.telling, i)
		}
	}
	guilt, typing := &learn.Examples{Classes: 2}, &learn.Examples{Classes: len(b.kinds)}
	for _, e := range b.rows {
		add(guilt, b.tell(e.row), e.weight, min(1, e.kind+1))
		if e.kind >= 0 {
			add(typing, e.row, e.weight, e.kind)
		}
	}
	var err error
	fc.Try = max(1, int(b.try*float64(guilt.Features())))
	if b.forest, err = learn.Grow(ctx, guilt, fc); err != nil || len(b.kinds) < 2 {
		return err
	}
	fc.Seed, fc.Try = fc.Seed+1, max(1, int(b.try*float64(typing.Features())))
	b.typing, err = learn.Grow(ctx, typing, fc)
	return err
}

func add(to *learn.Examples, row []float64, weight float64, class int) {
	to.Rows = append(to.Rows, row)
	to.Class = append(to.Class, class)
	to.Weight = append(to.Weight, weight)
}

// tell is what of a row tells culprits from others.
func (b *Book) tell(row []float64) []float64 {
	out := make([]float64, len(b.telling))
	for i, c := range b.telling {
		out[i] = row[c]
	}
	return out
}
