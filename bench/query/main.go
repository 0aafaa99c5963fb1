// Command query measures how long lists and searches take in a large state, one
// after another, each asked for the first time: kept answers do not help. Beside
// the time it prints the processor time that the service took for one.
//
//	query -url http://127.0.0.1:8080 -token token.txt -pid 4711 -n 100 -p95 100ms
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"triagent/bench/remote"
)

type options struct {
	url, token string
	pid, n     int
	p95        time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8080", "service, on a loopback address")
	flag.StringVar(&o.token, "token", "", "file with an API token that may read")
	flag.IntVar(&o.pid, "pid", 0, "process of the service, to read its processor time; 0: do not")
	flag.IntVar(&o.n, "n", 100, "questions of each kind")
	flag.DurationVar(&o.p95, "p95", 0, "fail if 95 % of the questions of a kind took longer; 0: only measure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "query:", err)
		os.Exit(1)
	}
}

// kinds are the questions; %d is another number each time. The limit differs
// from one to the next where nothing else does, so that each is a new question.
var kinds = []struct{ name, path string }{
	{"incidents, newest", "/incidents?limit=%d"},
	{"incidents, the worst of the open", "/incidents?status=open&sort=-severity&limit=%d"},
	{"incidents, of a system, counted", "/incidents?system=kafka&count=true&limit=%d"},
	{"incidents, diagnosed, of a severity", "/incidents?progress=done&severity=critical,major&limit=%d"},
	{"incidents, of a node", "/incidents?node=broker-%d"},
	{"incidents, a later page", "/incidents?limit=50&cursor=%d"},
	{"search: a node", "/incidents?q=broker-%d&limit=50"},
	{"search: two words", "/incidents?q=writes+replica-%d&limit=50"},
	{"search: a ticket", "/incidents?q=OPS-1%04d&limit=50"},
	{"search: what is nowhere, counted", "/incidents?q=nowhere%d&count=true&limit=50"},
	{"alerts, newest", "/alerts?limit=%d"},
	{"alerts, that fire", "/alerts?firing=true&limit=%d"},
	{"alerts, of a node", "/alerts?node=broker-%d"},
	{"alerts, a later page", "/alerts?limit=50&cursor=%d"},
	{"alerts, search: a node", "/alerts?q=broker-%d&limit=50"},
	{"alerts, search: two words", "/alerts?q=since+primary-%d&limit=50"},
	{"alerts, search: what is nowhere", "/alerts?q=nowhere%d&limit=50"},
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
	slow := 0
	for _, k := range kinds {
		var times remote.Times
		before := remote.CPU(o.pid)
		if err := ask(ctx, c, k.path, o.n, &times); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		each := (remote.CPU(o.pid) - before) / time.Duration(o.n)
		fmt.Printf("%-38s %s, %s of processor each\n", k.name, &times, each.Round(100*time.Microsecond))
		if o.p95 > 0 && times.At(.95) > o.p95 {
			slow++
		}
	}
	if slow > 0 {
		return fmt.Errorf("%d kinds of question took longer than the %s that are promised", slow, o.p95)
	}
	return nil
}

// ask asks n questions of a kind. A later page is found by its cursor.
func ask(ctx context.Context, c *remote.Client, path string, n int, times *remote.Times) error {
	base, paged := strings.CutSuffix(path, "&cursor=%d")
	cursor := ""
	for i := range n {
		var at string
		switch {
		case paged && cursor == "":
			at = base
		case paged:
			at = base + "&cursor=" + url.QueryEscape(cursor)
		default:
			at = fmt.Sprintf(path, 1+i%200)
		}
		var page struct {
			Next *string `json:"next"`
		}
		start := time.Now()
		answer := c.Ask(ctx, http.MethodGet, at, nil)
		times.Add(time.Since(start))
		if err := answer.Into(&page); err != nil {
			return err
		}
		if cursor = ""; page.Next != nil {
			cursor = *page.Next
		}
	}
	return nil
}
