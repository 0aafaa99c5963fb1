package pool

import (
	"cmp"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"triagent/llm"
)

// member is an endpoint with what is known of it.
type member struct {
	Member
	pace   *rate.Limiter // questions; nil: no bound
	tokens *rate.Limiter // nil: no bound

	mu       sync.Mutex
	inFlight int
	mean     time.Duration // of an answer, exponentially weighted; 0: none yet
	streak   int           // failures in a row that it is to blame for
	rest     time.Time     // until when it is not asked
	beaten   int           // answers in a row that another gave first
	passed   int           // questions that passed it over since it fell behind
	asked    int64
	lost     int64
	last     string // failure
}

func newMember(m Member) *member {
	m.Weight, m.AtOnce = cmp.Or(m.Weight, 1), cmp.Or(m.AtOnce, 4)
	return &member{Member: m, pace: perMinute(m.PerMinute), tokens: perMinute(m.Tokens)}
}

func perMinute(n int) *rate.Limiter {
	if n == 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(float64(n)/60), n)
}

// Bounds of a member's rest: the breaker of an endpoint.
const (
	brokenAfter = 3                      // failures in a row, after which one question at a time finds out whether it is back
	leastRest   = 200 * time.Millisecond // after one failure, doubled with each more
	busyRest    = time.Second            // where it asked for patience, and did not say how long
	deniedRest  = 30 * time.Second       // where it does not accept us at all
	mostRest    = 2 * time.Minute        // unless it asks for more
)

// enter takes a slot for a question of so many tokens and returns the zero Time,
// or when to look again.
func (m *member) enter(now time.Time, tokens int) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now.Before(m.rest) {
		return m.rest
	}
	if m.inFlight >= m.AtOnce || m.streak >= brokenAfter && m.inFlight > 0 {
		return now.Add(look)
	}
	if m.pace != nil && m.pace.TokensAt(now) < 1 || m.tokens != nil && m.tokens.TokensAt(now) < float64(min(tokens, m.Tokens)) {
		return now.Add(look)
	}
	if m.pace != nil {
		m.pace.AllowN(now, 1)
	}
	if m.tokens != nil {
		m.tokens.AllowN(now, min(tokens, m.Tokens))
	}
	m.inFlight++
	m.asked++
	return time.Time{}
}

func (m *member) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inFlight--
}

// newest is the weight of the newest answer in the usual time of one.
const newest = .2

// note learns from an answer, or from a failure.
func (m *member) note(now time.Time, took time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var f *llm.Failure
	if err != nil && !errors.As(err, &f) {
		if errors.Is(err, errAnswered) {
			m.beaten++
		}
		return // the caller went away
	}
	if f == nil || f.Why == llm.Slow {
		if m.mean == 0 {
			m.mean = took
		}
		m.mean += time.Duration(newest * float64(took-m.mean))
	}
	if f == nil {
		m.streak, m.beaten = 0, 0
		return
	}
	m.lost++
	m.last = f.Error()
	var rest time.Duration
	switch f.Why {
	case llm.TooLong, llm.Cut, llm.Empty: // says nothing against it
		m.streak = 0
		return
	case llm.Busy:
		rest = max(f.After, busyRest)
	case llm.Refused:
		rest = deniedRest
	default:
		m.streak++
		rest = max(f.After, min(mostRest, leastRest<<min(m.streak-1, 10)))
	}
	if until := now.Add(rest); until.After(m.rest) {
		m.rest = until
	}
}

// usual is the time of an answer; 0: none came yet.
func (m *member) usual() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mean
}

// outlier is how many times as slow as the others a member has to be to fall
// behind, and by how much at least; or so many others in a row answered first.
const (
	outlier      = 3
	leastOutlier = 100 * time.Millisecond
	mostBeaten   = 3
)

// behind reports whether the member is much slower than is usual for the others.
func (m *member) behind(usual time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.beaten >= mostBeaten || usual > 0 && m.mean > max(outlier*usual, leastOutlier)
}

// load is how many questions wait for it.
func (m *member) load() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.inFlight
}

// recheck is one of how many questions goes to a member that fell behind, to see
// whether it came back.
const recheck = 64

// again reports whether a member that fell behind is to be asked once more.
func (m *member) again() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.passed = (m.passed + 1) % recheck
	return m.passed == 0
}

func (m *member) state(now time.Time) State {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := State{Name: m.Name, State: Ready, InFlight: m.inFlight, Usual: m.mean, Asked: m.asked, Failed: m.lost, Last: m.last}
	switch {
	case now.Before(m.rest):
		s.State, s.Until = Resting, m.rest
	case m.inFlight >= m.AtOnce:
		s.State = Full
	}
	return s
}
