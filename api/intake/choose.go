package intake

import "slices"

// tie is why an alert belongs to an incident, the strongest first.
type tie int

const (
	sameGroup tie = iota
	sameHost
	neighbouring
	sameSystem
)

// candidate is an incident that an alert may join.
type candidate struct {
	entry *entry
	tie   tie
}

// choose returns the incident that a new alert joins, opening one if there is
// none. Where it ties together several that this batch is about to open, they
// become one; what is stored already is never merged.
func (x *index) choose(p *plan, s *signal, g *graph) *entry {
	found := x.find(s, p, g)
	if len(found) == 0 {
		e := newEntry()
		e.key = keyOf(s, p.window, 0)
		if taken := x.byKey[e.key]; taken != nil {
			return taken // the store would put it there
		}
		x.add(e)
		p.opened = append(p.opened, e)
		return e
	}
	best := slices.MinFunc(found, func(a, b candidate) int {
		switch {
		case a.tie != b.tie && (a.entry.id == "") == (b.entry.id == ""):
			return int(a.tie) - int(b.tie)
		case older(a.entry, b.entry):
			return -1
		}
		return 1
	}).entry
	for _, c := range found {
		if c.entry != best && c.entry.id == "" && agree(best.system, c.entry.system) {
			x.merge(p, c.entry, best)
		}
	}
	return best
}

// find returns the open incidents that a new alert belongs to, each once with
// its strongest tie.
func (x *index) find(s *signal, p *plan, g *graph) []candidate {
	var found []candidate
	see := func(list []*entry, t tie) {
		for _, e := range list {
			if !e.near(s.at, p.window) || t != sameGroup && !agree(e.system, s.alert.System) {
				continue
			}
			if !slices.ContainsFunc(found, func(c candidate) bool { return c.entry == e }) {
				found = append(found, candidate{e, t})
			}
		}
	}
	if s.group != "" {
		see(x.byGroup[s.group], sameGroup)
		// The groups of an incident are not stored, but its key may tell the first.
		for step := int64(-1); step <= 1 && len(found) == 0; step++ {
			if e := x.byKey[keyOf(s, p.window, step)]; e != nil {
				see([]*entry{e}, sameGroup)
			}
		}
	}
	for _, h := range s.hosts {
		see(x.byHost[h], sameHost)
	}
	for _, h := range s.hosts {
		g.around(s.alert.System, h, func(n string) { see(x.byHost[n], neighbouring) })
	}
	switch system := s.alert.System; {
	case system != "" && len(s.hosts) > 0:
		see(x.byWide[system], sameSystem)
	case system != "":
		see(x.bySys[system], sameSystem)
	case len(s.hosts) == 0:
		see(x.byName[s.alert.Name], sameSystem)
	}
	return found
}

// agree reports whether two names of a system may mean the same one.
func agree(a, b string) bool { return a == b || a == "" || b == "" }

// merge makes one incident of two, the first of which is not stored yet.
func (x *index) merge(p *plan, from, into *entry) {
	x.drop(from)
	p.opened = slices.DeleteFunc(p.opened, func(e *entry) bool { return e == from })
	for _, i := range from.signals {
		p.entries[i] = into
		if x.join(into, p.signals[i]) && into.id != "" {
			x.behind[into] = true
		}
		x.track(into, p.signals[i])
	}
	if into.id == "" {
		into.signals = append(into.signals, from.signals...)
		slices.Sort(into.signals)
	}
}
