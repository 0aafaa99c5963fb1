package elastic

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"

	"triagent/connectors"
	"triagent/internal/errs"
)

// Documents that are asked for at once. A server gives no more than 10000 as it
// comes.
const (
	fullPage  = 5000
	leastPage = 10
)

// walk hands over the documents of one part.
type walk struct {
	g     *gathering
	p     *part
	asked []connectors.Node
	query string // as people may repeat it

	gave     int64
	nameless int64  // documents that name no node
	thin     string // how documents were left out; empty: none was
	blind    bool   // the rest names no nodes: it is not read to its end
}

// all hands over all documents of the span; of more than the part may have, the
// latest whole, as many as fill three quarters, and of those before them evenly
// many of each piece of the time.
func (w *walk) all(ctx context.Context) error {
	from, to, most := w.g.span.from, w.g.span.to, w.p.most
	if most == 0 || most >= w.p.count {
		whole, err := w.documents(ctx, w.g.span, 0)
		if err == nil && !whole && !w.blind {
			w.thin = fmt.Sprintf("the first %d; the bound of %d lines of all nodes was reached", w.gave, w.g.most)
		}
		return err
	}
	k := w.g.slices
	edge := func(i int64) int64 { return from + (to-from)*i/k }
	end, i := to, k-1
	for ; i >= 0 && w.gave < most-most/4; i-- {
		whole, err := w.documents(ctx, window{edge(i), end}, most-most/4-w.gave)
		if err != nil {
			return err
		}
		if !whole {
			i--
			break
		}
		end = edge(i)
	}
	w.thin = "whole from " + clock(end) + " on"
	if i < 0 {
		return nil
	}
	w.thin += fmt.Sprintf(", before it the first lines of each %v, about %d of each that has them",
		(time.Duration(to-from) * time.Millisecond / time.Duration(k)).Round(time.Millisecond), max(1, (most-w.gave)/(i+1)))
	for ; i >= 0 && w.gave < most; i-- {
		if _, err := w.documents(ctx, window{edge(i), edge(i + 1)}, max(1, (most-w.gave)/(i+1))); err != nil {
			return err
		}
	}
	return nil
}

// documents hands over those of a window, oldest first, and reports whether
// these are all: there were no more than most, 0 being no bound, and no more than
// may be handed over together.
func (w *walk) documents(ctx context.Context, span window, most int64) (bool, error) {
	if span.from >= span.to {
		return true, nil
	}
	query := w.g.s.of(span, w.p.filter...)
	before, limit := w.gave, int64(fullPage)
	var at cursor
	for {
		ask := limit
		if most > 0 { // one more says whether there are more
			ask = min(limit, most-(w.gave-before)+1+int64(len(at.seen)))
		}
		a, err := w.g.s.search(ctx, w.g.id(""), w.g.s.page(w.g.c, w.g.e, query, at.after, ask))
		if less := fewer(a, err, ask); less > 0 && ctx.Err() == nil {
			limit = less
			continue
		}
		if err != nil {
			return false, err
		}
		w.g.id(a.PIT)
		if why := a.lacks(); why != "" {
			if err := w.g.missing("some logs of "+w.p.name(), why); err != nil {
				return false, err
			}
		}
		list, err := a.sorted()
		if err != nil {
			return false, err
		}
		for i := range list {
			if at.had(&list[i]) {
				continue
			}
			if most > 0 && w.gave-before == most {
				return false, nil
			}
			if more, err := w.give(&list[i]); err != nil || !more {
				return false, err
			}
		}
		if full := int64(len(list)) == ask; full && at.after == nil && w.p.node == nil && w.nameless == ask {
			w.blind, w.nameless = true, w.p.count
			return false, nil
		}
		if int64(len(list)) < ask {
			return true, nil
		}
		at.next(w.g.e, list)
	}
}

// narrower is what an index says that gives fewer documents at once than it is
// asked for.
var narrower = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[Rr]esult window is too large.*less than or equal to: \[(\d+)\]`)
})

// fewer finds out whether a page was too large, and how large it may be; 0: it
// was not, or that is not why it failed.
func fewer(a *answer, err error, asked int64) int64 {
	said := ""
	switch {
	case err == nil:
		said = a.lacks()
	case errs.KindOf(err) == errs.Exhausted && asked > leastPage: // long documents
		return max(leastPage, asked/4)
	case errs.KindOf(err) == errs.Invalid:
		said = err.Error()
	}
	m := narrower().FindStringSubmatch(said)
	if m == nil {
		return 0
	}
	if n, err := strconv.ParseInt(m[1], 10, 64); err == nil && n > 0 && n < asked {
		return n
	}
	return 0
}

// cursor is where the next page begins.
type cursor struct {
	after *[2]int64
	last  [2]int64        // sort values of the last document
	seen  map[string]bool // documents of these values
}

// had reports whether a document was on an earlier page.
func (c *cursor) had(h *hit) bool {
	return c.seen != nil && [2]int64{h.at, h.tie} == c.last && c.seen[h.Index+"\xff"+h.ID]
}

// next moves behind the last document of a page that is not empty.
func (c *cursor) next(e engine, list []hit) {
	end := &list[len(list)-1]
	if last := [2]int64{end.at, end.tie}; c.seen == nil || last != c.last {
		c.last, c.seen = last, make(map[string]bool)
	}
	after := e.after(end.at, end.tie)
	c.after = &after
	for i := len(list) - 1; i >= 0 && list[i].at == end.at && list[i].tie == end.tie; i-- {
		c.seen[list[i].Index+"\xff"+list[i].ID] = true
	}
}

// give hands a document over; false: no more may be handed over.
func (w *walk) give(h *hit) (bool, error) {
	at := h.at
	if w.g.c.millis {
		at *= int64(time.Millisecond)
	}
	if ms := at / int64(time.Millisecond); ms < w.g.span.from || ms > w.g.span.to {
		return false, notElastic("it gives documents of a time that was not asked for")
	}
	if h.Source == nil {
		return true, w.g.missing("some logs of "+w.p.name(), "the index "+oneLine(h.Index, 100)+" keeps no documents, only what is searched for (_source is off)")
	}
	d := flat(h.Source)
	name := w.nodeOf(d)
	if name == "" {
		return true, nil
	}
	if w.g.most > 0 && w.g.left.Add(-1) < 0 {
		return false, nil
	}
	l, cut := w.g.s.line(d, h.Source, name)
	if cut {
		w.g.cut.Add(1)
	}
	l.Time, l.Query = at, w.query
	l.Raw = w.g.raw(name+"\xff"+d.text("log.file.path"), l.Raw)
	if err := sunk(w.g.to.Line(l)); err != nil {
		return false, err
	}
	w.gave++
	return true, nil
}

// raw reports whether a line is as the node wrote it: it, or one before it in
// the same file, begins with a time.
func (g *gathering) raw(file string, timed bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if timed {
		g.timed[file] = true
	}
	return g.timed[file]
}

// nodeOf is the node of a document; "": it names none, or one that nobody asked
// for.
func (w *walk) nodeOf(d document) string {
	if w.p.node != nil {
		return w.p.node.Names[0]
	}
	name, _ := d.first(w.g.s.c.Fields.Node)
	if name == "" {
		w.nameless++
		return ""
	}
	if len(w.asked) == 0 {
		return name
	}
	for _, a := range w.asked {
		for _, n := range a.Names {
			if n == name {
				return name
			}
		}
	}
	return ""
}
