package intake

import (
	"slices"
	"time"

	"triagent/store"
)

// entry is an open incident that alerts may join, or one that a batch is about
// to open.
type entry struct {
	id      string // empty: not stored yet
	number  int64  // order of opening
	key     string
	system  string
	first   time.Time // earliest alert
	last    time.Time // latest beginning or end of an alert
	hosts   map[string]bool
	groups  map[string]bool
	names   map[string]bool      // of alerts that point at no node
	live    map[string]time.Time // fingerprint -> start of what fires
	alerts  int                  // distinct, as far as known
	due     time.Time            // when it is to be diagnosed; zero: not known
	again   int                  // times that alerts that joined brought a diagnosis about
	signals []int                // of the batch that opens it: positions in the plan, ascending
	partial bool                 // more fires than is in live
	inSys   bool                 // it is in bySys
	inWide  bool                 // it is in byWide
}

// index finds the incidents that an alert may belong to. The leader alone uses
// it.
type index struct {
	entries map[*entry]bool
	byID    map[string]*entry
	byKey   map[string]*entry
	byHost  map[string][]*entry
	byGroup map[string][]*entry
	bySys   map[string][]*entry
	byWide  map[string][]*entry // by system, those with an alert about all of it
	byName  map[string][]*entry // with an alert of this name that points at no node
	live    map[string]*entry   // by fingerprint of what fires
	behind  map[*entry]bool     // alerts or nodes joined, and no diagnosis is asked for yet
}

func newIndex() *index {
	return &index{
		entries: make(map[*entry]bool), byID: make(map[string]*entry), byKey: make(map[string]*entry),
		byHost: make(map[string][]*entry), byGroup: make(map[string][]*entry),
		bySys: make(map[string][]*entry), byWide: make(map[string][]*entry), byName: make(map[string][]*entry),
		live: make(map[string]*entry), behind: make(map[*entry]bool),
	}
}

func newEntry() *entry {
	return &entry{hosts: make(map[string]bool), groups: make(map[string]bool), names: make(map[string]bool), live: make(map[string]time.Time)}
}

// add puts an entry in. What it is found by comes with join and track.
func (x *index) add(e *entry) {
	x.entries[e] = true
	if e.id != "" {
		x.byID[e.id] = e
	}
	if e.key != "" {
		x.byKey[e.key] = e
	}
}

// drop takes an entry out.
func (x *index) drop(e *entry) {
	delete(x.entries, e)
	delete(x.behind, e)
	if x.byID[e.id] == e {
		delete(x.byID, e.id)
	}
	if x.byKey[e.key] == e {
		delete(x.byKey, e.key)
	}
	for h := range e.hosts {
		without(x.byHost, h, e)
	}
	for g := range e.groups {
		without(x.byGroup, g, e)
	}
	without(x.bySys, e.system, e)
	without(x.byWide, e.system, e)
	for n := range e.names {
		without(x.byName, n, e)
	}
	for fp := range e.live {
		if x.live[fp] == e {
			delete(x.live, fp)
		}
	}
}

func without(m map[string][]*entry, key string, e *entry) {
	list := m[key]
	i := slices.Index(list, e)
	switch {
	case i < 0:
	case len(list) == 1:
		delete(m, key)
	default:
		m[key] = slices.Delete(slices.Clone(list), i, i+1)
	}
}

// join makes a signal part of an entry and reports whether it brought a new
// host.
func (x *index) join(e *entry, s *signal) (grew bool) {
	e.span(s.at)
	if !s.firing() && !s.assumed {
		e.span(s.alert.Ends)
	}
	for _, h := range s.hosts {
		grew = x.reach(e, h) || grew
	}
	if s.group != "" && !e.groups[s.group] {
		e.groups[s.group] = true
		x.byGroup[s.group] = append(x.byGroup[s.group], e)
	}
	if len(s.hosts) == 0 && !e.names[s.alert.Name] {
		e.names[s.alert.Name] = true
		x.byName[s.alert.Name] = append(x.byName[s.alert.Name], e)
	}
	x.belong(e, s.alert.System)
	return grew
}

// reach notes that a host takes part, and reports whether that is new.
func (x *index) reach(e *entry, host string) bool {
	if e.hosts[host] {
		return false
	}
	e.hosts[host] = true
	x.byHost[host] = append(x.byHost[host], e)
	return true
}

// belong notes the system, if none was known.
func (x *index) belong(e *entry, system string) {
	if e.system == "" {
		e.system = system
	}
	if e.system != "" && !e.inSys {
		e.inSys = true
		x.bySys[e.system] = append(x.bySys[e.system], e)
	}
	if e.system != "" && !e.inWide && len(e.names) > 0 {
		e.inWide = true
		x.byWide[e.system] = append(x.byWide[e.system], e)
	}
}

// track notes what fires.
func (x *index) track(e *entry, s *signal) {
	fp := s.alert.Fingerprint
	if s.firing() {
		e.live[fp] = s.alert.Starts
		x.live[fp] = e
		return
	}
	if e.live[fp].Equal(s.alert.Starts) {
		delete(e.live, fp)
		if x.live[fp] == e {
			delete(x.live, fp)
		}
	}
}

// span widens the time of the incident.
func (e *entry) span(t time.Time) {
	if e.first.IsZero() || t.Before(e.first) {
		e.first = t
	}
	if t.After(e.last) {
		e.last = t
	}
}

// near reports whether t is within the window of the incident.
func (e *entry) near(t time.Time, window time.Duration) bool {
	return !t.Before(e.first.Add(-window)) && !t.After(e.last.Add(window))
}

// older orders entries: stored ones by number, then those of this batch.
func older(a, b *entry) bool {
	switch {
	case (a.id == "") != (b.id == ""):
		return a.id != ""
	case a.id != "":
		return a.number < b.number
	}
	return a.signals[0] < b.signals[0]
}

// sourceOf is an incident's source: that of its first alert, without the name
// of a sender.
func sourceOf(a *store.Alert) string {
	for i := range len(a.Source) {
		if a.Source[i] == '/' {
			return a.Source[:i]
		}
	}
	return a.Source
}
