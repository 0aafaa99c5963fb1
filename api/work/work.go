// Package work makes the diagnoses that wait in a queue.
//
// A job is a worker's as long as its lease lasts, which the worker extends while
// it is busy. What a diagnosis tells is stored in chunks as it happens, so that
// pages follow it and another process could. A job ends once: finished, failed
// (the input is at fault, or we are), released (this process stops: another
// begins anew), or lost (the lease ran out: whoever has it now goes on).
//
// The queue is that of the store today; anything that keeps to Queue may take
// its place.
package work

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/incident"
	"triagent/internal/errs"
	"triagent/store"
)

// Queue is where jobs wait. Implementations are safe for concurrent use. What
// needs a job that is no longer held gives store.ErrLost.
type Queue interface {
	// Take gives the best job that waits, or one whose lease ran out, for lease;
	// false if there is none.
	Take(ctx context.Context, worker string, lease time.Duration) (store.Job, bool, error)
	// Extend keeps a job for lease from now.
	Extend(ctx context.Context, j store.Job, lease time.Duration) (store.Job, error)
	// Finish stores the diagnosis and ends the job, exactly once.
	Finish(ctx context.Context, j store.Job, d incident.Diagnosis) error
	// Fail ends the job with the reason why there is no diagnosis.
	Fail(ctx context.Context, j store.Job, cause error) error
	// Release gives the job back at once.
	Release(ctx context.Context, j store.Job) error
	// AppendTrace adds what the diagnosis told, in order.
	AppendTrace(ctx context.Context, j store.Job, t []store.Trace) error
}

// Config sets up a Pool.
type Config struct {
	Queue Queue
	// Diagnose diagnoses the bundle of a job, which is at path, and tells every
	// step to the listener, in order.
	Diagnose func(ctx context.Context, j store.Job, path string, l incident.Listener) (incident.Diagnosis, error)
	// Bundle gives the path of what a job is about. It may have to collect it.
	// Done is called once the job has ended; it may be nil.
	Bundle  func(ctx context.Context, j store.Job) (path string, done func(), err error)
	Name    string        // of this process among the workers; empty: "worker"
	Workers int           // diagnoses at once; 0: 1
	Lease   time.Duration // 0: 30 s
	Chunk   time.Duration // how long events are gathered before they are stored; 0: 100 ms
	Poll    time.Duration // how often to look for jobs that nobody told us of; 0: 1 s
	Limit   time.Duration // how long one diagnosis may take; 0: 30 min
	Log     *slog.Logger  // nil: discard
}

// Validate says what is wrong.
func (c Config) Validate() error {
	if c.Queue == nil || c.Diagnose == nil || c.Bundle == nil {
		return errs.New(errs.Internal, "a pool of workers needs Queue, Diagnose and Bundle")
	}
	if c.Workers < 0 || c.Lease < 0 || c.Chunk < 0 || c.Poll < 0 || c.Limit < 0 {
		return errs.New(errs.Invalid, "the numbers of a pool of workers cannot be negative")
	}
	return nil
}

// Pool makes diagnoses. It is safe for concurrent use.
type Pool struct {
	c    Config
	wake chan struct{}
}

// New returns a pool that does nothing until Run.
func New(c Config) (*Pool, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Name == "" {
		c.Name = "worker"
	}
	c.Workers = max(c.Workers, 1)
	for d, def := range map[*time.Duration]time.Duration{
		&c.Lease: 30 * time.Second, &c.Chunk: 100 * time.Millisecond, &c.Poll: time.Second, &c.Limit: 30 * time.Minute,
	} {
		if *d == 0 {
			*d = def
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Pool{c: c, wake: make(chan struct{}, 1)}, nil
}

// Wake says that there may be a job. It never blocks.
func (p *Pool) Wake() {
	select {
	case p.wake <- struct{}{}:
	default: // someone is being woken already and will wake the next
	}
}

// Run works until ctx ends. Jobs under way are given back then; Run returns when
// all of them are. It returns nil.
func (p *Pool) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for i := range p.c.Workers {
		g.Go(func() error {
			p.work(ctx, fmt.Sprintf("%s-%d", p.c.Name, i+1))
			return nil
		})
	}
	g.Go(func() error {
		t := time.NewTicker(p.c.Poll)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-t.C:
				p.Wake()
			}
		}
	})
	p.Wake()
	return g.Wait()
}

// work takes jobs until ctx ends.
func (p *Pool) work(ctx context.Context, name string) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		}
		for ctx.Err() == nil {
			job, ok, err := p.c.Queue.Take(ctx, name, p.c.Lease)
			if err != nil {
				if ctx.Err() == nil {
					p.c.Log.WarnContext(ctx, "no job could be taken", slog.String("worker", name), slog.Any("error", err))
				}
				break // the next poll tries again
			}
			if !ok {
				break
			}
			p.Wake() // there may be one for a colleague
			p.do(ctx, job)
		}
	}
}

// do makes one diagnosis and ends the job in one way or another.
func (p *Pool) do(ctx context.Context, job store.Job) {
	r := &run{p: p, job: job}
	d, err := r.run(ctx)
	// The end of a job must reach the store even while this process stops.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	log := p.c.Log.With(slog.String("incident", job.Incident), slog.Int("attempt", job.Attempt))
	switch {
	case err == nil:
		err = p.persist(end, func() error { return p.c.Queue.Finish(end, r.held(), d) })
	case errors.Is(err, store.ErrLost):
	case ctx.Err() != nil:
		err = p.c.Queue.Release(end, r.held())
	default:
		log.WarnContext(ctx, "a diagnosis failed", slog.Any("error", err))
		cause := err
		err = p.persist(end, func() error { return p.c.Queue.Fail(end, r.held(), cause) })
	}
	switch {
	case errors.Is(err, store.ErrLost):
		log.InfoContext(ctx, "a diagnosis was taken over by another worker")
	case err != nil:
		log.ErrorContext(ctx, "the end of a diagnosis could not be stored: it will be made again", slog.Any("error", err))
	}
}

// persist tries f until it succeeds, is refused or ctx ends.
func (p *Pool) persist(ctx context.Context, f func() error) error {
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		err := f()
		if err == nil || errs.KindOf(err) != errs.Unavailable {
			return err
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return errors.Join(err, ctx.Err())
		case <-t.C:
		}
	}
}
