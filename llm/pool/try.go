package pool

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/internal/errs"
	"triagent/llm"
)

// try is one question on its way through a pool. It is not safe for concurrent
// use.
type try struct {
	pool  *Pool
	q     llm.Question
	tried map[*member]bool // in this round
	out   map[*member]bool // not to be asked again
	left  int              // how many tries are left
	spent llm.Usage
	fails []error
}

// ask asks until a member answers, the tries are used up or the time is over.
func (t *try) ask(ctx context.Context) (llm.Answer, error) {
	for t.left > 0 {
		m, err := t.next(ctx)
		if err != nil {
			return llm.Answer{}, err
		}
		a, err := t.hedged(ctx, m)
		if err == nil || ctx.Err() != nil {
			return a, err
		}
		if f, ok := errors.AsType[*llm.Failure](err); !ok || !f.Elsewhere() {
			return a, err
		}
	}
	return llm.Answer{}, t.nobody()
}

// Bounds of a question's wait for a member.
const (
	longestWait = 30 * time.Second       // if its context allows
	look        = 250 * time.Millisecond // until members are looked at again; a slot that comes free wakes earlier
)

// next takes a slot of the member to ask next. It waits where all that are left
// are full or rest for a short while.
func (t *try) next(ctx context.Context) (*member, error) {
	giveUp := time.Now().Add(longestWait)
	for {
		wake := t.pool.wake() // before looking, so that no slot is missed
		now := time.Now()
		m, soonest := t.take(now)
		switch {
		case m != nil:
			return m, nil
		case soonest.IsZero() && len(t.tried) > 0: // another round
			clear(t.tried)
			continue
		case soonest.IsZero() || !now.Before(giveUp):
			return nil, t.nobody()
		case soonest.After(giveUp) || tooLate(ctx, soonest, now): // nothing changes until then
			return nil, t.nobody()
		}
		timer := time.NewTimer(soonest.Sub(now))
		select {
		case <-wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// tooLate reports whether all members rest until after the question's time: one
// that is full may come free earlier.
func tooLate(ctx context.Context, soonest, now time.Time) bool {
	at, ok := ctx.Deadline()
	return ok && soonest.After(at) && soonest.Sub(now) > look
}

// take takes a slot of the first member in order that has one. If none has,
// soonest is when to look again; zero: all have been tried.
func (t *try) take(now time.Time) (m *member, soonest time.Time) {
	for _, m := range t.order() {
		at := m.enter(now, t.tokens())
		if at.IsZero() {
			t.tried[m] = true
			t.left--
			return m, time.Time{}
		}
		if soonest.IsZero() || at.Before(soonest) {
			soonest = at
		}
	}
	return nil, soonest
}

// order is the members that were not tried in this round, those that fell behind
// last, unless it is time to see whether they came back.
func (t *try) order() []*member {
	order := slices.DeleteFunc(slices.Clone(t.pool.pick(t.q)), func(m *member) bool { return t.tried[m] || t.out[m] })
	behind := t.pool.behind()
	slow := slices.DeleteFunc(slices.Clone(order), func(m *member) bool { return !behind[m] })
	if len(slow) == 0 || len(slow) == len(order) {
		return order
	}
	order = slices.DeleteFunc(order, func(m *member) bool { return behind[m] })
	if t.left == t.pool.s.Tries && slow[0].again() { // once a question
		return slices.Concat(slow, order)
	}
	return slices.Concat(order, slow)
}

// tokens is an estimate of what a question will hold, for the bounds of
// endpoints.
func (t *try) tokens() int { return (len(t.q.System)+len(t.q.User))/3 + t.q.Limit() }

// come is what came of asking one member.
type come struct {
	m      *member
	answer llm.Answer
	err    error
}

var errAnswered = fmt.Errorf("another endpoint answered first: %w", context.Canceled)

// hedged asks a member, and a second one if an answer takes much longer than is
// usual. The first answer counts; who is slower is told to stop.
func (t *try) hedged(ctx context.Context, first *member) (llm.Answer, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var asking errgroup.Group
	got := make(chan come, len(t.pool.all)) // nobody is asked twice at a time
	waiting := 0
	ask := func(m *member) {
		waiting++
		asking.Go(func() error {
			got <- t.pool.ask(ctx, m, t.q)
			return nil
		})
	}
	second := func() {
		if m, _ := t.take(time.Now()); m != nil {
			ask(m)
		}
	}
	ask(first)
	late, end := t.pool.late(first)
	defer end()
	var answer *come
	var err error
	for waiting > 0 {
		select {
		case <-late:
			second()
		case c := <-got:
			waiting--
			t.spent = t.spent.Add(c.answer.Usage)
			switch {
			case answer != nil: // too late
			case c.err == nil:
				answer = &c
				stop(errAnswered)
			default:
				err = c.err
				if t.failed(c); waiting > 0 && t.left > 0 {
					second()
				}
			}
		}
	}
	_ = asking.Wait() // they have all come, and return nil
	if answer != nil {
		return answer.answer, nil
	}
	return llm.Answer{}, err
}

// failed notes what a member did not answer, and does not ask it again where it
// would say the same.
func (t *try) failed(c come) {
	t.fails = append(t.fails, c.err)
	switch llm.WhyOf(c.err) {
	case llm.TooLong, llm.Refused:
		t.out[c.m] = true
	}
}

// nobody is the failure of a question that no member answered.
func (t *try) nobody() error {
	if len(t.fails) == 0 {
		return llm.Failed(llm.Busy, errs.Unavailable, "no endpoint can be asked now: all are full or rest")
	}
	var texts []string
	for _, err := range t.fails {
		if s := err.Error(); !slices.Contains(texts, s) {
			texts = append(texts, s)
		}
	}
	return llm.Failed(llm.WhyOf(t.fails[len(t.fails)-1]), errs.Unavailable, "no endpoint answered: %s", strings.Join(texts, "; "))
}
