package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"triagent/internal/errs"
	"triagent/store"
)

const (
	maxBatch       = 2_000            // alerts in one transaction, if they are of several calls
	maxTransaction = maxAlerts        // alerts in one transaction, whoever they are of
	maxWaiting     = 100_000          // alerts that may wait for a transaction
	patience       = 30 * time.Second // for one transaction
)

// call is one caller's alerts and what became of them.
type call struct {
	now      time.Time
	signals  []signal
	arrivals []store.Arrival // one for each signal
	err      error
	done     bool // arrivals and err are set
	leads    bool // it is this caller's turn to lead
	ready    chan struct{}
}

// queue holds the calls that wait. One caller at a time leads: it takes what
// waits, in order, and works it off until its own call is done.
type queue struct {
	mu      sync.Mutex
	calls   []*call
	waiting int // alerts in calls
	led     bool
}

// submit waits until a call is done, by this caller or another.
func (in *Intake) submit(ctx context.Context, c *call) error {
	q := &in.queue
	q.mu.Lock()
	if q.waiting+len(c.signals) > maxWaiting && q.waiting > 0 {
		q.mu.Unlock()
		e := errs.New(errs.Unavailable, "%d alerts wait to be stored already", maxWaiting)
		e.Remedy = "send it again in some seconds"
		return e
	}
	q.calls = append(q.calls, c)
	q.waiting += len(c.signals)
	lead := !q.led
	q.led = true
	q.mu.Unlock()
	if !lead {
		select {
		case <-c.ready:
		case <-ctx.Done():
			if q.leave(c) {
				return &errs.Error{Op: "take alerts", Kind: errs.Unavailable, Err: context.Cause(ctx)}
			}
			<-c.ready // it is in a transaction, or leads: that ends soon
		}
	}
	if !c.done {
		in.lead(ctx, c)
	}
	return c.err
}

// leave takes a call back that nobody works on; false: somebody does.
func (q *queue) leave(c *call) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.calls, c)
	if i < 0 || c.leads {
		return false
	}
	q.calls = slices.Delete(q.calls, i, i+1)
	q.waiting -= len(c.signals)
	return true
}

// lead works off what waits until own is done, then hands over.
func (in *Intake) lead(ctx context.Context, own *call) {
	q := &in.queue
	// One caller that gives up must not take the alerts of others with it.
	ctx = context.WithoutCancel(ctx)
	defer q.handOver()
	for !own.done {
		in.work(ctx, q.next())
	}
}

// next takes the oldest calls, as many as one transaction may hold.
func (q *queue) next() []*call {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, alerts := 0, 0
	for n < len(q.calls) && (n == 0 || alerts+len(q.calls[n].signals) <= maxBatch) {
		alerts += len(q.calls[n].signals)
		n++
	}
	batch := slices.Clone(q.calls[:n])
	q.calls = slices.Delete(q.calls, 0, n)
	q.waiting -= alerts
	return batch
}

// handOver makes the oldest waiting caller the leader.
func (q *queue) handOver() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.calls) == 0 {
		q.led = false
		return
	}
	q.calls[0].leads = true
	q.calls[0].ready <- struct{}{}
}

// work does the calls of a batch in one transaction and wakes their callers.
func (in *Intake) work(ctx context.Context, batch []*call) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	var err error = errBroken // stays only if what follows panics
	defer func() {
		for _, c := range batch {
			c.err, c.done = err, true
			c.ready <- struct{}{} // has room: what handOver sent was received before
		}
	}()
	err = in.takeBatch(ctx, batch)
}

var (
	errSlow   = errors.New("the store did not answer in time")
	errBroken = errs.New(errs.Internal, "the alerts of this call were not stored")
)

// takeBatch places the signals of all calls and stores them.
func (in *Intake) takeBatch(ctx context.Context, batch []*call) error {
	in.once.Lock()
	defer in.once.Unlock()
	var p *plan
	done := false
	defer func() {
		switch {
		case done:
		case p == nil:
			in.stale.Store(true)
		default: // the index holds what was not stored
			in.distrust(p.entries...)
		}
	}()
	if err := in.refresh(ctx, in.unsure(batch)); err != nil {
		return err
	}
	if err := in.lookUp(ctx, batch); err != nil {
		return err
	}
	p = in.plan(batch)
	var arrivals []store.Arrival
	for part := range slices.Chunk(p.placed, maxTransaction) {
		got, err := in.store.TakeAlerts(ctx, part)
		if err != nil {
			return fmt.Errorf("store %d alerts: %w", len(part), err)
		}
		if len(got) != len(part) {
			return errs.New(errs.Internal, "%d arrivals of %d alerts", len(got), len(part))
		}
		arrivals = append(arrivals, got...)
	}
	done = true
	in.settle(ctx, batch, p, arrivals)
	return nil
}
