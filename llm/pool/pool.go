// Package pool is a llm.Model of several endpoints. It picks one by a strategy,
// passes over those that fail, ask for patience or fall behind, asks a second one
// where the first is slow, and gives up when none is left or the time is over.
package pool

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"triagent/internal/errs"
	"triagent/llm"
)

// Settings say how endpoints are used.
type Settings struct {
	Strategy Strategy `yaml:"strategy"` // empty: mix
	// Hedge is after how many times its usual time a question that is still
	// unanswered is put to a second endpoint too; 0: 2; negative: never.
	Hedge float64 `yaml:"hedge"`
	// Tries is how often a question is put to an endpoint, one after the other and
	// over again; 0: once more than there are endpoints, and 3 at least.
	Tries int `yaml:"tries"`
}

// Validate says what is wrong with the settings.
func (s *Settings) Validate() error {
	if s.Strategy != "" && !slices.Contains(Strategies, s.Strategy) {
		names := make([]string, len(Strategies))
		for i, n := range Strategies {
			names[i] = string(n)
		}
		return errs.New(errs.Invalid, "strategy: %.40q is none; there are: %s", string(s.Strategy), strings.Join(names, ", "))
	}
	if s.Hedge != s.Hedge || s.Hedge > 100 {
		return errs.New(errs.Invalid, "hedge: it is %v, and may be up to 100 times", s.Hedge)
	}
	if s.Tries < 0 || s.Tries > 100 {
		return errs.New(errs.Invalid, "tries: it is %d, and may be up to 100", s.Tries)
	}
	return nil
}

// Member is an endpoint of a pool.
type Member struct {
	Name      string // different in a pool
	Model     llm.Model
	Weight    int // share by weight; 0: 1
	AtOnce    int // questions at once; 0: 4
	PerMinute int // questions; 0: no bound
	Tokens    int // tokens a minute; 0: no bound
}

// Pool is safe for concurrent use.
type Pool struct {
	s    Settings
	all  []*member
	pick picker

	mu    sync.Mutex
	freed chan struct{} // closed and made anew when a slot comes free
}

// New makes a pool of at least one member.
func New(s Settings, members []Member) (*Pool, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if len(members) == 0 {
		return nil, errs.New(errs.Invalid, "a pool of models needs at least one endpoint")
	}
	p := &Pool{s: s, freed: make(chan struct{})}
	if p.s.Hedge == 0 {
		p.s.Hedge = 2
	}
	if p.s.Tries == 0 {
		p.s.Tries = max(3, len(members)+1)
	}
	names := map[string]bool{}
	for _, m := range members {
		if names[m.Name] {
			return nil, errs.New(errs.Invalid, "two endpoints are called %q: give them names", m.Name)
		}
		names[m.Name] = true
		p.all = append(p.all, newMember(m))
	}
	p.pick = pickers[p.s.Strategy](p.all)
	return p, nil
}

// Ask puts a question to the members until one answers. The usage is that of all
// tries, the failed ones among them.
func (p *Pool) Ask(ctx context.Context, q llm.Question) (llm.Answer, error) {
	t := &try{pool: p, q: q, tried: map[*member]bool{}, out: map[*member]bool{}, left: p.s.Tries}
	begun := time.Now()
	a, err := t.ask(ctx)
	a.Usage, a.Wall = t.spent, time.Since(begun)
	return a, err
}

// ask puts a question to one member of the pool, of which it has a slot.
func (p *Pool) ask(ctx context.Context, m *member, q llm.Question) come {
	defer p.release(m)
	begun := time.Now()
	a, err := m.Model.Ask(ctx, q)
	m.note(time.Now(), time.Since(begun), err)
	return come{m, a, err}
}

// release gives a slot back and wakes who waits for one.
func (p *Pool) release(m *member) {
	m.leave()
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.freed)
	p.freed = make(chan struct{})
}

// wake is closed when the next slot comes free.
func (p *Pool) wake() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.freed
}

// The states of a member.
const (
	Ready   = "ready"
	Resting = "resting" // it asked for that, or is broken
	Behind  = "behind"  // much slower than the others
	Full    = "full"
)

// State is how a member fares, for people.
type State struct {
	Name     string
	State    string        // one of the above
	Until    time.Time     // of resting; else zero
	InFlight int           // questions that wait for its answer
	Usual    time.Duration // time of an answer; 0: none came yet
	Asked    int64
	Failed   int64
	Last     string // its last failure; empty: none
}

// State lists the members in their order.
func (p *Pool) State() []State {
	now, behind := time.Now(), p.behind()
	out := make([]State, len(p.all))
	for i, m := range p.all {
		out[i] = m.state(now)
		if out[i].State == Ready && behind[m] {
			out[i].State = Behind
		}
	}
	return out
}

// behind are the members that are much slower than the others.
func (p *Pool) behind() map[*member]bool {
	out := map[*member]bool{}
	for _, m := range p.all {
		out[m] = m.behind(middle(p.all, m))
	}
	return out
}

// middle is the median of the usual times of all members but one; 0: nobody
// answered yet.
func middle(all []*member, but *member) time.Duration {
	var times []time.Duration
	for _, m := range all {
		if d := m.usual(); m != but && d > 0 {
			times = append(times, d)
		}
	}
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[(len(times)-1)/2]
}

// leastHedge is how long an answer may always take before a second is asked for.
const leastHedge = 100 * time.Millisecond

// late tells when a question to a member that is still unanswered is to be put
// to another; at once where the member is known to be slow. End must be called.
func (p *Pool) late(m *member) (at <-chan time.Time, end func()) {
	usual := middle(p.all, m)
	if usual == 0 || p.s.Hedge < 0 {
		return nil, func() {}
	}
	wait := max(leastHedge, time.Duration(p.s.Hedge*float64(usual)))
	if m.behind(usual) {
		wait = 0
	}
	timer := time.NewTimer(wait)
	return timer.C, func() { timer.Stop() }
}
