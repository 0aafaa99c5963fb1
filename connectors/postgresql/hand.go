package postgresql

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// handing hands over what was seen.
type handing struct {
	s    *Source
	ask  connectors.Ask
	to   connectors.Sink
	list []*seat
	c    *cluster
	seen []*watched
	gave int64 // samples
}

// all hands everything over, the most telling first.
func (h *handing) all(live bool, now time.Time) error {
	if err := h.to.Found(found(h.list, h.c, h.ask.Span)); err != nil {
		return err
	}
	if err := h.said(live, now); err != nil {
		return err
	}
	if err := h.presence(); err != nil {
		return err
	}
	if err := h.changes(); err != nil {
		return err
	}
	order := make([]int, len(h.seen))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(h.rank(a), h.rank(b)) })
	for _, i := range order {
		if h.seen[i].id == nil {
			continue
		}
		for _, x := range h.seen[i].record.series(h.list[i].name()) {
			if err := h.series(x); err != nil {
				return err
			}
		}
	}
	return nil
}

// rank is how early a node was asked for.
func (h *handing) rank(i int) int {
	n := h.list[i]
	at := slices.IndexFunc(h.ask.Nodes, func(x connectors.Node) bool {
		return slices.Contains(x.Names, n.name()) || slices.Contains(x.Names, n.at.String())
	})
	if at < 0 {
		return len(h.ask.Nodes)
	}
	return at
}

// series hands over a series within the bound of samples.
func (h *handing) series(x connectors.Series) error {
	h.gave += int64(len(x.Times))
	if most := h.ask.Limit.Samples; most > 0 && h.gave > most {
		return &errs.Error{Op: "postgresql", Kind: errs.Exhausted, Err: fmt.Errorf("more than %d samples", most), Remedy: "ask for fewer nodes, or lower sample, statements or databases"}
	}
	return h.to.Series(x)
}

// presence is which nodes answered, now and when they were asked before.
func (h *handing) presence() error {
	from, to := h.ask.Span.From.UnixNano(), h.ask.Span.To.UnixNano()
	for _, n := range h.list {
		x := connectors.Series{Node: n.name(), Name: "pg_up", Query: "connect to " + n.at.String() + " and ask\n" + text("identity")}
		if n.at == (address{}) {
			continue
		}
		for _, u := range h.s.memory.recall(n.at).ups {
			if u.at < from || u.at > to {
				continue
			}
			x.Times, x.Values = append(x.Times, u.at), append(x.Values, float64(btoi(u.up)))
		}
		if len(x.Times) == 0 {
			continue
		}
		if err := h.series(x); err != nil {
			return err
		}
	}
	return nil
}

// said says what is missing and what was left out.
func (h *handing) said(live bool, now time.Time) error {
	var all []error
	miss := func(what, why, remedy string) {
		if remedy != "" {
			why += " (" + remedy + ")"
		}
		all = append(all, h.to.Missing(incident.Missing{What: what, Why: why}))
	}
	if now.After(h.ask.Span.To) {
		miss("metrics and sessions of PostgreSQL in the span", fmt.Sprintf("it ended %v ago, and PostgreSQL keeps no history",
			now.Sub(h.ask.Span.To).Round(time.Second)), "have Prometheus scrape an exporter, and declare it as a source too")
	}
	if live {
		for _, l := range append(h.s.lacks(h.list), h.s.patroniLacks(h.list, h.c)...) {
			miss(l.What, l.Why, l.Remedy)
		}
	}
	for i, w := range h.seen {
		told := make(map[string]bool)
		for _, err := range w.lost {
			what, _, _ := cut(err)
			why, remedy := explain(err)
			if !told[what] {
				told[what] = true
				miss(what+" of "+h.list[i].name(), why, remedy)
			}
		}
		if kept := int64(len(w.last.list)); w.last.all > kept && kept > 0 {
			all = append(all, h.to.Reduced(incident.Reduction{
				Stage: "metrics", In: w.last.all, Out: kept, Unit: "statements",
				How: "the slowest and the heaviest of " + h.list[i].name(), Rest: "raise statements, or ask pg_stat_statements",
			}))
		}
		if w.id != nil {
			k := w.id.clock
			k.Of = h.list[i].name()
			all = append(all, h.to.Clock(k))
		}
	}
	return errors.Join(all...)
}
