package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/incident"
	"triagent/lab/drill"
	"triagent/lab/patroni/cluster"
)

// drillFlags are the flags of the command.
type drillFlags struct {
	Fault  string        `default:"kill" enum:"kill,lag,lock" help:"What is done: kill the primary, keep a standby from replaying, or have sessions wait for each other."`
	Before time.Duration `default:"2m" help:"How long the cluster works well before."`
	Within time.Duration `default:"60s" help:"How long until node and fault have to be named."`
	Listen string        `help:"Where the program listens; none: a free port." placeholder:"ADDR"`
	Stay   bool          `help:"Leave everything running until interrupted, to look at the page."`
}

// faults are what has to be named.
var faults = map[string]incident.Fault{"kill": "node_down", "lag": "replica_lag", "lock": "lock_contention"}

// practise runs the cluster and the program that watches it, does a fault, and
// tells what came of it.
func practise(ctx context.Context, dir string, f *drillFlags) (err error) {
	say := func(s string) { fmt.Printf("%s %s\n", time.Now().Format(time.TimeOnly), s) }
	svc, err := drill.Place(filepath.Join(dir, "service"), f.Listen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, svc.Stop()) }()
	c, err := cluster.Up(ctx, cluster.Plan{Dir: filepath.Join(dir, "lab"), Webhook: svc.Hook(), TokenFile: svc.TokenFile()}, func(s string) { say("starting " + s) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Down()) }()
	if err := c.Prepare(ctx); err != nil {
		return err
	}
	if err := svc.Start(ctx, watched(c.Plan), say); err != nil {
		return err
	}
	work, stop := context.WithCancel(ctx)
	var g errgroup.Group
	g.Go(func() error {
		c.Run(work, cluster.Load{})
		return nil
	})
	err = strike(work, &g, c.Plan, svc, f, say)
	stop()
	return errors.Join(err, g.Wait())
}

// watched declares the cluster, as it stands in the settings.
func watched(p *cluster.Plan) string {
	var hosts, urls []string
	for _, n := range p.Node {
		hosts = append(hosts, "'"+n.SQL+"'")
		urls = append(urls, "'http://"+n.REST+"'")
	}
	return fmt.Sprintf(`  - name: %s
    kind: postgresql
    sources:
      - {kind: postgresql, hosts: [%s], user: triagent, patroni: {urls: [%s]}}
      - {kind: prometheus, url: '%s'}
`, p.Scope, strings.Join(hosts, ", "), strings.Join(urls, ", "), p.Prometheus)
}

// strike does a fault to a cluster that has worked well for a while. What lasts
// ends with ctx, and g waits for it.
func strike(ctx context.Context, g *errgroup.Group, p *cluster.Plan, svc *drill.Service, f *drillFlags, say func(string)) error {
	say(fmt.Sprintf("the cluster works for %v", f.Before))
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(f.Before):
	}
	node := ""
	got, err := svc.Strike(ctx, f.Within+time.Minute, func(ctx context.Context) (err error) {
		node, err = do(ctx, g, p, f.Fault)
		say(f.Fault + " of " + node)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Println(got)
	err = got.Names(node, faults[f.Fault], f.Within)
	if f.Stay {
		say(fmt.Sprintf("all of it runs until you interrupt: %s (account lab, password %q)", svc.URL(), svc.Password))
		<-ctx.Done()
	}
	return err
}

// do does a fault and returns the name of its node.
func do(ctx context.Context, g *errgroup.Group, p *cluster.Plan, fault string) (string, error) {
	if fault == "kill" {
		return p.Kill(ctx, "")
	}
	begun, failed := make(chan string, 1), make(chan error, 1)
	g.Go(func() error {
		last := func(node string) { begun <- node }
		if fault == "lag" {
			failed <- p.Lag(ctx, "", last)
		} else {
			failed <- p.Lock(ctx, last)
		}
		return nil
	})
	select {
	case node := <-begun:
		return node, nil
	case err := <-failed:
		return "", err
	}
}
