package iotdb

import (
	"context"
	"io"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/incident"
)

// scrapes reads the metrics endpoints twice. One that does not answer is missing.
func (r *run) scrapes(ctx context.Context) error {
	if len(r.metrics) == 0 {
		return nil
	}
	first := make([]*exposition, len(r.metrics))
	times := make([]time.Time, len(r.metrics))
	all := make([]*scrape, len(r.metrics))
	failed := make([]error, len(r.metrics))
	var g errgroup.Group
	g.SetLimit(8)
	for i, f := range r.metrics {
		g.Go(func() error {
			first[i], failed[i] = scrapeOne(ctx, f)
			times[i] = time.Now()
			return nil
		})
	}
	_ = g.Wait() // they return no error
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(r.c.Between):
	}
	for i, f := range r.metrics {
		if failed[i] != nil {
			continue
		}
		g.Go(func() error {
			now, err := scrapeOne(ctx, f)
			if failed[i] = err; err == nil {
				all[i] = &scrape{before: first[i], now: now, passed: time.Since(times[i]), at: r.now, query: f.URL()}
			}
			return nil
		})
	}
	_ = g.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return r.handOver(all, failed)
}

func scrapeOne(ctx context.Context, f *fetch.Client) (*exposition, error) {
	var e *exposition
	err := f.Read(ctx, fetch.Request{Max: 32 << 20, Once: true}, func(body io.Reader) error {
		var err error
		e, err = readExposition(body)
		return err
	})
	return e, err
}

// handOver gives the metrics of the endpoints that answered to the sink.
func (r *run) handOver(all []*scrape, failed []error) error {
	var good []*scrape
	for i, sc := range all {
		host := hostOf(r.metrics[i])
		if failed[i] != nil {
			if err := r.to.Missing(incident.Missing{What: "metrics of " + host, Why: explain(failed[i])}); err != nil {
				return err
			}
			continue
		}
		if len(sc.now.samples) == 0 {
			continue
		}
		first := &sc.now.samples[0]
		sc.node = host
		names := []string{host}
		if kind, id := first.label("nodeType"), first.label("nodeId"); kind != "" && id != "" {
			sc.node = strings.ToLower(kind) + "-" + id
			names = []string{sc.node, host}
		}
		if err := r.to.Found(connectors.Found{Nodes: []connectors.Node{{Names: names, Service: strings.ToLower(first.label("nodeType"))}}}); err != nil {
			return err
		}
		good = append(good, sc)
	}
	tell := telling(good)
	for _, sc := range good {
		if err := r.give(sc, sc.columns(tell)); err != nil {
			return err
		}
	}
	return r.to.Missing(incident.Missing{
		What: "metrics of the time before", Why: "an endpoint tells the present only; let a Prometheus scrape the nodes and name it as a source",
	})
}

func (r *run) give(sc *scrape, columns []column) error {
	for i, c := range columns {
		if r.left--; r.left < 0 {
			return r.reduced(len(columns), i, "series", "more than the limit of samples of "+sc.node, sc.query)
		}
		if err := r.to.Series(connectors.Series{Node: sc.node, Name: c.name, Times: []int64{sc.at}, Values: []float64{c.value}, Query: "GET " + sc.query}); err != nil {
			return err
		}
	}
	return nil
}

// hostOf is host:port of a client's server.
func hostOf(f *fetch.Client) string {
	host := f.URL()
	host = host[strings.Index(host, "://")+3:]
	host, _, _ = strings.Cut(host, "/")
	return host
}
