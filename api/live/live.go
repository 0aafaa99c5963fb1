// Package live carries changes to the pages that watch: a Hub with bounded
// buffers, and a Writer of server-sent events.
//
// A subscriber listens to one topic. It gets frames (ready bytes, shared by all
// who listen: an event is encoded once) and wakes (there may be something to
// read). One that does not read fast enough is cut: it is told to reconnect and
// to fetch what it missed, and holds nobody up. The Hub has no goroutine and no
// timer of a connection: Run, one for all, pings them in turns.
package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"triagent/internal/errs"
)

// ErrSlow says that a subscriber did not read fast enough and was cut.
var ErrSlow = errors.New("too slow for the changes that came")

// errMany says that the hub has as many subscribers as it may.
var errMany = errors.New("too many pages are watching at once")

// pending is how many frames wait for a subscriber at most.
const pending = 128

// Hub hands frames to subscribers. It is safe for concurrent use. The zero Hub
// is not: see New.
type Hub struct {
	max   int
	every time.Duration // between two pings of a subscriber

	mu     sync.RWMutex
	topics map[string]map[*Sub]struct{}
	count  int
	turns  int // which share of the subscribers is pinged next
	next   int // share that the next subscriber falls in
	closed bool
}

// shares is into how many shares the subscribers are divided for pings.
const shares = 15

// New returns a hub for max subscribers, each pinged once in every.
func New(limit int, every time.Duration) *Hub {
	return &Hub{max: limit, every: every, topics: map[string]map[*Sub]struct{}{}}
}

// Sub is a subscriber. One goroutine calls Next; Close ends it.
type Sub struct {
	hub   *Hub
	topic string
	share int
	ready chan struct{} // holds one token while there is something to get

	mu     sync.Mutex
	frames [][]byte
	ping   bool
	woken  bool
	slow   bool
	over   bool
}

// Subscribe adds a subscriber to a topic. An error has kind errs.Unavailable:
// there are too many, or the hub is closed.
func (h *Hub) Subscribe(topic string) (*Sub, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count >= h.max || h.closed {
		return nil, &errs.Error{Kind: errs.Unavailable, Err: errMany, Remedy: "try again in a minute"}
	}
	s := &Sub{hub: h, topic: topic, share: h.next, ready: make(chan struct{}, 1)}
	h.next = (h.next + 1) % shares
	if h.topics[topic] == nil {
		h.topics[topic] = map[*Sub]struct{}{}
	}
	h.topics[topic][s] = struct{}{}
	h.count++
	return s, nil
}

// Close takes the subscriber out; more than once is harmless.
func (s *Sub) Close() {
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	subs := h.topics[s.topic]
	if _, ok := subs[s]; !ok {
		return
	}
	delete(subs, s)
	h.count--
	if len(subs) == 0 {
		delete(h.topics, s.topic)
	}
}

// Count is how many subscribers there are.
func (h *Hub) Count() int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.count
}

// Watched reports whether anyone listens to a topic: what nobody hears need not
// be encoded.
func (h *Hub) Watched(topic string) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.topics[topic]) > 0
}

// Topics returns the topics that someone listens to, in no order.
func (h *Hub) Topics() []string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	out := make([]string, 0, len(h.topics))
	for t := range h.topics {
		out = append(out, t)
	}
	return out
}

// Publish hands a frame to all who listen to a topic. It never blocks; the
// frame must not be changed afterwards.
func (h *Hub) Publish(topic string, frame []byte) {
	h.each(topic, func(s *Sub) { s.add(frame) })
}

// Wake tells all who listen to a topic that there may be something to read.
func (h *Hub) Wake(topic string) {
	h.each(topic, func(s *Sub) { s.set(&s.woken) })
}

func (h *Hub) each(topic string, f func(*Sub)) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for s := range h.topics[topic] {
		f(s)
	}
}

// Run pings the subscribers until ctx ends and then ends them all.
func (h *Hub) Run(ctx context.Context) error {
	t := time.NewTicker(max(h.every/shares, time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			h.end()
			return nil
		case <-t.C:
			h.turn()
		}
	}
}

// turn pings the share whose turn it is.
func (h *Hub) turn() {
	h.mu.Lock()
	share := h.turns
	h.turns = (h.turns + 1) % shares
	h.mu.Unlock()
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, subs := range h.topics {
		for s := range subs {
			if s.share == share {
				s.set(&s.ping)
			}
		}
	}
}

// end tells every subscriber that it is over, and refuses new ones.
func (h *Hub) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, subs := range h.topics {
		for s := range subs {
			s.set(&s.over)
		}
	}
}

func (s *Sub) add(frame []byte) {
	s.mu.Lock()
	if len(s.frames) >= pending {
		s.slow, s.frames = true, nil
	}
	if !s.slow {
		s.frames = append(s.frames, frame)
	}
	s.mu.Unlock()
	s.signal()
}

func (s *Sub) set(flag *bool) {
	s.mu.Lock()
	*flag = true
	s.mu.Unlock()
	s.signal()
}

func (s *Sub) signal() {
	select {
	case s.ready <- struct{}{}:
	default: // it has a token already
	}
}

// News is what a subscriber gets.
type News struct {
	Frames [][]byte // in the order they were published
	Woken  bool
	Ping   bool // nothing was said for a while: say something
}

// Next waits for news. It returns ErrSlow if the subscriber was cut, ErrOver if
// the hub has ended, and the cause of ctx if that ended first.
func (s *Sub) Next(ctx context.Context) (News, error) {
	for {
		if n, err, ok := s.take(); ok {
			return n, err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return News{}, context.Cause(ctx)
		}
	}
}

// ErrOver says that the hub has ended: the service stops.
var ErrOver = errors.New("the service stops")

func (s *Sub) take() (News, error, bool) { //nolint:revive // the error is a value here, not a failure of take
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.slow:
		return News{}, ErrSlow, true
	case s.over:
		return News{}, ErrOver, true
	}
	n := News{Frames: s.frames, Woken: s.woken, Ping: s.ping}
	s.frames, s.woken, s.ping = nil, false, false
	return n, nil, len(n.Frames) > 0 || n.Woken || n.Ping
}
