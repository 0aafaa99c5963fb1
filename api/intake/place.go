package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"triagent/store"
)

// plan says where the signals of a batch go. The index holds already what it
// decides: if the plan cannot be stored, the index is read anew.
type plan struct {
	placed  []store.Placed
	entries []*entry // of each placed; nil: only the store may know one
	signals []*signal
	pos     [][]int // for each call and signal, its position in placed; -1: nowhere
	opened  []*entry
	window  time.Duration
	settle  time.Duration
}

// plan places all signals of a batch, in the order of their times so that the
// order in which they arrived plays no part.
func (in *Intake) plan(batch []*call) *plan {
	t := in.timing.Load()
	p := &plan{window: t.window, settle: t.settle, pos: make([][]int, len(batch))}
	type place struct{ call, i int }
	var order []place
	for n, c := range batch {
		p.pos[n] = make([]int, len(c.signals))
		for i := range c.signals {
			p.pos[n][i] = -1
			order = append(order, place{n, i})
		}
	}
	slices.SortStableFunc(order, func(a, b place) int {
		s, o := &batch[a.call].signals[a.i], &batch[b.call].signals[b.i]
		if c := s.at.Compare(o.at); c != 0 {
			return c
		}
		if c := strings.Compare(s.alert.Fingerprint, o.alert.Fingerprint); c != 0 {
			return c
		}
		return s.alert.Ends.Compare(o.alert.Ends) // firing goes before resolved
	})
	g := in.graph.Load()
	for _, o := range order {
		c := batch[o.call]
		p.pos[o.call][o.i] = in.index.place(p, &c.signals[o.i], g)
	}
	for _, e := range p.opened {
		e.due = p.signals[e.signals[0]].alert.Received.Add(p.settle)
		p.open(p.describe(e), e.due, e.signals...)
	}
	for i, e := range p.entries {
		if e != nil && e.id != "" {
			p.placed[i].Incident = e.id
			if p.signals[i].firing() { // somebody may have closed it meanwhile
				p.open(p.instead(i), p.signals[i].alert.Received.Add(p.settle), i)
			}
		}
	}
	return p
}

// place decides about one signal and returns its position in the plan.
func (x *index) place(p *plan, s *signal, g *graph) int {
	fp := s.alert.Fingerprint
	e := x.live[fp]
	if e != nil {
		starts := e.live[fp]
		if s.startless {
			s.alert.Starts, s.at = starts, starts
		}
		if !starts.Equal(s.alert.Starts) {
			return x.again(p, s, e, starts, g)
		}
		return x.put(p, s, e)
	}
	if !s.firing() {
		if !s.stored {
			return -1 // nothing is known that it could end
		}
		return x.put(p, s, nil)
	}
	return x.put(p, s, x.choose(p, s, g))
}

// again places an alert that fires already with another start: its sender has
// forgotten the earlier one, which therefore is over.
func (x *index) again(p *plan, s *signal, e *entry, starts time.Time, g *graph) int {
	old := *s
	old.alert.Starts, old.at = starts, starts
	switch {
	case s.firing() && s.alert.Starts.After(starts):
		old.alert.Ends, old.assumed = s.alert.Starts, true
		into := e
		if !e.near(s.at, p.window) {
			delete(x.live, s.alert.Fingerprint)
			into = x.choose(p, s, g)
		}
		i := x.put(p, s, into) // first, so that the incident never looks as if it were over
		x.put(p, &old, e)
		return i
	case s.firing(): // sent late, or known under a later start elsewhere
		s.alert.Ends, s.assumed = starts, true
		return x.put(p, s, e)
	}
	i := -1
	if !s.alert.Ends.Before(starts) {
		i = x.put(p, &old, e)
	}
	if s.stored {
		i = x.put(p, s, nil)
	}
	return i
}

// put adds a signal to the plan, as part of e.
func (x *index) put(p *plan, s *signal, e *entry) int {
	i := len(p.placed)
	p.placed = append(p.placed, store.Placed{Alert: s.alert})
	p.entries = append(p.entries, e)
	p.signals = append(p.signals, s)
	if e == nil {
		return i
	}
	if e.id == "" {
		e.signals = append(e.signals, i)
	}
	if x.join(e, s) && e.id != "" {
		x.behind[e] = true
	}
	x.track(e, s)
	return i
}

// describe says what an incident is that these signals open.
func (p *plan) describe(e *entry) *store.Incident {
	inc := p.instead(e.signals[0])
	inc.System, inc.Key, inc.Started, inc.Nodes = e.system, e.key, e.first, nil
	for _, i := range e.signals {
		a := &p.placed[i].Alert
		inc.Severity = max(inc.Severity, a.Severity)
		inc.Nodes = append(inc.Nodes, a.Node, a.Peer)
	}
	inc.Nodes = distinct(inc.Nodes...)
	slices.Sort(inc.Nodes)
	return inc
}

// ownSource is what alerts of the service about itself came by; their titles are
// worded for people.
const ownSource = "triagent"

// instead is the incident that one signal opens.
func (p *plan) instead(i int) *store.Incident {
	a := &p.placed[i].Alert
	inc := &store.Incident{
		Title: a.Name, System: a.System, Severity: a.Severity, Status: store.Open, Progress: store.Waiting, Source: sourceOf(a),
		Key: keyOf(p.signals[i], p.window, 0), Labels: a.Labels, Started: p.signals[i].at,
	}
	if title := a.Annotations["title"]; a.Source == ownSource && title != "" {
		inc.Title = title
	}
	if a.Node != "" {
		inc.Title = a.Node + ": " + a.Name
		inc.Nodes = []string{a.Node}
	}
	return inc
}

// open lets signals open an incident.
func (p *plan) open(inc *store.Incident, notBefore time.Time, signals ...int) {
	for _, i := range signals {
		p.placed[i].Open, p.placed[i].NotBefore = inc, notBefore
	}
}

// keyOf is the identity of the incident that a signal opens: by the sender's
// group, else by the node, else by the name of the rule. It changes with time,
// in steps of the window, so that a failure that comes back later is another
// incident; step is added to that.
func keyOf(s *signal, window time.Duration, step int64) string {
	anchor := []string{"group", s.group}
	switch {
	case s.group != "":
	case len(s.hosts) > 0:
		anchor = []string{"node", s.alert.System, s.hosts[0]}
	default:
		anchor = []string{"name", s.alert.System, s.alert.Source, s.alert.Name}
	}
	at := s.at.UnixNano()/int64(window) + step
	sum := sha256.Sum256([]byte(strings.Join(anchor, "\x00")))
	return "alerts:" + hex.EncodeToString(sum[:12]) + ":" + strconv.FormatInt(at, 36)
}
