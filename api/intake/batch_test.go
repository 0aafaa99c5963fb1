package intake_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"triagent/api/intake"
	"triagent/connectors"
	"triagent/connectors/webhook"
	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

// slow is a store whose first transaction waits to be let go, and that notes the
// size of each.
type slow struct {
	*store.Store
	mu      sync.Mutex
	entered chan struct{}
	let     chan struct{}
	sizes   []int
	panics  bool
}

func (s *slow) TakeAlerts(ctx context.Context, list []store.Placed) ([]store.Arrival, error) {
	s.mu.Lock()
	s.sizes = append(s.sizes, len(list))
	first := len(s.sizes) == 1
	s.mu.Unlock()
	if first {
		close(s.entered)
		<-s.let
		if s.panics {
			panic("broken")
		}
	}
	return s.Store.TakeAlerts(ctx, list)
}

func newSlow(t *testing.T) *slow {
	return &slow{Store: storetest.SQLite(t), entered: make(chan struct{}), let: make(chan struct{})}
}

// TestBatch says that calls that wait share a transaction, that one who gives up
// leaves the others alone, and that all are answered.
func TestBatch(t *testing.T) {
	c := newClock()
	s := newSlow(t)
	in := start(t, s, c)
	base := c.now()
	var wg sync.WaitGroup
	call := func(ctx context.Context, i int) error {
		_, err := in.Take(ctx, []connectors.Alert{alert(base, fmt.Sprintf("A%d a", i))})
		return err
	}
	wg.Go(func() {
		if err := call(t.Context(), 0); err != nil {
			t.Error(err)
		}
	})
	<-s.entered
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	wg.Go(func() { gone <- call(ctx, 1) })
	cancel()
	if err := <-gone; errs.KindOf(err) != errs.Unavailable {
		t.Errorf("who gave up: %v", err)
	}
	for i := range 20 {
		wg.Go(func() {
			if err := call(t.Context(), 2+i); err != nil {
				t.Error(err)
			}
		})
	}
	until(t, "all wait", func() bool { return in.Waiting() == 20 })
	close(s.let)
	wg.Wait()
	if fmt.Sprint(s.sizes) != "[1 20]" {
		t.Errorf("transactions of %v alerts", s.sizes)
	}
	open, err := s.OpenIncidents(t.Context())
	if err != nil || len(open) != 1 || open[0].Alerts != 21 {
		t.Errorf("%+v, %v", open, err)
	}
}

// TestPanic says that who waits is not left alone by a leader that breaks.
func TestPanic(t *testing.T) {
	c := newClock()
	s := newSlow(t)
	s.panics = true
	in := start(t, s, c)
	base := c.now()
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = in.Take(t.Context(), []connectors.Alert{alert(base, "A a")})
	})
	<-s.entered
	wg.Go(func() {
		if sum, err := in.Take(t.Context(), []connectors.Alert{alert(base, "B a")}); err != nil || sum.Opened != 1 {
			t.Errorf("%+v, %v", sum, err)
		}
	})
	until(t, "the second waits", func() bool { return in.Waiting() == 1 })
	close(s.let)
	wg.Wait()
}

// TestTooMany bounds one call.
func TestTooMany(t *testing.T) {
	in := start(t, storetest.SQLite(t), newClock())
	if _, err := in.Take(t.Context(), make([]connectors.Alert, 10_001)); errs.KindOf(err) != errs.Invalid {
		t.Error(err)
	}
	if sum, err := in.Take(t.Context(), nil); err != nil || sum.Received != 0 || sum.Incidents == nil {
		t.Errorf("%+v, %v", sum, err)
	}
}

func TestConfig(t *testing.T) {
	for want, c := range map[string]intake.Config{
		"hooks.window: ":       {Window: -1},
		"hooks.generic.plant.": {Generic: map[string]webhook.GenericConfig{"plant": {Secret: "x"}}},
		"hooks.generic.A ":     {Generic: map[string]webhook.GenericConfig{"A ": {}}},
	} {
		if err := c.Validate(); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := (&intake.Config{Generic: map[string]webhook.GenericConfig{"default": {Secret: "0123456789abcdef"}}}).Validate(); err != nil {
		t.Error(err)
	}
}
