// Command alerts sends a storm to the service and checks that none of it was
// lost: so many alerts a second, one a request, as Alertmanager would, from a
// number of nodes; every second one repeats an alert sent before. It measures how
// long the answers take, then reads back every stored alert and compares.
//
//	alerts -url http://127.0.0.1:8080 -token token.txt -rate 1000 -for 60s
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/bench/remote"
)

func main() {
	var s storm
	flag.StringVar(&s.url, "url", "http://127.0.0.1:8080", "service, on a loopback address")
	flag.StringVar(&s.token, "token", "", "file with an API token that may send and read")
	flag.IntVar(&s.pid, "pid", 0, "process of the service, to read its memory and processor time; 0: do not")
	flag.IntVar(&s.rate, "rate", 1000, "alerts a second")
	flag.DurationVar(&s.lasts, "for", time.Minute, "time to send for")
	flag.IntVar(&s.nodes, "nodes", 200, "nodes that the alerts come from")
	flag.IntVar(&s.senders, "senders", 64, "requests at once")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := s.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "alerts:", err)
		os.Exit(1)
	}
}

type storm struct {
	url, token                string
	rate, nodes, senders, pid int
	lasts                     time.Duration
	id                        string // of this run, a label of every alert
	client                    *remote.Client
	took                      remote.Times

	mu     sync.Mutex
	failed map[string]int
	sent   map[int]int64 // times that alert n was answered with 200
}

func (s *storm) run(ctx context.Context) error {
	token, err := remote.Lines(s.token)
	if err != nil {
		return err
	}
	if s.client, err = remote.New(s.url, token[0], s.senders); err != nil {
		return err
	}
	s.id = fmt.Sprintf("run-%d", time.Now().UnixNano())
	s.failed, s.sent = map[string]int{}, map[int]int64{}
	start, before := time.Now(), remote.CPU(s.pid)
	if err := s.send(ctx, start); err != nil {
		return err
	}
	lasted := time.Since(start)
	n := s.took.Count()
	if n == 0 {
		return errors.New("nothing was answered")
	}
	fmt.Printf("sent %d alerts in %.1f s (%.0f a second), answers %s\n", n, lasted.Seconds(), float64(n)/lasted.Seconds(), &s.took)
	if s.pid > 0 {
		fmt.Printf("service: at most %d MB, %.1f s of processor in %.0f s\n", remote.PeakMB(s.pid), (remote.CPU(s.pid) - before).Seconds(), lasted.Seconds())
	}
	for why, n := range s.failed {
		fmt.Printf("refused %d times: %s\n", n, why)
	}
	return s.compare(ctx, start)
}

// send keeps the rate whatever the answers take, as far as senders reach.
func (s *storm) send(ctx context.Context, start time.Time) error {
	total := int(s.lasts.Seconds() * float64(s.rate))
	g, ctx := errgroup.WithContext(ctx)
	work := make(chan int, s.rate)
	g.Go(func() error {
		defer close(work)
		for i := range total {
			due := start.Add(time.Duration(float64(i) / float64(s.rate) * float64(time.Second)))
			if d := time.Until(due); d > time.Millisecond {
				time.Sleep(d)
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case work <- i:
			}
		}
		return nil
	})
	for range s.senders {
		g.Go(func() error {
			for i := range work {
				s.one(ctx, distinct(i), start)
			}
			return nil
		})
	}
	return g.Wait()
}

// distinct numbers the alerts such that every second one was sent before.
func distinct(i int) int {
	if i%2 == 1 {
		return i / 4 * 2
	}
	return i
}

func (s *storm) one(ctx context.Context, n int, start time.Time) {
	node := fmt.Sprintf("node-%d", n%s.nodes)
	labels := map[string]string{
		"alertname": fmt.Sprintf("Rule%d", n/s.nodes%10), "instance": node + ":9100", "cluster": fmt.Sprintf("bench-%d", n%s.nodes/10),
		"severity": "warning", "run": s.id, "n": fmt.Sprint(n),
	}
	body, err := json.Marshal(map[string]any{
		"version": "4", "status": "firing", "receiver": "triagent", "groupKey": "{}:{cluster=\"" + labels["cluster"] + "\"}",
		"alerts": []any{map[string]any{
			"status": "firing", "labels": labels, "annotations": map[string]string{"summary": "a made alert"},
			"startsAt": start.UTC().Truncate(time.Second), "endsAt": "0001-01-01T00:00:00Z", "fingerprint": fmt.Sprintf("%016x", n),
		}},
	})
	if err != nil {
		panic(err) // plain values
	}
	began := time.Now()
	err = s.client.Ask(ctx, http.MethodPost, "/hooks/alertmanager", body).Into(nil)
	s.took.Add(time.Since(began))
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failed[err.Error()]++
		return
	}
	s.sent[n]++
}

// compare reads back what is stored of this run, page by page.
func (s *storm) compare(ctx context.Context, start time.Time) error {
	stored, cursor := map[string]int64{}, ""
	incidents := map[string]bool{}
	for {
		var page struct {
			Items []struct {
				Incident string            `json:"incident"`
				Count    int64             `json:"count"`
				Labels   map[string]string `json:"labels"`
			} `json:"items"`
			Next *string `json:"next"`
		}
		path := "/alerts?limit=500&from=" + url.QueryEscape(start.UTC().Truncate(time.Second).Format(time.RFC3339)) + "&cursor=" + url.QueryEscape(cursor)
		if err := s.client.Ask(ctx, http.MethodGet, path, nil).Into(&page); err != nil {
			return err
		}
		for _, a := range page.Items {
			if a.Labels["run"] == s.id {
				stored[a.Labels["n"]] += a.Count
				incidents[a.Incident] = true
			}
		}
		if page.Next == nil || *page.Next == "" {
			break
		}
		cursor = *page.Next
	}
	lost := 0
	for n, times := range s.sent {
		if stored[fmt.Sprint(n)] != times {
			lost++
		}
	}
	fmt.Printf("%d distinct alerts answered, %d stored, %d incidents; %d differ in number\n", len(s.sent), len(stored), len(incidents), lost)
	if lost > 0 || len(s.failed) > 0 {
		return fmt.Errorf("%d alerts were lost or counted wrong, %d kinds of refusal", lost, len(s.failed))
	}
	return nil
}
