// Command crash kills the service again and again while it is under load, and
// then checks that everything that it had answered with success is there, that
// nothing is there twice, that every diagnosis it had accepted ended once, and
// that a webhook was told of each under one ID.
//
//	crash -triagent bin/triagent -kills 100 [-database postgres://...]
//
// The service is started on a loopback port with its data in a temporary folder
// (and, with -database, its tables in that database, which must be empty).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

type options struct {
	binary   string
	database string
	kills    int
	least    time.Duration
	most     time.Duration
	clients  int
	seed     uint64
}

func main() {
	var o options
	flag.StringVar(&o.binary, "triagent", "bin/triagent", "the program")
	flag.StringVar(&o.database, "database", "", "postgres:// URL of an empty database; empty: SQLite")
	flag.IntVar(&o.kills, "kills", 100, "times to kill it")
	flag.DurationVar(&o.least, "least", 300*time.Millisecond, "shortest life once it is ready")
	flag.DurationVar(&o.most, "most", 2*time.Second, "longest life")
	flag.IntVar(&o.clients, "clients", 8, "clients at once")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of the moments")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "crash:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp("", "triagent-crash-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	told, err := newSink()
	if err != nil {
		return err
	}
	s := &service{binary: o.binary, database: o.database, dir: dir}
	defer s.kill()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return told.run(ctx) })
	g.Go(func() error {
		defer cancel()
		return whole(ctx, o, s, told)
	})
	return g.Wait()
}

// whole is a run: kills under load, then the comparison.
func whole(ctx context.Context, o options, s *service, told *sink) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	l, err := newLoad(ctx, s)
	if err != nil {
		return err
	}
	if err := l.openChannel(ctx, told); err != nil {
		return err
	}
	fmt.Printf("seed %d, %s\n", o.seed, s.kind())
	if err := torment(ctx, o, s, l); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	return l.verify(ctx, told)
}

// torment kills the service at random moments of its life while clients work.
func torment(ctx context.Context, o options, s *service, l *load) error {
	rnd := rand.New(rand.NewPCG(o.seed, 1))
	var over atomic.Bool
	g, ctx := errgroup.WithContext(ctx)
	for i := range o.clients {
		g.Go(func() error { return l.client(ctx, i, &over) })
	}
	g.Go(func() error {
		defer over.Store(true)
		for n := 1; n <= o.kills; n++ {
			life := o.least + time.Duration(rnd.Int64N(int64(o.most-o.least)))
			if !pause(ctx, life) {
				return context.Cause(ctx)
			}
			s.kill()
			if n%10 == 0 {
				fmt.Printf("killed %d times; answered: %s\n", n, l.tally())
			}
			if n == o.kills {
				return nil
			}
			if err := s.start(ctx); err != nil {
				return fmt.Errorf("start after kill %d: %w", n, err)
			}
		}
		return nil
	})
	return g.Wait()
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

var errNotReady = errors.New("the service was not ready in time")

func logFile(dir string) string { return filepath.Join(dir, "log") }
