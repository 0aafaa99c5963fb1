package intake

import (
	"context"
	"log/slog"
	"time"

	"triagent/store"
)

// between is the least time between the first two diagnoses of an incident that
// alerts bring about. It doubles each time, so many times at most.
const (
	between  = time.Minute
	maxAgain = 5
)

// actor is who acts for alerts.
var actor = store.Actor{Name: "triagent"}

// settle takes over into the index what the store made of a plan, and tells the
// callers.
func (in *Intake) settle(ctx context.Context, batch []*call, p *plan, arrivals []store.Arrival) {
	now := in.now()
	touched := make(map[string]bool)
	for i := range arrivals {
		a := &arrivals[i]
		if a.Incident == "" {
			continue
		}
		touched[a.Incident] = true
		in.settleOne(p, i, a)
	}
	for n, c := range batch {
		c.arrivals = make([]store.Arrival, len(c.signals))
		for i, at := range p.pos[n] {
			if at >= 0 {
				c.arrivals[i] = arrivals[at]
			}
		}
	}
	for id := range touched {
		if e := in.index.byID[id]; e != nil && len(e.live) == 0 && !e.partial {
			in.index.drop(e) // the store has closed it
		}
	}
	in.again(ctx, now)
}

// settleOne takes over one arrival.
func (in *Intake) settleOne(p *plan, i int, a *store.Arrival) {
	x, e := in.index, p.entries[i]
	switch {
	case e != nil && !x.entries[e]:
		return // it is to be read anew
	case e == nil:
		if e = x.byID[a.Incident]; e == nil {
			return
		}
		x.track(e, p.signals[i])
	case e.id == "" && a.Opened:
		e.id, e.number = a.Incident, numberOf(a.Incident)
		x.byID[e.id] = e
	case e.id != a.Incident: // another process was first, or somebody closed it
		in.distrust(e, x.byID[a.Incident])
		return
	}
	if a.New {
		e.alerts++
		if !a.Opened {
			x.behind[e] = true
		}
	}
}

// again asks for another diagnosis of the incidents that alerts or nodes have
// joined, unless one is to come anyway; each time it waits twice as long. What
// fails is tried with the next batch.
func (in *Intake) again(ctx context.Context, now time.Time) {
	settle := in.timing.Load().settle
	for e := range in.index.behind {
		if e.id == "" || e.due.After(now) {
			delete(in.index.behind, e)
			continue
		}
		due := now.Add(settle)
		if next := e.due.Add(between << min(e.again, maxAgain)); !e.due.IsZero() && due.Before(next) {
			due = next
		}
		if _, err := in.store.Enqueue(ctx, actor, e.id, "alerts", due); err != nil {
			in.log.WarnContext(ctx, "no new diagnosis for nodes that joined; will try again", slog.String("incident", e.id), slog.Any("error", err))
			continue
		}
		e.due = due
		e.again++
		delete(in.index.behind, e)
	}
}
