package outbox

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"triagent/store"
)

// maxHeld is how many deliveries a process holds in memory, and maxLane how many
// of one channel. The rest waits in the store.
const (
	maxHeld = 5000
	maxLane = 100
)

// lanes hold the deliveries that were taken, a lane for each channel with at
// most one worker, so that a slow channel keeps no other back.
type lanes struct {
	o    *Outbox
	work *errgroup.Group

	mu   sync.Mutex
	held int
	all  map[string]*lane
}

type lane struct {
	queue   []store.Delivery
	running bool
	until   time.Time                    // the channel asked to be left alone until then
	pace    atomic.Pointer[rate.Limiter] // nil: not known yet
	slot    time.Time                    // when the last of those that were put off comes back
}

func newLanes(o *Outbox, work *errgroup.Group) *lanes {
	return &lanes{o: o, work: work, all: map[string]*lane{}}
}

// room returns how many more can be held.
func (l *lanes) room() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maxHeld - l.held
}

// add puts deliveries into their lanes and starts workers for those that have
// none. What a lane has no room for is put off by the time that what is before
// it takes, so that a slow channel does not fill the memory.
func (l *lanes) add(ctx context.Context, due []store.Delivery) {
	for _, d := range due {
		back := l.put(ctx, d)
		if back.IsZero() {
			continue
		}
		l.o.note(ctx, d, func(ctx context.Context) error {
			return l.o.ledger.DeliveryFailed(ctx, d.ID, "many messages wait for this channel", back)
		})
	}
}

// put puts a delivery into its lane, or says when it is to come back. One whose
// lease ran out while it waited was taken anew: the fresh one takes its place.
func (l *lanes) put(ctx context.Context, d store.Delivery) (back time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.all[d.Channel]
	if ln == nil {
		ln = &lane{}
		l.all[d.Channel] = ln
	}
	if i := slices.IndexFunc(ln.queue, func(q store.Delivery) bool { return q.ID == d.ID }); i >= 0 {
		ln.queue[i] = d
		return time.Time{}
	}
	if len(ln.queue) >= maxLane {
		return ln.turn(l.o.c.Now())
	}
	ln.queue = append(ln.queue, d)
	l.held++
	if !ln.running {
		ln.running = true
		l.work.Go(func() error {
			l.run(ctx, ln)
			return nil
		})
	}
	return time.Time{}
}

// turn is when the lane can take one more, after all that were put off before.
func (ln *lane) turn(now time.Time) time.Time {
	gap := 100 * time.Millisecond
	if p := ln.pace.Load(); p != nil {
		gap = time.Duration(float64(time.Second) / float64(p.Limit()))
	}
	ln.slot = latest(ln.slot, now.Add(maxLane/2*gap)).Add(gap)
	return ln.slot
}

// run sends what is in a lane until it is empty or ctx ends.
func (l *lanes) run(ctx context.Context, ln *lane) {
	for {
		d, ok := l.next(ctx, ln)
		if !ok {
			return
		}
		l.o.deliver(ctx, ln, d)
		l.o.Wake() // the next about the same incident is free now
	}
}

func (l *lanes) next(ctx context.Context, ln *lane) (store.Delivery, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(ln.queue) == 0 || ctx.Err() != nil {
		ln.running = false
		return store.Delivery{}, false
	}
	d := ln.queue[0]
	ln.queue = ln.queue[1:]
	l.held--
	return d, true
}

// handBack gives what was not sent back to the store, so that the next process
// need not wait for leases to end.
func (l *lanes) handBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	l.mu.Lock()
	defer l.mu.Unlock()
	var back errgroup.Group
	back.SetLimit(16) // the store commits several at once
	for _, ln := range l.all {
		for _, d := range ln.queue {
			back.Go(func() error { return l.o.ledger.DeliveryFailed(ctx, d.ID, d.Error, l.o.c.Now()) })
		}
		l.held -= len(ln.queue)
		ln.queue = nil
	}
	if err := back.Wait(); err != nil { // then the leases end by themselves
		l.o.c.Log.InfoContext(ctx, "some messages wait for the end of their lease", slog.Any("error", err))
	}
}

// pace is how many messages a channel of a kind takes: somewhat less than it
// says, as others may use it too.
func pace(kind string) *rate.Limiter {
	perMinute, burst := 600, 10
	switch kind {
	case "dingtalk", "wecom": // 20 a minute
		perMinute, burst = 18, 2
	case "feishu": // 100 a minute, 5 a second
		perMinute, burst = 90, 4
	case "slack": // one a second on a channel
		perMinute, burst = 60, 3
	case "teams": // four a second
		perMinute, burst = 180, 3
	case "webhook":
		perMinute, burst = 3000, 50
	case "loki":
		perMinute, burst = 6000, 100
	}
	return rate.NewLimiter(rate.Limit(float64(perMinute)/60), burst)
}
