// Command iotdb runs a real cluster of Apache IoTDB on this machine, with a
// Prometheus that scrapes it, a load, and faults. See package cluster.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"triagent/lab/iotdb/cluster"
)

type commands struct {
	Dir string `required:"" help:"Folder of the lab."`

	Up struct {
		Keep    bool          `help:"Keep the data of the lab that was in the folder."`
		Net     string        `default:"127.0.0" help:"First three numbers of the loopback addresses."`
		Port    int           `default:"20000" help:"First of 300 ports."`
		Scrape  time.Duration `default:"5s" help:"How often Prometheus scrapes."`
		Webhook string        `help:"URL that Alertmanager tells of nodes that are down; none: no Alertmanager."`
	} `cmd:"" help:"Start the cluster and wait until it is ready. It stays when this command ends."`
	Down   struct{} `cmd:"" help:"End everything of the lab."`
	Status struct{} `cmd:"" help:"Say what runs."`
	Load   struct {
		Clients int           `default:"4" help:"Clients at once."`
		Rate    float64       `help:"Requests a second, all clients together; 0: as many as go."`
		Reads   int           `default:"20" help:"How many of 100 requests read."`
		For     time.Duration `help:"How long; 0: until interrupted."`
		Every   time.Duration `default:"5s" help:"Time between reports."`
		REST    bool          `help:"Over REST rather than Thrift."`
	} `cmd:"" help:"Write and read."`
	Drill    drillFlags    `cmd:"" help:"Start the cluster and the program that watches it, kill a node, and tell what came of it and when."`
	Overhead overheadFlags `cmd:"" help:"Measure what collecting costs the cluster."`
	Kill     node          `cmd:"" help:"End a node as kill -9 does."`
	Stop     node          `cmd:"" help:"End a node kindly."`
	Start    node          `cmd:"" help:"Start a node again."`
	Pause    node          `cmd:"" help:"Freeze a node; its connections stay."`
	Resume   node          `cmd:"" help:"Let a frozen node go on."`
}

type node struct {
	Node string `arg:"" help:"Name of a node, as datanode-3."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c, kong.Description("A real cluster of Apache IoTDB for tests and measurements."))
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
		begun := time.Now()
		p := &cluster.Plan{Dir: dir, Net: c.Up.Net, Port: c.Up.Port, Scrape: c.Up.Scrape, Webhook: c.Up.Webhook}
		if err := p.Up(ctx, c.Up.Keep, func(s string) { fmt.Println(s) }); err != nil {
			return err
		}
		fmt.Printf("ready after %.1f s; addresses are in %s\n", time.Since(begun).Seconds(), filepath.Join(dir, "README"))
		return nil
	}
	if command == "drill" {
		return practise(ctx, dir, &c.Drill)
	}
	p, err := cluster.Open(dir)
	if err != nil {
		return err
	}
	switch command {
	case "down":
		return p.Down(ctx)
	case "status":
		return status(p)
	case "load":
		l := c.Load
		p.Run(ctx, cluster.Load{Clients: l.Clients, Rate: l.Rate, Reads: l.Reads, For: l.For, REST: l.REST, Every: l.Every, Report: report})
		return nil
	case "overhead":
		return overhead(ctx, p, &c.Overhead)
	case "kill <node>":
		return p.Kill(ctx, c.Kill.Node)
	case "stop <node>":
		return p.Stop(ctx, c.Stop.Node)
	case "start <node>":
		return p.Start(ctx, c.Start.Node)
	case "pause <node>":
		return p.Pause(c.Pause.Node)
	default:
		return p.Resume(c.Resume.Node)
	}
}

func status(p *cluster.Plan) error {
	all, err := p.Running()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Println(name, all[name])
	}
	return nil
}

func report(t cluster.Tally) {
	fmt.Printf("%s %.0f requests/s: %d writes, %d reads, %d failed; p50 %v, p95 %v, max %v %s\n", time.Now().Format(time.TimeOnly), t.Rate(),
		t.Writes, t.Reads, t.Failed, t.P50.Round(time.Millisecond/10), t.P95.Round(time.Millisecond/10), t.Max.Round(time.Millisecond), t.LastError)
}
