package collect

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// Guarded is a source with a circuit breaker: after some failures in a row it is
// left alone for a while and asked again by itself, so that a server that is
// down is not asked for every incident and none waits for it. It is safe for
// concurrent use.
type Guarded struct {
	connectors.Source
	breaker circuitbreaker.CircuitBreaker[any]
	exec    failsafe.Executor[any]

	mu    sync.Mutex
	last  error // why it failed last; nil: it answered
	fails int   // in a row
}

// The circuit breaker of a source.
const (
	breakAfter = 3
	breakFor   = 30 * time.Second
)

// Guard puts a circuit breaker before a source. Closing it closes the source.
func Guard(src connectors.Source) *Guarded {
	g := &Guarded{Source: src}
	g.breaker = circuitbreaker.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool { return fault(err) }).
		WithFailureThreshold(breakAfter).WithDelay(breakFor).Build()
	g.exec = failsafe.With[any](g.breaker)
	return g
}

// fault reports whether an error is the source's: not that nobody waits for it
// any more, nor that it had more than was wanted.
func fault(err error) bool {
	return err != nil && !errors.Is(err, context.Canceled) && errs.KindOf(err) != errs.Exhausted && !errors.Is(err, errOver)
}

// State is how often in a row the source has failed and why last; 0, nil: it
// answers, or was not asked yet.
func (g *Guarded) State() (failures int, last error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.fails, g.last
}

// Discover asks the source unless it is left alone.
func (g *Guarded) Discover(ctx context.Context, span incident.Window) (f connectors.Found, err error) {
	err = g.ask(ctx, func() error {
		var err error
		f, err = g.Source.Discover(ctx, span)
		return err
	})
	return f, err
}

// Collect asks the source unless it is left alone.
func (g *Guarded) Collect(ctx context.Context, a connectors.Ask, to connectors.Sink) error {
	return g.ask(ctx, func() error { return g.Source.Collect(ctx, a, to) })
}

// Load is what the source has asked of its server, if it counts.
func (g *Guarded) Load() connectors.Load {
	if m, ok := g.Source.(Metered); ok {
		return m.Load()
	}
	return connectors.Load{}
}

// Clock is how the clock of the source's server stands to ours, if it knows.
func (g *Guarded) Clock() (connectors.Clock, bool) {
	if c, ok := g.Source.(Clocked); ok {
		return c.Clock()
	}
	return connectors.Clock{}, false
}

func (g *Guarded) ask(ctx context.Context, do func() error) error {
	err := g.exec.RunWithExecution(func(failsafe.Execution[any]) error {
		err := do()
		if err != nil {
			err = reason(ctx, err)
		}
		return err
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case errors.Is(err, circuitbreaker.ErrOpen):
		why := "it failed"
		if g.last != nil {
			why = explain(g.last)
		}
		return &errs.Error{
			Kind: errs.Unavailable, Err: fmt.Errorf("left alone for %v more after %d failures in a row, the last: %s", g.breaker.RemainingDelay().Round(time.Second), g.fails, why),
		}
	case err == nil:
		g.last, g.fails = nil, 0
	case fault(err):
		g.last = err
		g.fails++
	}
	return err
}
