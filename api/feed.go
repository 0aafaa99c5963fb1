package api

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"triagent/api/live"
	"triagent/api/wire"
	"triagent/internal/errs"
	"triagent/store"
)

// How fast changes go out.
const (
	feedGap     = 40 * time.Millisecond  // between two rounds
	feedEach    = 200 * time.Millisecond // between two events of one incident: 5/s
	feedQueue   = 500 * time.Millisecond // between two events about the queue
	feedLook    = time.Second            // how often diagnoses under way elsewhere are looked at
	feedKnown   = 20_000                 // incidents whose last version is remembered
	stormPerMin = 120                    // repeats a minute that make a storm
)

// feed turns what was committed into events for those who watch: gathered per
// incident, so that a storm does not become one of events.
type feed struct {
	s    *Server
	wake chan struct{}

	mu       sync.Mutex
	pending  map[string]bool // incident -> more than its trace changed
	queue    bool
	delivery map[string]bool // incidents whose deliveries changed
	scan     bool            // another process may have written

	// Of run alone.
	sent   map[string]sentMark
	primed bool      // what was there at the start is known
	queued time.Time // when the queue was told about last
}

type sentMark struct {
	at      time.Time
	version int64
	folded  int64
	since   time.Time // of folded
}

func newFeed(s *Server) *feed {
	return &feed{
		s: s, wake: make(chan struct{}, 1), pending: map[string]bool{}, delivery: map[string]bool{}, sent: map[string]sentMark{},
	}
}

// note takes a change.
func (f *feed) note(c store.Change) {
	f.mu.Lock()
	switch c.Kind {
	case "trace":
		if !f.pending[c.Incident] {
			f.pending[c.Incident] = false // there, but of its trace alone
		}
	case "queue":
		f.queue = true
	case "delivery":
		f.delivery[c.Incident] = true
	default:
		if c.Incident == "" {
			f.scan = true
		} else {
			f.pending[c.Incident] = true
		}
	}
	f.mu.Unlock()
	f.signal()
}

// look says that another process may have written.
func (f *feed) look() {
	f.mu.Lock()
	f.scan = true
	f.mu.Unlock()
	f.signal()
}

func (f *feed) signal() {
	select {
	case f.wake <- struct{}{}:
	default: // it is awake
	}
}

// run sends events until ctx ends.
func (f *feed) run(ctx context.Context) error {
	again := time.NewTimer(time.Hour)
	defer again.Stop()
	beat := time.NewTicker(feedLook)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.wake:
		case <-again.C:
		case <-beat.C:
			for _, id := range f.s.steps.busy() {
				f.note(store.Change{Incident: id, Kind: "trace"})
			}
		}
		rest := f.round(ctx)
		if rest {
			again.Reset(feedGap)
		}
		select { // a round at a time
		case <-ctx.Done():
			return nil
		case <-time.After(feedGap):
		}
	}
}

// round sends what is due and reports whether something is left for later.
func (f *feed) round(ctx context.Context) bool {
	now := time.Now()
	f.mu.Lock()
	pending, delivery, queue, scan := f.pending, f.delivery, f.queue, f.scan
	f.pending, f.delivery, f.queue, f.scan = map[string]bool{}, map[string]bool{}, false, false
	f.mu.Unlock()
	later := map[string]bool{}
	if queue || slices.Contains(slices.Collect(maps.Values(pending)), true) {
		f.expire(ctx) // before anyone is told to look
	}
	if scan {
		f.others(ctx, pending)
	}
	for id, whole := range pending {
		if now.Sub(f.sent[id].at) < feedEach {
			later[id] = whole
			continue
		}
		f.tell(ctx, id, whole, now)
	}
	if queue && now.Sub(f.queued) >= feedQueue {
		f.tellQueue(ctx)
		f.queued, queue = now, false
	}
	for id := range delivery {
		f.publish("delivery", deliveryEvent{Incident: id})
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, whole := range later {
		f.pending[id] = f.pending[id] || whole
	}
	f.queue = f.queue || queue
	return len(f.pending) > 0 || f.queue || f.scan
}

// expire makes the kept lists out of date. The revision is read first: what
// another process writes after it is not known yet.
func (f *feed) expire(ctx context.Context) {
	n, err := f.s.c.Store.Revision(ctx)
	if err != nil {
		f.s.cache.changed()
		return
	}
	f.s.cache.changedUpTo(n)
}

// others adds incidents whose last version was not told yet: written by another
// process.
func (f *feed) others(ctx context.Context, pending map[string]bool) {
	p, err := f.s.c.Store.Incidents(ctx, store.Filter{Sort: "-updated", Limit: 100})
	if err != nil {
		return // the next look sees the same
	}
	first := !f.primed
	f.primed = true
	for _, i := range p.Items {
		m, known := f.sent[i.ID]
		if m.version >= i.Version {
			continue
		}
		if first && !known {
			f.sent[i.ID] = sentMark{version: i.Version} // what was there at the start is no news
			continue
		}
		pending[i.ID] = true
	}
}

// tell tells of one incident: all pages if more than its trace changed, and
// those that follow it.
func (f *feed) tell(ctx context.Context, id string, whole bool, now time.Time) {
	m := f.sent[id]
	m.at = now
	if whole {
		m = f.tellAll(ctx, id, m)
	}
	if len(f.sent) > feedKnown {
		clear(f.sent)
	}
	f.sent[id] = m
	f.s.steps.stale(id)
	f.s.hub.Wake("incident/" + id)
}

func (f *feed) tellAll(ctx context.Context, id string, m sentMark) sentMark {
	i, err := f.s.c.Store.Incident(ctx, id)
	if err != nil {
		if ctx.Err() == nil && errs.KindOf(err) != errs.NotFound {
			f.s.c.Log.WarnContext(ctx, "a change could not be told", slog.String("incident", id), slog.Any("error", err))
		}
		return m
	}
	for _, l := range langs {
		if !f.s.hub.Watched(topicAll(l)) {
			continue
		}
		frame, err := live.FrameOf("incident", "", wire.IncidentOf(i, f.s.wordsIn(l)))
		if err != nil {
			f.s.c.Log.ErrorContext(ctx, "an incident could not be told", slog.String("incident", id), slog.Any("error", err))
			continue
		}
		f.s.hub.Publish(topicAll(l), frame)
	}
	m.version = i.Version
	return f.storm(i, m)
}

type stormEvent struct {
	Incident  string `json:"incident"`
	Folded    int64  `json:"folded"`
	Firing    int    `json:"firing"`
	PerMinute int64  `json:"per_minute"`
}

// storm tells how fast repeats are folded into an incident, once a second while
// they are many.
func (f *feed) storm(i store.Incident, m sentMark) sentMark {
	total := i.Folded + int64(i.Alerts)
	now := m.at
	if m.since.IsZero() {
		m.folded, m.since = total, now
		return m
	}
	passed := now.Sub(m.since)
	if passed < time.Second {
		return m
	}
	if rate := int64(float64(total-m.folded) / passed.Minutes()); rate >= stormPerMin {
		f.publish("storm", stormEvent{Incident: i.ID, Folded: i.Folded, Firing: i.Firing, PerMinute: rate})
	}
	m.folded, m.since = total, now
	return m
}

type queueEvent struct {
	Queued   int `json:"queued"`
	Running  int `json:"running"`
	Capacity int `json:"capacity"`
}

type deliveryEvent struct {
	Incident string `json:"incident" doc:"Empty: about none"`
}

func (f *feed) tellQueue(ctx context.Context) {
	queued, running, capacity, err := f.s.c.Store.QueueState(ctx)
	if err != nil {
		return // told with the next change
	}
	f.publish("queue", queueEvent{queued, running, capacity})
	for _, id := range f.s.steps.busy() { // places in the queue have moved
		f.s.steps.stale(id)
		f.s.hub.Wake("incident/" + id)
	}
}

// publish sends an event without words to every page.
func (f *feed) publish(event string, v any) {
	frame, err := live.FrameOf(event, "", v)
	if err != nil {
		f.s.c.Log.Error("an event could not be laid out", slog.String("event", event), slog.Any("error", err))
		return
	}
	for _, l := range langs {
		f.s.hub.Publish(topicAll(l), frame)
	}
}
