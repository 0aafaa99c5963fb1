package intake

import (
	"sync"
	"time"
)

// seen remembers the last events that were answered, since Slack sends an event
// again when the answer takes long.
type seen struct {
	mu   sync.Mutex
	at   map[string]time.Time
	list []string // in the order of coming
}

const (
	seenMost = 1000
	seenTime = 15 * time.Minute // Slack tries three times, the last after five minutes
)

// first remembers an event and reports whether it is new. One without an ID
// always is.
func (s *seen) first(id string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == "" {
		return true
	}
	at, ok := s.at[id]
	if ok && now.Sub(at) < seenTime {
		return false
	}
	if s.at == nil {
		s.at = make(map[string]time.Time)
	}
	s.at[id] = now
	if ok {
		return true
	}
	if len(s.list) == seenMost {
		delete(s.at, s.list[0])
		s.list = append(s.list[:0], s.list[1:]...)
	}
	s.list = append(s.list, id)
	return true
}

// forget makes an event new again: it could not be answered.
func (s *seen) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.at[id]; ok {
		s.at[id] = time.Time{}
	}
}
