package sourcetest

import (
	"context"
	"errors"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"triagent/connectors/fetch"
)

var (
	errCause = errors.New("the caller has lost interest")
	errFull  = errors.New("the sink is full")
)

// cancelled checks that a source gives up when its caller does, and says why.
func (b *bench) cancelled() {
	d := b.open(nil)
	d.set(d.hold)
	src := b.source(d.URL)
	for _, call := range []func(context.Context) result{
		func(ctx context.Context) result { return b.discover(ctx, src) },
		func(ctx context.Context) result { return b.collect(ctx, src, b.s.Ask, &Recorder{}) },
	} {
		for len(d.arrived) > 0 {
			<-d.arrived
		}
		ctx, cancel := context.WithCancelCause(b.t.Context())
		var at time.Time
		var wg sync.WaitGroup
		wg.Go(func() {
			select {
			case <-d.arrived:
			case <-time.After(soon):
			}
			at = time.Now()
			cancel(errCause)
		})
		r := call(ctx)
		ended := time.Now()
		wg.Wait()
		b.gaveUp(r, ended.Sub(at))
	}
	ctx, cancel := context.WithCancelCause(b.t.Context())
	cancel(errCause)
	before := d.requests.Load()
	b.gaveUp(b.discover(ctx, src), 0)
	b.gaveUp(b.collect(ctx, src, b.s.Ask, &Recorder{}), 0)
	if n := d.requests.Load() - before; n > 0 {
		b.errorf("it made %d requests for a caller that had given up", n)
	}
}

func (b *bench) gaveUp(r result, took time.Duration) {
	if !errors.Is(r.err, errCause) {
		b.errorf("%s does not give the cause of the context: %v", r.what, r.err)
	}
	if took > 3*time.Second {
		b.errorf("%s went on for %v after it was cancelled", r.what, took)
	}
}

// sinkError checks that a source stops when its sink does.
func (b *bench) sinkError() {
	want, d := b.whole()
	rows := want.Rows()
	for _, after := range []int64{1, rows/2 + 1} {
		before := d.requests.Load()
		rec := &Recorder{Stop: errFull, After: after}
		r := b.collect(b.t.Context(), b.source(d.URL), b.s.Ask, rec)
		if !errors.Is(r.err, errFull) {
			b.errorf("Collect does not give the error of its sink: %v", r.err)
		}
		if late := rec.Late(); late > 4 { // one for each request at once
			b.errorf("it handed over rows %d times after its sink was full", late-1)
		}
		if n := d.requests.Load() - before; n > before && before > 0 && after == 1 {
			b.errorf("it made %d requests for a sink that was full at once", n)
		}
	}
}

// many checks that a great many rows come, in bounded memory.
func (b *bench) many() {
	m := *b.s.Many
	if m.Server == "" {
		m.Server = b.s.Server
	}
	if m.Rows == 0 {
		m.Rows = 1_000_000
	}
	if m.Heap == 0 {
		m.Heap = 256 << 20
	}
	if m.Within == 0 {
		m.Within = 5 * time.Minute
	}
	d, err := newDoor(b.s, m.Server, nil)
	if err != nil {
		b.fatalf("open a way to the server: %v", err)
	}
	b.end = append(b.end, d.close)
	src := b.source(d.URL, func(s *fetch.Settings) { s.Timeout = m.Within })
	ctx, cancel := context.WithTimeoutCause(b.t.Context(), m.Within, errors.New("it takes too long"))
	defer cancel()
	heap := watchHeap()
	r := b.collect(ctx, src, m.Ask, &Recorder{Light: true})
	base, most := heap()
	n := r.rec.Tally().Rows()
	b.t.Logf("%d rows in %v (%.0f a second), %d requests, heap from %d to %d MB", n, r.took.Round(time.Millisecond),
		float64(n)/r.took.Seconds(), d.requests.Load(), base>>20, most>>20)
	switch {
	case r.err != nil:
		b.errorf("Collect: %v", r.err)
	case n < m.Rows:
		b.errorf("%d rows came, want %d; told %q, reduced %+v", n, m.Rows, r.told, r.rec.Got().Reduced)
	case most-base > m.Heap:
		b.errorf("it took %d MB of memory, more than %d", (most-base)>>20, m.Heap>>20)
	}
}

// watchHeap watches the live and not yet collected heap until it is called:
// bytes at the beginning and at most.
func watchHeap() func() (base, most int64) {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	now := func() int64 {
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	runtime.GC()
	base := now()
	most := base
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				most = max(most, now())
			}
		}
	})
	return func() (int64, int64) {
		close(stop)
		wg.Wait()
		return base, most
	}
}
