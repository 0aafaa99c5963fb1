package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// mix is what clients ask, in turn: a page of people who look at incidents. %d
// is the number of one of the newest hundred incidents.
var mix = []string{
	"/api/v1/incidents?limit=50",
	"/api/v1/incidents?limit=50",
	"/api/v1/incidents?limit=50&status=open&sort=-severity",
	"/api/v1/incidents?limit=50&q=datanode-%d",
	"/api/v1/incidents/inc-%d",
	"/api/v1/incidents/inc-%d",
	"/api/v1/incidents/inc-%d/alerts",
	"/api/v1/alerts?limit=50",
	"/api/v1/topology",
	"/api/v1/queue",
	"/api/v1/session",
}

// stats collects the answers.
type stats struct {
	mu     sync.Mutex
	took   []time.Duration
	byPath map[string][]time.Duration
	errors map[string]int
	bytes  int64
}

func (s *stats) add(path string, took time.Duration, n int64, failed string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byPath == nil {
		s.byPath, s.errors = map[string][]time.Duration{}, map[string]int{}
	}
	s.took = append(s.took, took)
	s.byPath[path] = append(s.byPath[path], took)
	s.bytes += n
	if failed != "" {
		s.errors[failed]++
	}
}

func (c *crowd) ask(ctx context.Context, cookie string, n int) {
	path := mix[n%len(mix)]
	url := c.url + path
	if strings.Contains(path, "%d") {
		url = c.url + fmt.Sprintf(path, 1+n*7919%100)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		panic(err) // the paths above are sound
	}
	req.Header.Set("Cookie", "triagent_session="+cookie)
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
	defer resp.Body.Close()
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
	if sleepUntil(ctx, asking) {
		fmt.Printf("%d of %d streams open after %s\n", c.open.Load(), c.clients, c.ramp)
	}
	for t := asking.Add(10 * time.Second); t.Before(end) && sleepUntil(ctx, t); t = t.Add(10 * time.Second) {
		c.stats.mu.Lock()
		n := len(c.stats.took)
		c.stats.mu.Unlock()
		fmt.Printf("%4.0f s: %d questions, %d streams, %d events\n", time.Since(asking).Seconds(), n, c.open.Load(), c.events.Load())
	}
	sleepUntil(ctx, end.Add(2*time.Second)) // answers under way
	return nil
}

// report prints the figures and says which promise was broken.
func (c *crowd) report() error {
	s := &c.stats
	if len(s.took) == 0 {
		return fmt.Errorf("no question was answered; %d streams opened, %d broke", c.opened.Load(), c.broken.Load())
	}
	slices.Sort(s.took)
	failed := 0
	for why, n := range s.errors {
		fmt.Printf("error %d times: %s\n", n, why)
		failed += n
	}
	fmt.Printf("questions %d (%.0f a second, %.1f MB), errors %d, p50 %s p95 %s p99 %s max %s\n", len(s.took),
		float64(len(s.took))/c.lasts.Seconds(), float64(s.bytes)/1e6, failed, at(s.took, .5), at(s.took, .95), at(s.took, .99), at(s.took, 1))
	for _, path := range slices.Compact(slices.Sorted(slices.Values(mix))) {
		if l := s.byPath[path]; len(l) > 0 {
			slices.Sort(l)
			fmt.Printf("  %-58s %6d  p50 %-9s p95 %s\n", path, len(l), at(l, .5), at(l, .95))
		}
	}
	fmt.Printf("streams opened %d, broken %d, events received %d\n", c.opened.Load(), c.broken.Load(), c.events.Load())
	peak := peakMB(c.pid)
	if peak > 0 {
		fmt.Printf("service: at most %d MB\n", peak)
	}
	switch {
	case failed > 0 || c.broken.Load() > 0 || int(c.opened.Load()) < c.clients:
		return fmt.Errorf("%d questions failed, %d streams broke", failed, c.broken.Load())
	case c.p95 > 0 && at(s.took, .95) > c.p95:
		return fmt.Errorf("p95 %s, promised %s", at(s.took, .95), c.p95)
	case c.rss > 0 && peak > c.rss:
		return fmt.Errorf("%d MB, promised %d MB", peak, c.rss)
	}
	return nil
}

// at returns a quantile of ascending times, rounded for print.
func at(sorted []time.Duration, q float64) time.Duration {
	return sorted[int(q*float64(len(sorted)-1))].Round(10 * time.Microsecond)
}

// peakMB is the most memory that a process had, in MB; 0 where that is not told.
func peakMB(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb >> 10
		}
	}
	return 0
}
