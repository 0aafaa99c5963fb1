package compress

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// ordered makes pieces of work, does them and takes the results in the order
// they were made, on as many goroutines as there are workers, and returns once
// all have ended: the first error, or the context's cause. fill makes a piece
// and reports false, or an error, when there is none; work may run at the same
// time for several pieces; fill and take each run one piece at a time, but at
// the same time as the others. Pieces are used again, three for each worker,
// so memory does not depend on how many there are. With one worker nothing
// runs at the same time.
func ordered[P any](ctx context.Context, workers int, piece func() *P, fill func(*P) (bool, error), work func(*P), take func(*P) error) error {
	if workers <= 1 {
		return oneByOne(ctx, piece(), fill, work, take)
	}
	type job struct {
		p    *P
		done chan struct{}
	}
	free, todo, line := make(chan job, 3*workers), make(chan job, 3*workers), make(chan job, 3*workers)
	for range cap(free) {
		free <- job{piece(), make(chan struct{}, 1)}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(todo)
		defer close(line)
		for {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case j := <-free:
				ok, err := fill(j.p)
				if !ok || err != nil {
					return err
				}
				todo <- j // never full: it has room for all
				line <- j
			}
		}
	})
	for range workers {
		g.Go(func() error {
			for j := range todo {
				work(j.p)
				j.done <- struct{}{}
			}
			return nil
		})
	}
	g.Go(func() error {
		for j := range line {
			<-j.done
			if err := take(j.p); err != nil {
				return err
			}
			free <- j
		}
		return nil
	})
	return g.Wait()
}

func oneByOne[P any](ctx context.Context, p *P, fill func(*P) (bool, error), work func(*P), take func(*P) error) error {
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		ok, err := fill(p)
		if !ok || err != nil {
			return err
		}
		work(p)
		if err := take(p); err != nil {
			return err
		}
	}
}
