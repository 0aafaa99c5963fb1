package store

import (
	"slices"
	"strings"
	"sync"
)

// searches remembers where words were found, so that the same search after a
// change looks at what changed and not at everything: pages ask again whenever
// something changes. It is safe for concurrent use, by callers who agree on what
// lies at a place.
type searches struct {
	mu      sync.Mutex
	changes []int // places that changed, oldest first; at most keptChanges
	count   int   // of all changes, those that are forgotten included
	known   map[string]search
}

// search is where words were found after so many changes.
type search struct {
	places []int // ascending
	count  int
}

const (
	keptChanges  = 4096
	keptSearches = 512
	keptPlaces   = 2000 // a search that finds more is not remembered
)

// note says that what lies at a place has changed, or is new.
func (s *searches) note(place int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.changes) >= keptChanges {
		s.changes = append(s.changes[:0], s.changes[keptChanges/2:]...)
	}
	s.changes = append(s.changes, place)
	s.count++
}

// forget drops everything: places mean something else now.
func (s *searches) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes, s.known = nil, nil
	s.count += keptChanges + 1 // a search under way is out of date
}

// find returns the places below n that hold the words, ascending.
func (s *searches) find(words []string, n int, holds func(place int) bool) []int {
	key := strings.Join(words, "\x00")
	old, changed, count := s.recall(key)
	if changed != nil {
		places := old.places
		for _, p := range changed {
			at, in := slices.BinarySearch(places, p)
			switch now := holds(p); {
			case now && !in:
				places = slices.Insert(places, at, p)
			case !now && in:
				places = slices.Delete(places, at, at+1)
			}
		}
		return s.keep(key, search{places, count})
	}
	var places []int
	for p := range n {
		if holds(p) {
			places = append(places, p)
		}
	}
	return s.keep(key, search{places, count})
}

// recall returns a copy of what was found and the places that changed since; nil
// if that is not known.
func (s *searches) recall(key string) (found search, changed []int, count int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.known[key]
	behind := s.count - found.count
	if !ok || behind > len(s.changes) {
		return search{}, nil, s.count
	}
	found.places = slices.Clone(found.places)
	return found, append([]int{}, s.changes[len(s.changes)-behind:]...), s.count
}

// keep remembers a search and returns a copy of its places.
func (s *searches) keep(key string, found search) []int {
	if len(found.places) > keptPlaces {
		return found.places
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= keptSearches {
		s.known = make(map[string]search)
	}
	s.known[key] = found
	return slices.Clone(found.places)
}
