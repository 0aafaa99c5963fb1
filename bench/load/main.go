// Command load puts the service under the load of many people at once: each
// client holds a stream of live events and asks one question every interval, over
// a shared pool of connections, while some incidents change. It speaks plain HTTP
// to a loopback address only, ends by itself, and prints the latency of the
// questions, the time from a change until the streams had it, errors, streams that
// broke, and the most memory that the service had.
//
//	load -url http://127.0.0.1:8080 -sessions sessions.txt -token token.txt -clients 10000 -for 60s -pid 4711
//
// The file of sessions has one cookie value a line; clients share them in turn.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/bench/remote"
)

type options struct {
	url      string
	sessions string
	token    string
	clients  int
	every    time.Duration
	lasts    time.Duration
	ramp     time.Duration
	changes  float64
	pool     int
	pid      int
	p95      time.Duration
	seen     time.Duration
	rss      int64
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8080", "service, on a loopback address")
	flag.StringVar(&o.sessions, "sessions", "", "file with one session cookie a line")
	flag.StringVar(&o.token, "token", "", "file with an API token that may read and write")
	flag.IntVar(&o.clients, "clients", 10000, "clients at once, each with a stream of events")
	flag.DurationVar(&o.every, "every", 10*time.Second, "time between two questions of one client")
	flag.DurationVar(&o.lasts, "for", time.Minute, "time to ask for, once all streams are open")
	flag.DurationVar(&o.ramp, "ramp", 20*time.Second, "time over which the streams are opened")
	flag.Float64Var(&o.changes, "changes", 1, "incidents changed a second")
	flag.IntVar(&o.pool, "pool", 2000, "connections that the questions share")
	flag.IntVar(&o.pid, "pid", 0, "process of the service, to read its memory; 0: do not")
	flag.DurationVar(&o.p95, "p95", 0, "fail if 95 % of the questions took longer; 0: only measure")
	flag.DurationVar(&o.seen, "seen", 0, "fail if 95 % of the streams learned of a change later; 0: only measure")
	flag.Int64Var(&o.rss, "rss", 0, "fail if the service had more memory, in MB; 0: only measure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// crowd is the clients of one run.
type crowd struct {
	options
	host    string
	cookies []string
	ids     []string // incidents that are asked for
	asker   *http.Client
	editor  *remote.Client

	open, opened, broken, events, changed atomic.Int64
	stats                                 stats
	seenAfter                             remote.Times // from a change until a stream had it
	cpu                                   time.Duration
}

func run(ctx context.Context, o options) error {
	c, err := newCrowd(ctx, o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	start := time.Now()
	asking, end := start.Add(o.ramp), start.Add(o.ramp+o.lasts)
	for i := range o.clients {
		g.Go(func() error { return c.client(ctx, i, start, asking, end) })
	}
	g.Go(func() error { return c.change(ctx, asking, end) })
	g.Go(func() error { return c.tell(ctx, asking, end, cancel) })
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return c.report()
}

func newCrowd(ctx context.Context, o options) (*crowd, error) {
	host, err := remote.Host(o.url)
	if err != nil {
		return nil, err
	}
	if err := enough(o.clients + o.pool + 100); err != nil {
		return nil, err
	}
	c := &crowd{options: o, host: host}
	if c.cookies, err = remote.Lines(o.sessions); err != nil {
		return nil, err
	}
	token, err := remote.Lines(o.token)
	if err != nil {
		return nil, err
	}
	if c.editor, err = remote.New(o.url, token[0], 4); err != nil {
		return nil, err
	}
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := c.editor.Ask(ctx, http.MethodGet, "/incidents?limit=100", nil).Into(&list); err != nil {
		return nil, err
	}
	for _, i := range list.Items {
		c.ids = append(c.ids, i.ID)
	}
	if len(c.ids) == 0 {
		return nil, errors.New("the service has no incident: seed it first")
	}
	c.asker = &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		MaxIdleConns: o.pool, MaxIdleConnsPerHost: o.pool, MaxConnsPerHost: o.pool, DisableCompression: true,
	}}
	return c, nil
}

// client opens its stream at its place in the ramp and asks at its place in the
// interval, so that the load is even.
func (c *crowd) client(ctx context.Context, i int, start, asking, end time.Time) error {
	share := float64(i) / float64(c.clients)
	if !sleepUntil(ctx, start.Add(time.Duration(share*.9*float64(c.ramp)))) {
		return nil
	}
	cookie := c.cookies[i%len(c.cookies)]
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.listen(ctx, cookie, i%sampled == 0) })
	g.Go(func() error {
		for n := 0; ; n++ {
			at := asking.Add(time.Duration((share + float64(n)) * float64(c.every)))
			if at.After(end) || !sleepUntil(ctx, at) {
				return nil
			}
			c.ask(ctx, cookie, i+n)
		}
	})
	return g.Wait()
}

func sleepUntil(ctx context.Context, t time.Time) bool {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
