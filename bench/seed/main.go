// Command seed fills an empty state of the service with what an installation of
// some months has: incidents that were diagnosed, their alerts, people's
// sessions and an API token. It writes the cookies of the sessions and the token
// into files, for those who put the service under load.
//
//	seed -data /tmp/bench [-database postgres://...] -incidents 10000 -alerts 100000 -sessions 10000
//
// Everything is written through the store and the service's own log-in, so that
// it is what the service itself would have written.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"triagent/store"
)

type options struct {
	data, database              string
	incidents, alerts, sessions int
	full                        int
	days                        int
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "", "folder of the state")
	flag.StringVar(&o.database, "database", "", "postgres:// URL of an empty database; empty: SQLite in the folder")
	flag.IntVar(&o.incidents, "incidents", 10_000, "incidents")
	flag.IntVar(&o.alerts, "alerts", 100_000, "alerts, spread over the incidents")
	flag.IntVar(&o.sessions, "sessions", 10_000, "sessions")
	flag.IntVar(&o.full, "full", 200, "newest incidents that have a whole diagnosis, its trace and their data")
	flag.IntVar(&o.days, "days", 90, "days that the incidents are spread over")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "seed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.data == "" {
		return fmt.Errorf("name an empty folder with -data")
	}
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return err
	}
	start := time.Now()
	first, err := firstAdmin(ctx, o)
	if err != nil {
		return fmt.Errorf("make the first account: %w", err)
	}
	var at clock
	s, err := store.New(ctx, store.Config{
		Path: filepath.Join(o.data, "triagent.db"), URL: o.database, Blobs: filepath.Join(o.data, "bundles"), MaxQueued: 100_000, Now: at.now,
	})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() //nolint:contextcheck // what matters was durable before
	if err := people(ctx, s, o, first); err != nil {
		return err
	}
	h, err := newHistory(ctx, s, &at, o)
	if err != nil {
		return err
	}
	if err := h.write(ctx); err != nil {
		return err
	}
	fmt.Printf("%d incidents, %d alerts and %d sessions in %.0f s\n", o.incidents, h.alerts.Load(), o.sessions, time.Since(start).Seconds())
	return nil
}

// clock is the time that the store believes; the zero clock is right.
type clock struct{ nanos atomic.Int64 }

func (c *clock) now() time.Time {
	if n := c.nanos.Load(); n != 0 {
		return time.Unix(0, n)
	}
	return time.Now()
}

func (c *clock) set(t time.Time) { c.nanos.Store(t.UnixNano()) }
