// Command change measures how long it takes from a change until a page that
// watches has it: an incident is renamed, or an alert opens one, and the stream of
// events is read until it tells so.
//
//	change -url http://127.0.0.1:8080 -token token.txt -n 100 -p95 500ms
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/bench/remote"
)

type options struct {
	url, token string
	n          int
	every      time.Duration
	p95        time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8080", "service, on a loopback address")
	flag.StringVar(&o.token, "token", "", "file with an API token that may read, write and send alerts")
	flag.IntVar(&o.n, "n", 100, "changes of each kind")
	flag.DurationVar(&o.every, "every", 250*time.Millisecond, "time between two changes")
	flag.DurationVar(&o.p95, "p95", 0, "fail if 95 % of the changes were seen later; 0: only measure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "change:", err)
		os.Exit(1)
	}
}

// watcher waits for one mark at a time to come by.
type watcher struct {
	mu   sync.Mutex
	mark []byte
	seen chan time.Time
}

// wait arms the watcher for a mark.
func (w *watcher) wait(mark string) <-chan time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mark, w.seen = []byte(mark), make(chan time.Time, 1)
	return w.seen
}

func (w *watcher) event(e remote.Event) error {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Name == "incident" && len(w.mark) > 0 && bytes.Contains(e.Data, w.mark) {
		w.mark = nil
		w.seen <- now
	}
	return nil
}

func run(ctx context.Context, o options) error {
	token, err := remote.Lines(o.token)
	if err != nil {
		return err
	}
	c, err := remote.New(o.url, token[0], 4)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	var w watcher
	g.Go(func() error {
		if err := c.Stream(ctx, "/events", w.event); ctx.Err() == nil {
			return err
		}
		return nil
	})
	g.Go(func() error {
		defer cancel()
		return measure(ctx, o, c, &w)
	})
	return g.Wait()
}

func measure(ctx context.Context, o options, c *remote.Client, w *watcher) error {
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := c.Ask(ctx, http.MethodGet, "/incidents?limit=100", nil).Into(&list); err != nil {
		return err
	}
	if len(list.Items) == 0 {
		return errors.New("the service has no incident: seed it first")
	}
	run := time.Now().UnixNano()
	late := 0
	for _, k := range []struct {
		name string
		do   func(n int, mark string) remote.Answer
	}{
		{"a renamed incident", func(n int, mark string) remote.Answer {
			id := list.Items[n%len(list.Items)].ID
			return c.Ask(ctx, http.MethodPatch, "/incidents/"+id, fmt.Appendf(nil, `{"title":%q}`, mark), "If-Match", "*")
		}},
		{"an alert that opens an incident", func(_ int, mark string) remote.Answer {
			return c.Ask(ctx, http.MethodPost, "/hooks/alertmanager", firing(mark))
		}},
	} {
		var times remote.Times
		for n := range o.n {
			mark := fmt.Sprintf("bench-%d-%d", run, n)
			seen := w.wait(mark)
			start := time.Now()
			answer := k.do(n, mark)
			if err := answer.Into(nil); err != nil {
				return fmt.Errorf("%s: %w", k.name, err)
			}
			at, ok := within(ctx, seen, 30*time.Second)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !ok {
				return fmt.Errorf("%s: no event told of %s for 30 s; the answer was %.300s", k.name, mark, answer.Body)
			}
			times.Add(at.Sub(start))
			within(ctx, nil, o.every)
		}
		run++
		fmt.Printf("%s, until its event: %s\n", k.name, &times)
		if o.p95 > 0 && times.At(.95) > o.p95 {
			late++
		}
	}
	if late > 0 {
		return fmt.Errorf("%d kinds of change were seen later than the %s that are promised", late, o.p95)
	}
	return nil
}

// within waits for the time that a mark was seen; false: it was not, in d.
func within(ctx context.Context, seen <-chan time.Time, d time.Duration) (time.Time, bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case at := <-seen:
		return at, true
	case <-t.C:
	case <-ctx.Done():
	}
	return time.Time{}, false
}

// firing is what Alertmanager sends of a new alert of a system of its own.
func firing(name string) []byte {
	body, err := json.Marshal(map[string]any{
		"version": "4", "status": "firing", "receiver": "triagent", "groupKey": "{}:{alertname=\"" + name + "\"}",
		"alerts": []any{map[string]any{
			"status": "firing", "labels": map[string]string{"alertname": name, "instance": name + ":9100", "cluster": name},
			"annotations": map[string]string{"summary": "a made alert"},
			"startsAt":    time.Now().UTC(), "endsAt": "0001-01-01T00:00:00Z", "fingerprint": name,
		}},
	})
	if err != nil {
		panic(err) // plain values
	}
	return body
}
