// Command load puts the service under the load of many people at once: each
// client holds a stream of live events and asks one question every interval, over
// a shared pool of connections. It speaks plain HTTP to a loopback address only,
// ends by itself, and prints the latency of the questions, errors, streams that
// broke, and the most memory that the service had.
//
//	load -url http://127.0.0.1:8080 -sessions sessions.txt -clients 10000 -for 60s -pid 4711
//
// The file of sessions has one cookie value a line; clients share them in turn.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

type options struct {
	url      string
	sessions string
	clients  int
	every    time.Duration
	lasts    time.Duration
	ramp     time.Duration
	pool     int
	pid      int
	p95      time.Duration
	rss      int64
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8080", "service, on a loopback address")
	flag.StringVar(&o.sessions, "sessions", "", "file with one session cookie a line")
	flag.IntVar(&o.clients, "clients", 10000, "clients at once, each with a stream of events")
	flag.DurationVar(&o.every, "every", 10*time.Second, "time between two questions of one client")
	flag.DurationVar(&o.lasts, "for", time.Minute, "time to ask for, once all streams are open")
	flag.DurationVar(&o.ramp, "ramp", 20*time.Second, "time over which the streams are opened")
	flag.IntVar(&o.pool, "pool", 2000, "connections that the questions share")
	flag.IntVar(&o.pid, "pid", 0, "process of the service, to read its memory; 0: do not")
	flag.DurationVar(&o.p95, "p95", 0, "fail if 95 % of the questions took longer; 0: only measure")
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
	asker   *http.Client

	open, opened, broken, events atomic.Int64
	stats                        stats
}

func run(ctx context.Context, o options) error {
	c, err := newCrowd(o)
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
	g.Go(func() error { return c.tell(ctx, asking, end, cancel) })
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return c.report()
}

func newCrowd(o options) (*crowd, error) {
	u, err := url.Parse(o.url)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "http" || ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("%s is not plain HTTP on a loopback address", o.url)
	}
	if err := enough(o.clients + o.pool + 100); err != nil {
		return nil, err
	}
	c := &crowd{options: o, host: u.Host}
	text, err := os.ReadFile(o.sessions)
	if err != nil {
		return nil, err
	}
	if c.cookies = strings.Fields(string(text)); len(c.cookies) == 0 {
		return nil, fmt.Errorf("%s holds no session", o.sessions)
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
	g.Go(func() error { return c.listen(ctx, cookie) })
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

// listen holds one stream of events on a connection of its own, with a small
// buffer: the memory of this program is taken from the same machine.
func (c *crowd) listen(ctx context.Context, cookie string) error {
	conn, err := (&net.Dialer{Timeout: 30 * time.Second}).DialContext(ctx, "tcp", c.host)
	if err != nil {
		c.broken.Add(1)
		return nil //nolint:nilerr // counted: the others go on
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	if _, err := fmt.Fprintf(conn, "GET /api/v1/events HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\nCookie: triagent_session=%s\r\n\r\n", c.host, cookie); err != nil {
		c.broken.Add(1)
		return nil //nolint:nilerr // counted
	}
	c.read(ctx, conn)
	return nil
}

func (c *crowd) read(ctx context.Context, conn net.Conn) {
	r := bufio.NewReaderSize(conn, 512)
	first := true
	for {
		line, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
		if first {
			if !strings.Contains(string(line), " 200 ") {
				break
			}
			first = false
			c.open.Add(1)
			c.opened.Add(1)
			defer c.open.Add(-1)
		}
		if len(line) > 6 && string(line[:6]) == "event:" {
			c.events.Add(1)
		}
	}
	if ctx.Err() == nil {
		c.broken.Add(1)
	}
}
