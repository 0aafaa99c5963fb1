package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/connectors"
	"triagent/connectors/iotdb"
	"triagent/incident"
	"triagent/lab/iotdb/cluster"
	"triagent/telemetry"
)

// overheadFlags are the flags of the command.
type overheadFlags struct {
	Pairs  int           `default:"20" help:"Pairs of a period with and one without collecting."`
	Period time.Duration `default:"30s" help:"How long a period is."`
	Every  time.Duration `default:"30s" help:"Time from one collecting to the next within a period."`
	Rate   float64       `help:"Requests a second of the load; 0: as many as go. A small one shows the CPU time of collecting alone."`
	Scrape bool          `help:"Scrape the metrics endpoints of all nodes as well."`
}

// period is what happened in one stretch of time.
type period struct {
	rate float64 // requests a second that succeeded
	cpu  float64 // CPU milliseconds of all nodes a request
	all  float64 // CPU milliseconds of all nodes
}

// overhead puts a load on the lab without a limit and collects from it in every
// other period, once at its beginning and then every so often; the order within
// pairs alternates. It prints the ratio of throughput and of CPU time a request
// with collecting to those without.
func overhead(ctx context.Context, p *cluster.Plan, o *overheadFlags) error {
	c := iotdb.Config{URLs: p.REST()}
	c.User, c.Password, c.Proxy = "root", "root", "none"
	if o.Scrape {
		for _, n := range p.Nodes() {
			c.Metrics = append(c.Metrics, n.At(n.Metrics()))
		}
	}
	src, err := iotdb.New(c)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }()
	var rates, cpus, more []float64
	for i := range o.Pairs {
		var got [2]period // without, with
		for k := range 2 {
			on := (i+k)%2 == 1
			if got[b2i(on)], err = measure(ctx, p, src, o, on); err != nil {
				return err
			}
		}
		rates = append(rates, got[1].rate/got[0].rate)
		cpus = append(cpus, got[1].cpu/got[0].cpu)
		more = append(more, got[1].all-got[0].all)
		fmt.Printf("pair %d: %.1f and %.1f requests/s (ratio %.3f), %.2f and %.2f CPU ms a request (ratio %.3f)\n", i+1,
			got[0].rate, got[1].rate, rates[i], got[0].cpu, got[1].cpu, cpus[i])
	}
	fmt.Printf("throughput with collecting to without: %s\nCPU time a request: %s\nCPU ms more in a period with collecting: %s\nasked: %+v\n",
		median(rates), median(cpus), median(more), src.Load())
	return nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// measure runs the load for one period.
func measure(ctx context.Context, p *cluster.Plan, src connectors.Source, o *overheadFlags, on bool) (period, error) {
	var out period
	before, err := p.CPU()
	if err != nil {
		return out, err
	}
	var tally cluster.Tally
	var g errgroup.Group
	g.Go(func() error {
		p.Run(ctx, cluster.Load{Rate: o.Rate, For: o.Period + o.Period/20, Every: o.Period, Report: func(t cluster.Tally) { tally = t }})
		return nil
	})
	if on {
		g.Go(func() error { return again(ctx, src, o.Period, o.Every) })
	}
	if err := g.Wait(); err != nil {
		return out, err
	}
	after, err := p.CPU()
	if ctx.Err() != nil {
		return out, context.Cause(ctx)
	}
	n := tally.Writes + tally.Reads
	if err != nil || n == 0 {
		return out, errors.Join(err, errors.New("nothing succeeded"))
	}
	out.rate = tally.Rate()
	out.all = float64((after - before).Milliseconds())
	out.cpu = out.all / float64(n)
	return out, nil
}

// again discovers and collects every so often, until a second before a period is
// over.
func again(ctx context.Context, src connectors.Source, long, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for until := time.Now().Add(long - time.Second); time.Now().Before(until); {
		span := incident.Window{From: time.Now().Add(-time.Hour), To: time.Now()}
		_, err := src.Discover(ctx, span)
		if err == nil {
			err = src.Collect(ctx, connectors.Ask{Span: span}, nowhere{})
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
	return nil
}

// median tells the median and its 95 % interval by order statistics.
func median(v []float64) string {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	low := -1
	for sum, term := 0.0, pow2(-n); low+1 < n/2; low++ { // binomial(n, 1/2)
		if sum += term; sum > .025 {
			break
		}
		term *= float64(n-low-1) / float64(low+2)
	}
	mid := (v[(n-1)/2] + v[n/2]) / 2
	if low < 0 {
		return fmt.Sprintf("median %.4f of %d pairs (too few for an interval)", mid, n)
	}
	return fmt.Sprintf("median %.4f, 95 %% interval %.4f to %.4f (%d pairs)", mid, v[low], v[n-1-low], n)
}

func pow2(e int) float64 {
	x := 1.0
	for range -e {
		x /= 2
	}
	return x
}

// nowhere is a sink that keeps nothing.
type nowhere struct{}

func (nowhere) Series(connectors.Series) error     { return nil }
func (nowhere) Line(connectors.Line) error         { return nil }
func (nowhere) Span(*telemetry.Span, string) error { return nil }
func (nowhere) Change(connectors.Change) error     { return nil }
func (nowhere) Alert(connectors.Alert) error       { return nil }
func (nowhere) Found(connectors.Found) error       { return nil }
func (nowhere) Reduced(incident.Reduction) error   { return nil }
func (nowhere) Missing(incident.Missing) error     { return nil }
func (nowhere) Clock(connectors.Clock) error       { return nil }
