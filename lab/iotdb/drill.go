package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/lab/drill"
	"triagent/lab/iotdb/cluster"
)

// drillFlags are the flags of the command.
type drillFlags struct {
	Node   string        `default:"datanode-4" help:"Node that is killed."`
	Before time.Duration `default:"2m" help:"How long the cluster works well before."`
	Within time.Duration `default:"60s" help:"How long until the node has to be named."`
	Rate   float64       `default:"60" help:"Requests a second of the load."`
	Listen string        `help:"Where the program listens; none: a free port." placeholder:"ADDR"`
	Net    string        `default:"127.0.0" help:"First three numbers of the loopback addresses."`
	Port   int           `default:"20000" help:"First of 300 ports."`
	Stay   bool          `help:"Leave everything running until interrupted, to look at the page."`
}

// practise runs the cluster and the program that watches it, kills a node, and
// tells what came of it.
func practise(ctx context.Context, dir string, f *drillFlags) (err error) {
	say := func(s string) { fmt.Printf("%s %s\n", time.Now().Format(time.TimeOnly), s) }
	svc, err := drill.Place(filepath.Join(dir, "service"), f.Listen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, svc.Stop()) }()
	p := &cluster.Plan{Dir: filepath.Join(dir, "lab"), Net: f.Net, Port: f.Port, Webhook: svc.Hook(), TokenFile: svc.TokenFile()}
	if err := p.Up(ctx, false, say); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Down(context.WithoutCancel(ctx))) }()
	if err := svc.Start(ctx, watched(p), say); err != nil {
		return err
	}
	work, stop := context.WithCancel(ctx)
	var g errgroup.Group
	g.Go(func() error {
		p.Run(work, cluster.Load{Rate: f.Rate})
		return nil
	})
	defer func() {
		stop()
		_ = g.Wait() // it gives no error
	}()
	return strike(ctx, p, svc, f, say)
}

// watched declares the cluster, as it stands in the settings.
func watched(p *cluster.Plan) string {
	return fmt.Sprintf(`  - name: plant
    kind: iotdb
    sources:
      - {kind: iotdb, urls: ['%s'], user: root, password: root}
      - {kind: prometheus, url: 'http://%s'}
      - {kind: files, paths: ['%s/*/logs/*.log'], node: '/lab/([^/]+)/logs/'}
`, strings.Join(p.REST(), "', '"), p.Prometheus(), p.Dir)
}

// strike kills a node of a cluster that has worked well for a while.
func strike(ctx context.Context, p *cluster.Plan, svc *drill.Service, f *drillFlags, say func(string)) error {
	say(fmt.Sprintf("the cluster works for %v", f.Before))
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(f.Before):
	}
	got, err := svc.Strike(ctx, f.Within+time.Minute, func(ctx context.Context) error {
		say("kill -9 of " + f.Node)
		return p.Kill(ctx, f.Node)
	})
	if err != nil {
		return err
	}
	fmt.Println(got)
	err = got.Names(f.Node, "node_down", f.Within)
	if f.Stay {
		say(fmt.Sprintf("all of it runs until you interrupt: %s (account lab, password %q)", svc.URL(), svc.Password))
		<-ctx.Done()
	}
	return err
}
