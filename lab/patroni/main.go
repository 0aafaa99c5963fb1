// Command patroni runs a real cluster of three PostgreSQL nodes under Patroni on
// this machine, with a Prometheus that scrapes it, a load, and faults. See
// package cluster.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"triagent/lab/patroni/cluster"
)

type commands struct {
	Dir string `required:"" help:"Folder of the lab."`

	Up struct {
		Scrape  time.Duration `default:"1s" help:"How often Prometheus scrapes."`
		Webhook string        `help:"URL that Alertmanager tells of alerts; none: no Alertmanager."`
		For     time.Duration `default:"1h" help:"How long it runs, at most."`
	} `cmd:"" help:"Run the cluster until interrupted, ended by down, or the time is over."`
	Down struct{} `cmd:"" help:"End everything of the lab."`
	Load struct {
		Clients int           `default:"8" help:"Clients at once."`
		Rate    float64       `default:"100" help:"Transfers a second, all clients together."`
		For     time.Duration `default:"1h" help:"How long, at most."`
	} `cmd:"" help:"Move money between accounts."`
	Kill struct {
		Node string `arg:"" optional:"" help:"Name of a node; none: the primary's."`
	} `cmd:"" help:"End a node as kill -9 does: PostgreSQL and Patroni."`
	Lag struct {
		Node string        `arg:"" optional:"" help:"Name of a standby; none: any."`
		For  time.Duration `default:"1m" help:"How long."`
	} `cmd:"" help:"Keep a standby from replaying."`
	Lock struct {
		For time.Duration `default:"1m" help:"How long."`
	} `cmd:"" help:"Have three sessions wait for each other, and the load for them."`
	Drill  drillFlags `cmd:"" help:"Start the cluster and the program that watches it, do a fault, and tell what came of it and when."`
	Status struct{}   `cmd:"" help:"Say who takes part."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c, kong.Name("patroni"), kong.Description("A real cluster of PostgreSQL under Patroni for tests and measurements."))
	if err := run(ctx, &c, k.Command()); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, c *commands, command string) error {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	if command == "up" {
		return up(ctx, dir, c)
	}
	if command == "drill" {
		return practise(ctx, dir, &c.Drill)
	}
	p, err := cluster.Open(dir)
	if err != nil {
		return err
	}
	say := func(what string) func(string) {
		return func(node string) { fmt.Printf("%s %s: %s\n", time.Now().UTC().Format(time.RFC3339), node, what) }
	}
	switch command {
	case "down":
		return p.End(ctx)
	case "status":
		return status(ctx, p)
	case "load":
		if err := p.Prepare(ctx); err != nil {
			return err
		}
		ctx, stop := context.WithTimeout(ctx, c.Load.For)
		defer stop()
		p.Run(ctx, cluster.Load{Clients: c.Load.Clients, Rate: c.Load.Rate, Report: report})
		return nil
	case "kill", "kill <node>":
		name, err := p.Kill(ctx, c.Kill.Node)
		if err == nil {
			say("killed")(name)
		}
		return err
	case "lag", "lag <node>":
		ctx, stop := context.WithTimeout(ctx, c.Lag.For)
		defer stop()
		return p.Lag(ctx, c.Lag.Node, say("replays nothing"))
	default:
		ctx, stop := context.WithTimeout(ctx, c.Lock.For)
		defer stop()
		return p.Lock(ctx, say("rows are locked"))
	}
}

// up runs a cluster until it is told to end.
func up(ctx context.Context, dir string, c *commands) error {
	begun := time.Now()
	cl, err := cluster.Up(ctx, cluster.Plan{Dir: dir, Scrape: c.Up.Scrape, Webhook: c.Up.Webhook}, func(s string) { fmt.Println("start", s) })
	if err != nil {
		return err
	}
	fmt.Printf("ready after %.1f s; addresses are in %s\n", time.Since(begun).Seconds(), filepath.Join(dir, "plan.json"))
	ctx, stop := context.WithTimeout(ctx, c.Up.For)
	defer stop()
	<-ctx.Done()
	return errors.Join(cl.Down(), os.Remove(filepath.Join(dir, "plan.json")))
}

func status(ctx context.Context, p *cluster.Plan) error {
	all, err := p.Members(ctx)
	for _, m := range all {
		fmt.Println(m.Name, m.Role, m.State)
	}
	return err
}

func report(t cluster.Tally) {
	fmt.Printf("%s %.0f transfers/s, %d failed %s\n", time.Now().UTC().Format(time.TimeOnly), float64(t.Done)/t.For.Seconds(), t.Failed, t.LastError)
}
