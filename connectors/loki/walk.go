package loki

import (
	"context"
	"fmt"
	"time"

	"triagent/incident"
)

// walk hands over the lines of one selector.
type walk struct {
	g     *gathering
	n     *node
	sel   string
	gave  int64
	timed map[string]bool // streams whose lines have heads of their own
	thin  string          // how lines were left out; empty: none was
}

// all hands over all lines of the span; of more than most, the latest whole, as
// many as fill three quarters, and of those before them evenly many of each part
// of the time. 0 is no bound.
func (w *walk) all(ctx context.Context, most int64) error {
	from, to := w.g.span.From.UnixNano(), w.g.span.To.UnixNano()
	if most == 0 {
		whole, err := w.lines(ctx, from, to, 0)
		if err == nil && !whole {
			w.thin = fmt.Sprintf("the first %d lines; the bound of %d lines of all nodes was reached", w.gave, w.g.most)
		}
		return err
	}
	k := int64(w.g.slices)
	edge := func(i int64) int64 { return from + (to-from)/k*i }
	end, i := to, k-1
	for ; i >= 0 && w.gave < most-most/4; i-- {
		whole, err := w.lines(ctx, edge(i), end, most-most/4-w.gave)
		if err != nil {
			return err
		}
		if !whole {
			w.thin = fmt.Sprintf("whole from %s on", clock(end))
			i--
			break
		}
		end = edge(i)
	}
	least := int64(-1)
	for ; i >= 0; i-- {
		n := max(1, (most-w.gave)/(i+1))
		if w.gave >= most {
			n = 0
		}
		if least < 0 || n < least {
			least = n
		}
		whole, err := n == 0, error(nil)
		if n > 0 {
			whole, err = w.lines(ctx, edge(i), edge(i+1), n)
		}
		if err != nil {
			return err
		}
		if w.thin == "" && (!whole || n == 0) {
			w.thin = fmt.Sprintf("whole from %s on", clock(edge(i+1)))
		}
	}
	if w.thin != "" && least >= 0 {
		w.thin += fmt.Sprintf(", before it the first lines of each %v, at least %d of each that has them", time.Duration((to-from)/k).Round(time.Second), least)
	}
	return nil
}

func clock(at int64) string { return time.Unix(0, at).UTC().Format(time.RFC3339) }

// lines hands over the lines from a moment on up to before another, oldest
// first, and reports whether these are all: there were no more than most, 0
// being no bound, and no more than the nodes may hand over together.
func (w *walk) lines(ctx context.Context, from, to, most int64) (bool, error) {
	var gave int64
	var seen map[string]int // lines of the moment from that were handed over
	limit := w.g.s.page.Load()
	for from < to {
		ask := limit
		if most > 0 {
			ask = min(limit, most-gave+1+total(seen)) // one more says whether there are more
		}
		list, err := w.g.s.lines(ctx, w.sel, from, to, ask)
		if err != nil {
			if less, ok := w.g.s.fewer(err, ask); ok {
				limit = less
				continue
			}
			return false, err
		}
		for i := range list {
			e := &list[i]
			if e.at == from && seen[e.key()] > 0 {
				seen[e.key()]--
				continue
			}
			if most > 0 && gave == most || w.g.most > 0 && w.g.left.Add(-1) < 0 {
				return false, nil
			}
			if err := sunk(w.g.to.Line(w.record(e))); err != nil {
				return false, err
			}
			gave++
			w.gave++
		}
		if int64(len(list)) < ask {
			return true, nil
		}
		if from, seen, err = w.next(list, from); err != nil {
			return false, err
		}
	}
	return true, nil
}

// next is where the page after a full one begins: at the moment of its last
// line, of which there may be more, without the lines of it that were there.
func (w *walk) next(list []row, from int64) (int64, map[string]int, error) {
	last := list[len(list)-1].at
	if last == from { // a page of one moment: there is no way to ask for the rest of it
		return last + 1, nil, sunk(w.g.to.Missing(incident.Missing{
			What: "some log lines of " + w.n.Names[0],
			Why:  fmt.Sprintf("there are %d or more of the very moment %s, and the server gives no more at once (raise its max_entries_limit_per_query)", len(list), time.Unix(0, last).UTC().Format(time.RFC3339Nano)),
		}))
	}
	seen := make(map[string]int)
	for i := len(list) - 1; i >= 0 && list[i].at == last; i-- {
		seen[list[i].key()]++
	}
	return last, seen, nil
}

func total(seen map[string]int) (n int64) {
	for _, k := range seen {
		n += int64(k)
	}
	return n
}
