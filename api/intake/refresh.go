package intake

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"triagent/store"
)

// unsure reports whether a batch holds alerts that the index does not know, so
// that it matters what other processes have opened.
func (in *Intake) unsure(batch []*call) bool {
	if in.index == nil {
		return true
	}
	for _, c := range batch {
		for i := range c.signals {
			if in.index.live[c.signals[i].alert.Fingerprint] == nil {
				return true
			}
		}
	}
	return false
}

// lookUp asks the store for alerts that have ended and that the index does not
// know: of incidents that are resolved, or beyond what the index holds.
func (in *Intake) lookUp(ctx context.Context, batch []*call) error {
	for _, c := range batch {
		for i := range c.signals {
			s := &c.signals[i]
			if s.firing() || s.startless {
				continue
			}
			if e := in.index.live[s.alert.Fingerprint]; e != nil && e.live[s.alert.Fingerprint].Equal(s.alert.Starts) {
				continue
			}
			f := store.AlertFilter{Source: s.alert.Source, From: s.alert.Starts, To: s.alert.Starts.Add(1), Limit: alertPage}
			items, _, err := in.store.Alerts(ctx, f)
			if err != nil {
				return fmt.Errorf("look for an alert that ended: %w", err)
			}
			s.stored = slices.ContainsFunc(items, func(a store.Alert) bool { return a.Fingerprint == s.alert.Fingerprint })
		}
	}
	return nil
}

// refresh brings the index up to date with the store, if it may be behind. To
// read what is open may cost a tenth of the time at most, if alerts are eager
// to know, otherwise a twentieth.
func (in *Intake) refresh(ctx context.Context, eager bool) error {
	now := in.now()
	x, whole := in.index, in.stale.Swap(false) || in.index == nil
	if !whole {
		age := now.Sub(in.fresh.at)
		if eager && age < max(100*time.Millisecond, 10*in.fresh.cost) || !eager && age < max(time.Second, 20*in.fresh.cost) {
			return nil
		}
	}
	err := in.readGraph(ctx)
	if err == nil {
		var revision int64
		if revision, err = in.store.Revision(ctx); err == nil && (whole || revision != in.fresh.revision) {
			if whole {
				x = newIndex()
			}
			if err = in.reconcile(ctx, x); err == nil {
				in.index, in.fresh.revision, in.fresh.cost = x, revision, in.now().Sub(now)
			}
		}
	}
	if err != nil {
		in.stale.Store(true)
		return fmt.Errorf("read what is open: %w", err)
	}
	in.fresh.at = in.now()
	return nil
}

// distrust takes entries out of the index, so that they are read anew before
// the next alert is placed. Nil ones are skipped.
func (in *Intake) distrust(list ...*entry) {
	for _, e := range list {
		if e != nil {
			in.index.drop(e)
		}
	}
	in.fresh.at, in.fresh.revision = time.Time{}, -1
}

// freshness is how far the index can be trusted.
type freshness struct {
	at       time.Time     // when the store was asked
	revision int64         // of the store, when the index was read
	cost     time.Duration // of reading it
}

// reconcile makes the index agree with the incidents that are open. Only those
// with alerts count: nobody's alert joins an uploaded bundle.
func (in *Intake) reconcile(ctx context.Context, x *index) error {
	rows, err := in.store.OpenIncidents(ctx)
	if err != nil {
		return err
	}
	open := make(map[string]bool, len(rows))
	for i := range rows {
		row := &rows[i]
		if row.Alerts == 0 {
			continue
		}
		open[row.ID] = true
		e := x.byID[row.ID]
		if e == nil {
			if e, err = in.readEntry(ctx, x, row); err != nil {
				return err
			}
		}
		x.update(e, row)
	}
	for id, e := range x.byID {
		if !open[id] {
			x.drop(e)
		}
	}
	return nil
}

// update takes over what the store says of an incident.
func (x *index) update(e *entry, row *store.Incident) {
	for _, n := range row.Nodes {
		x.reach(e, hostOf(n))
	}
	x.belong(e, row.System)
	if row.Alerts > e.alerts && e.alerts > 0 {
		e.span(row.Updated) // another process took alerts
	}
	e.alerts = row.Alerts
}

// The alerts of an incident that are read to know it.
const (
	alertPage  = 500
	alertPages = 20
)

// readEntry reads an incident that the index does not know.
func (in *Intake) readEntry(ctx context.Context, x *index, row *store.Incident) (*entry, error) {
	e := newEntry()
	e.id, e.key, e.number = row.ID, row.Key, numberOf(row.ID)
	e.span(row.Started)
	if !row.Ended.IsZero() {
		e.span(row.Ended)
	}
	x.add(e)
	f := store.AlertFilter{Incident: row.ID, Limit: alertPage}
	for range alertPages {
		items, next, err := in.store.Alerts(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range items {
			s := known(&items[i])
			x.join(e, &s)
			if s.firing() {
				x.track(e, &s)
			}
		}
		if f.After = next; next == "" {
			return e, nil
		}
	}
	e.partial = true
	return e, nil
}

// known makes a signal of an alert that is stored.
func known(a *store.Alert) signal {
	return signal{alert: *a, at: a.Starts, hosts: distinct(hostOf(a.Node), hostOf(a.Peer))}
}

// numberOf is the number in an incident's ID.
func numberOf(id string) int64 {
	n, _ := strconv.ParseInt(strings.TrimPrefix(id, "inc-"), 10, 64)
	return n
}
