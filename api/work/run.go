package work

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/store"
)

// errLong says that a diagnosis took longer than it may.
var errLong = &errs.Error{Kind: errs.Exhausted, Err: errors.New("the diagnosis took longer than it may"), Remedy: "give a shorter window, or raise the limit"}

// run is one diagnosis under way.
type run struct {
	p *Pool

	mu     sync.Mutex
	job    store.Job
	events []store.Trace // told, not stored yet
	told   int
	mute   bool // events cannot be stored
}

// held is the job as it was last extended.
func (r *run) held() store.Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.job
}

// run diagnoses while it keeps the lease and stores what is told. A lost lease
// ends it with store.ErrLost.
func (r *run) run(ctx context.Context) (d incident.Diagnosis, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	limited, cancel := context.WithTimeoutCause(ctx, r.p.c.Limit, errLong)
	defer cancel()
	done := make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		r.keep(ctx, done, stop)
		return nil
	})
	g.Go(func() error {
		r.record(ctx, done, stop)
		return nil
	})
	d, err = r.diagnose(limited)
	close(done)
	_ = g.Wait()
	if cause := context.Cause(limited); cause != nil && err != nil {
		err = cause
	}
	if err == nil && errors.Is(context.Cause(ctx), store.ErrLost) {
		err = store.ErrLost
	}
	return d, err
}

// diagnose finds the bundle and diagnoses it. A panic is an error of kind
// errs.Internal: it costs one diagnosis, not the service.
func (r *run) diagnose(ctx context.Context) (d incident.Diagnosis, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &errs.Error{Op: "diagnose", Kind: errs.Internal, Err: fmt.Errorf("panic: %v\n%s", v, debug.Stack())}
		}
	}()
	path, done, err := r.p.c.Bundle(ctx, r.held())
	if err != nil {
		return d, err
	}
	if done != nil {
		defer done()
	}
	return r.p.c.Diagnose(ctx, r.held(), path, r.hear)
}

// hear notes an event.
func (r *run) hear(e incident.Event) {
	if g, ok := e.(incident.GraphBuilt); ok {
		// The graph is worked on while it is being stored.
		g.Graph.Nodes, g.Graph.Edges = slices.Clone(g.Graph.Nodes), slices.Clone(g.Graph.Edges)
		e = g
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mute {
		return
	}
	r.told++
	r.events = append(r.events, store.Trace{Attempt: r.job.Attempt, N: r.told, At: time.Now().UTC(), Event: e})
}

// record stores what was told, in chunks, and the rest in the end.
func (r *run) record(ctx context.Context, done <-chan struct{}, stop context.CancelCauseFunc) {
	t := time.NewTicker(r.p.c.Chunk)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-done:
			r.flush(ctx, stop)
			return
		case <-ctx.Done():
			return
		}
		r.flush(ctx, stop)
	}
}

// flush stores a chunk. What cannot be stored now is stored with the next one.
func (r *run) flush(ctx context.Context, stop context.CancelCauseFunc) {
	r.mu.Lock()
	chunk, job := r.events, r.job
	r.events = nil
	r.mu.Unlock()
	if len(chunk) == 0 {
		return
	}
	err := r.p.c.Queue.AppendTrace(ctx, job, chunk)
	if err == nil {
		return
	}
	if errors.Is(err, store.ErrLost) {
		stop(store.ErrLost)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if errs.KindOf(err) == errs.Unavailable || ctx.Err() != nil {
		r.events = append(chunk, r.events...)
		return
	}
	// It would be refused for ever. The diagnosis itself does not need it.
	r.mute, r.events = true, nil
	r.p.c.Log.ErrorContext(ctx, "the events of a diagnosis cannot be stored", slog.String("incident", job.Incident), slog.Any("error", err))
}

// keep extends the lease. If that is not possible until it has run out, the job
// is lost.
func (r *run) keep(ctx context.Context, done <-chan struct{}, stop context.CancelCauseFunc) {
	t := time.NewTicker(r.p.c.Lease / 3)
	defer t.Stop()
	last := time.Now()
	for {
		select {
		case <-t.C:
		case <-done:
			return
		case <-ctx.Done():
			return
		}
		began := time.Now()
		job, err := r.p.c.Queue.Extend(ctx, r.held(), r.p.c.Lease)
		switch {
		case err == nil:
			last = began
			r.mu.Lock()
			r.job = job
			r.mu.Unlock()
		case errors.Is(err, store.ErrLost) || time.Since(last) > r.p.c.Lease:
			stop(store.ErrLost)
			return
		}
	}
}
