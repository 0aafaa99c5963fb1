package loki

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// part is what is planned for one node.
type part struct {
	about int64 // lines it has; -1: not known
	most  int64 // lines it may hand over; -1: no bound of its own
}

// plan decides how many lines each node may hand over. As long as all fit by the
// index, or there is no bound, that is all.
func (g *gathering) plan(ctx context.Context, nodes []*node) ([]part, error) {
	parts := make([]part, len(nodes))
	for i := range parts {
		parts[i] = part{-1, -1}
	}
	if g.most == 0 || len(nodes) == 0 {
		return parts, nil
	}
	g.slices = min(48, max(6, 480/len(nodes)))
	// The index counts a line of every replica, and of chunks by their part in the span.
	all, err := g.s.about(ctx, g.span, g.s.asked()...)
	if err != nil || all >= 0 && all < g.most/2 {
		return parts, err
	}
	if err := g.counts(ctx, nodes, parts); err != nil {
		return nil, err
	}
	share(g.most, parts)
	return parts, nil
}

// counts asks the index how many lines each node has.
func (g *gathering) counts(ctx context.Context, nodes []*node, parts []part) error {
	const most = 100 // questions
	if len(nodes) > most {
		return nil
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(g.s.c.AtOnce)
	for i, n := range nodes {
		work.Go(func() (err error) {
			parts[i].about, err = g.s.about(ctx, g.span, n.selectors...)
			return err
		})
	}
	return work.Wait()
}

// share shares a number of lines out among nodes in their order, each as much as
// it seems to have, but so that half of an equal share stays for each that
// follows.
func share(most int64, parts []part) {
	want := func(p part) int64 {
		if p.about < 0 {
			return max(1, most/int64(len(parts)))
		}
		return p.about + p.about/4 + 1000 // what it has is estimated
	}
	least := max(1, most/int64(2*len(parts)))
	var later int64
	for _, p := range parts {
		later += min(want(p), least)
	}
	for i, p := range parts {
		later -= min(want(p), least)
		parts[i].most = max(1, min(want(p), most-later))
		most = max(0, most-parts[i].most)
	}
}
