package collect_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"triagent/collect"
	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
)

// flaky fails as long as it is told to, and counts how often it was asked.
type flaky struct {
	err   error
	asked int
}

func (f *flaky) Discover(context.Context, incident.Window) (connectors.Found, error) {
	f.asked++
	return connectors.Found{}, f.err
}

func (f *flaky) Collect(context.Context, connectors.Ask, connectors.Sink) error {
	f.asked++
	return f.err
}

func (f *flaky) Close() error { return nil }

// TestGuard leaves a failing source alone after three failures, says so, and
// asks it again by itself.
func TestGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &flaky{err: &errs.Error{Kind: errs.Unavailable, Err: errors.New("nothing listens there"), Remedy: "start it"}}
		g := collect.Guard(src)
		ask := func() error { return g.Collect(t.Context(), connectors.Ask{}, nil) }
		for range 10 {
			_, _ = g.Discover(t.Context(), incident.Window{})
			_ = ask()
		}
		err := ask()
		if src.asked != 3 || !strings.Contains(err.Error(), "nothing listens there (start it)") || errs.KindOf(err) != errs.Unavailable {
			t.Errorf("asked %d times: %v", src.asked, err)
		}
		if n, last := g.State(); n != 3 || last == nil {
			t.Errorf("state %d, %v", n, last)
		}
		time.Sleep(31 * time.Second)
		src.err = nil
		if err := ask(); err != nil || src.asked != 4 {
			t.Errorf("asked %d times: %v", src.asked, err)
		}
		if n, last := g.State(); n != 0 || last != nil {
			t.Errorf("state %d, %v", n, last)
		}
		// What is not the source's fault does not count.
		src.err = errs.New(errs.Exhausted, "more than wanted")
		for range 5 {
			_ = ask()
		}
		if src.asked != 9 {
			t.Errorf("asked %d times", src.asked)
		}
	})
}
