package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"triagent/incident"
	"triagent/lab/drill"
	"triagent/lab/patroni/cluster"
)

// drillFlags are the flags of the command.
type drillFlags struct {
	drill.Flags
	Fault string `default:"kill" enum:"kill,lag,lock" help:"What is done: kill the primary, keep a standby from replaying, or have sessions wait for each other."`
}

// faults are what has to be named.
var faults = map[string]incident.Fault{"kill": "node_down", "lag": "replica_lag", "lock": "lock_contention"}

// shop is the cluster, and what is done to it.
type shop struct {
	fault string
	c     *cluster.Cluster
}

var _ drill.Lab = (*shop)(nil)

func practise(ctx context.Context, dir string, f *drillFlags) error {
	return drill.Practise(ctx, dir, &f.Flags, &shop{fault: f.Fault})
}

// Up starts the cluster.
func (l *shop) Up(ctx context.Context, dir string, svc *drill.Service, say func(string)) (err error) {
	plan := cluster.Plan{Dir: dir, Webhook: svc.Hook(), TokenFile: svc.TokenFile()}
	if l.c, err = cluster.Up(ctx, plan, func(s string) { say("starting " + s) }); err != nil {
		return err
	}
	if err := l.c.Prepare(ctx); err != nil {
		return errors.Join(err, l.c.Down())
	}
	return nil
}

// System declares the cluster.
func (l *shop) System() string {
	var hosts, urls []string
	for _, n := range l.c.Node {
		hosts = append(hosts, "'"+n.SQL+"'")
		urls = append(urls, "'http://"+n.REST+"'")
	}
	return fmt.Sprintf(`  - name: %s
    kind: postgresql
    sources:
      - {kind: postgresql, hosts: [%s], user: triagent, patroni: {urls: [%s]}}
      - {kind: prometheus, url: '%s'}
`, l.c.Scope, strings.Join(hosts, ", "), strings.Join(urls, ", "), l.c.Prometheus)
}

// Work writes and reads.
func (l *shop) Work(ctx context.Context) { l.c.Run(ctx, cluster.Load{}) }

// Strike does the fault.
func (l *shop) Strike(ctx context.Context, g *errgroup.Group) (drill.Fault, error) {
	node, err := l.do(ctx, g)
	return drill.Fault{Did: l.fault + " of " + node, Node: node, Kind: faults[l.fault]}, err
}

// do does the fault and returns the name of its node.
func (l *shop) do(ctx context.Context, g *errgroup.Group) (string, error) {
	if l.fault == "kill" {
		return l.c.Kill(ctx, "")
	}
	begun, failed := make(chan string, 1), make(chan error, 1)
	g.Go(func() error {
		last := func(node string) { begun <- node }
		if l.fault == "lag" {
			failed <- l.c.Lag(ctx, "", last)
		} else {
			failed <- l.c.Lock(ctx, last)
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

// Down ends the cluster.
func (l *shop) Down(context.Context) error { return l.c.Down() }
