package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"triagent/bench/remote"
)

// mix is what clients ask, in turn: a page of people who look at incidents. ID
// is one of the newest hundred, %d a number.
var mix = []string{
	"/incidents?limit=50",
	"/incidents?limit=50",
	"/incidents?limit=50&status=open&sort=-severity",
	"/incidents?limit=50&q=datanode-%d",
	"/incidents/ID",
	"/incidents/ID",
	"/incidents/ID/diagnosis",
	"/incidents/ID/timeline",
	"/incidents/ID/alerts",
	"/alerts?limit=50",
	"/topology",
	"/queue",
	"/session",
}

// stats collects the answers.
type stats struct {
	took   remote.Times
	byPath map[string]*remote.Times

	mu     sync.Mutex
	errors map[string]int
	bytes  int64
}

func (s *stats) add(path string, took time.Duration, n int64, failed string) {
	s.took.Add(took)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byPath == nil {
		s.byPath, s.errors = map[string]*remote.Times{}, map[string]int{}
	}
	if s.byPath[path] == nil {
		s.byPath[path] = &remote.Times{}
	}
	s.byPath[path].Add(took)
	s.bytes += n
	if failed != "" {
		s.errors[failed]++
	}
}

func (c *crowd) ask(ctx context.Context, cookie string, n int) {
	path := mix[n%len(mix)]
	asked := strings.Replace(path, "ID", c.ids[n*7919%len(c.ids)], 1)
	if strings.Contains(asked, "%d") {
		asked = fmt.Sprintf(asked, n*7919%60)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/api/v1"+asked, nil)
	if err != nil {
		panic(err) // the paths above are sound
	}
	req.Header.Set("Cookie", "triagent_session="+cookie)
	req.Header.Set("Accept-Encoding", "gzip") // as browsers do; what comes is counted, not unpacked
	start := time.Now()
	size, failed := fetch(c.asker, req)
	if ctx.Err() != nil {
		return
	}
	c.stats.add(path, time.Since(start), size, failed)
}

// fetch reads an answer to its end and says what was wrong with it.
func fetch(client *http.Client, req *http.Request) (size int64, failed string) {
	resp, err := client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	size, err = io.Copy(io.Discard, resp.Body)
	switch {
	case err != nil:
		return size, err.Error()
	case resp.StatusCode != http.StatusOK:
		return size, resp.Status + " " + req.URL.Path
	}
	return size, ""
}

// tell prints a line every ten seconds and ends the run.
func (c *crowd) tell(ctx context.Context, asking, end time.Time, cancel func()) error {
	defer cancel()
	before := remote.CPU(c.pid)
	if sleepUntil(ctx, asking) {
		fmt.Printf("%d of %d streams open after %s, %.1f s of processor\n", c.open.Load(), c.clients, c.ramp, (remote.CPU(c.pid) - before).Seconds())
	}
	before = remote.CPU(c.pid)
	for t := asking.Add(10 * time.Second); t.Before(end) && sleepUntil(ctx, t); t = t.Add(10 * time.Second) {
		fmt.Printf("%4.0f s: %d questions, %d streams, %d events\n", time.Since(asking).Seconds(), c.stats.took.Count(), c.open.Load(), c.events.Load())
	}
	sleepUntil(ctx, end)
	c.cpu = remote.CPU(c.pid) - before
	sleepUntil(ctx, end.Add(2*time.Second)) // answers under way
	return nil
}

// report prints the figures and says which promise was broken.
func (c *crowd) report() error {
	s := &c.stats
	n := s.took.Count()
	if n == 0 {
		return fmt.Errorf("no question was answered; %d streams opened, %d broke", c.opened.Load(), c.broken.Load())
	}
	failed := 0
	for why, n := range s.errors {
		fmt.Printf("error %d times: %s\n", n, why)
		failed += n
	}
	fmt.Printf("questions %d (%.0f a second, %.1f MB), errors %d, %s\n", n, float64(n)/c.lasts.Seconds(), float64(s.bytes)/1e6, failed, &s.took)
	for _, path := range slices.Compact(slices.Sorted(slices.Values(mix))) {
		if t := s.byPath[path]; t != nil {
			fmt.Printf("  %-48s %6d  p50 %-9s p95 %s\n", path, t.Count(), t.At(.5), t.At(.95))
		}
	}
	fmt.Printf("streams opened %d, broken %d; %d changes made %d events, seen after %s\n",
		c.opened.Load(), c.broken.Load(), c.changed.Load(), c.events.Load(), &c.seenAfter)
	peak := remote.PeakMB(c.pid)
	if peak > 0 {
		fmt.Printf("service: at most %d MB, %.1f s of processor in %s\n", peak, c.cpu.Seconds(), c.lasts)
	}
	switch {
	case failed > 0 || c.broken.Load() > 0 || int(c.opened.Load()) < c.clients:
		return fmt.Errorf("%d questions failed, %d streams broke", failed, c.broken.Load())
	case c.p95 > 0 && s.took.At(.95) > c.p95:
		return fmt.Errorf("p95 %s, promised %s", s.took.At(.95), c.p95)
	case c.seen > 0 && c.seenAfter.At(.95) > c.seen:
		return fmt.Errorf("95 %% of the streams learned of a change after %s, promised %s", c.seenAfter.At(.95), c.seen)
	case c.rss > 0 && peak > c.rss:
		return fmt.Errorf("%d MB, promised %d MB", peak, c.rss)
	}
	return nil
}
