package iotdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/incident"
	"triagent/internal/errs"
)

// fresh is how long after a span the present still belongs to it.
const fresh = 5 * time.Minute

// The bounds of what is told of the present.
const mostRunning, mostStates = 50, 200

// run is one Collect.
type run struct {
	*Source
	ask  connectors.Ask
	to   connectors.Sink
	now  int64 // Unix nanoseconds of what is told of the present
	left int64 // samples that may still be handed over
}

// Collect hands over what is not as it should be (nodes and regions that do not
// run) and slow queries, as changes, if the span reaches up to now; the metrics
// endpoints that are configured, as they are now; and the users' time series over
// the span.
func (s *Source) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	r := &run{Source: s, ask: ask, to: to, left: ask.Limit.Samples}
	if r.left == 0 {
		r.left = 1 << 62
	}
	now := time.Now()
	r.now = min(now.UnixNano(), ask.Span.To.Add(-time.Millisecond).UnixNano()) // the span's end is no part of it
	if old := now.Sub(ask.Span.To); old > fresh {
		if err := to.Missing(incident.Missing{
			What: "status of nodes and regions, and running queries", Why: fmt.Sprintf("IoTDB tells those of now, %v later", old.Round(time.Minute)),
		}); err != nil {
			return err
		}
	} else {
		if err := r.scrapes(ctx); err != nil {
			return err
		}
		if err := r.present(ctx); err != nil {
			return err
		}
	}
	return r.series(ctx)
}

// present tells what is not as it should be and what runs.
func (r *run) present(ctx context.Context) error {
	begun := time.Now()
	members, err := r.members(ctx)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.status == "Running" {
			continue
		}
		if err := r.to.Change(connectors.Change{
			Node: m.name, Kind: "status", Time: r.now, Query: showDetails,
			Text: fmt.Sprintf("status -> %s of %s, as the cluster says at %s", m.status, m.name, begun.UTC().Format(time.TimeOnly)),
		}); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		what string
		tell func(context.Context, []member) error
	}{{"status of regions", r.regionStates}, {"running queries", r.queries}} {
		if err := part.tell(ctx, members); err != nil {
			lacks, err := lack(nil, part.what, err)
			if err != nil {
				return err
			}
			if err := r.to.Missing(incident.Missing{What: lacks[0].What, Why: strings.TrimSpace(lacks[0].Why + "; " + lacks[0].Remedy)}); err != nil {
				return err
			}
		}
	}
	return r.clock(ctx)
}

// regionStates tells which replicas do not run though their node does.
func (r *run) regionStates(ctx context.Context, members []member) error {
	a, err := r.Source.ask(ctx, showRegions)
	if err == nil {
		err = a.need("RegionId", "Type", "Status", "DataNodeId")
	}
	if err != nil {
		return err
	}
	down := make(map[string]bool)
	for _, m := range members {
		down[m.name] = m.status != "Running"
	}
	told, all := 0, 0
	for i := range a.rows() {
		name := nameOf(members, "datanode", a.text("DataNodeId", i))
		if a.text("Status", i) == "Running" || down[name] {
			continue
		}
		if all++; told == mostStates {
			continue
		}
		told++
		if err := r.to.Change(connectors.Change{
			Node: name, Kind: "status", Time: r.now, Query: showRegions,
			Text: fmt.Sprintf("status -> %s of %s[%s] (%s) on %s", a.text("Status", i), a.text("Type", i), a.text("RegionId", i), a.text("Database", i), name),
		}); err != nil {
			return err
		}
	}
	return r.reduced(all, told, "regions", "the first that do not run", showRegions)
}

func (r *run) reduced(in, out int, unit, how, rest string) error {
	if in == out {
		return nil
	}
	return r.to.Reduced(incident.Reduction{Stage: "iotdb", In: int64(in), Out: int64(out), Unit: unit, How: how, Rest: rest})
}

// queries tells which queries have run for long, at the time when they began.
// IoTDB lists the longest first.
func (r *run) queries(ctx context.Context, members []member) error {
	a, err := r.Source.ask(ctx, showQueries)
	if err == nil {
		err = a.need("DataNodeId", "ElapsedTime", "Statement")
	}
	if err != nil {
		return err
	}
	asked := time.Now()
	told, all := 0, 0
	for i := range a.rows() {
		took, err := strconv.ParseFloat(a.text("ElapsedTime", i), 64)
		if err != nil || took < r.c.Query.Seconds() || a.text("Statement", i) == showQueries {
			continue
		}
		if all++; told == mostRunning {
			continue
		}
		told++
		begun := asked.Add(-time.Duration(min(took, 1e8) * float64(time.Second))).UnixNano()
		if err := r.to.Change(connectors.Change{
			Node: nameOf(members, "datanode", a.text("DataNodeId", i)), Kind: "query", Query: showQueries,
			Time: min(max(begun, r.ask.Span.From.UnixNano()), r.now),
			Text: fmt.Sprintf("query active for %.1f s: %s (%s)", took, oneLine(a.text("Statement", i), 400), a.text("QueryId", i)),
		}); err != nil {
			return err
		}
	}
	return r.reduced(all, told, "queries", "those listed first", showQueries)
}

// clock tells how the cluster's clock stands to ours, by its own time in
// milliseconds.
func (r *run) clock(ctx context.Context) error {
	begun := time.Now()
	a, err := r.Source.ask(ctx, "show current_timestamp")
	if err != nil || a.need("CurrentTimestamp") != nil || a.rows() == 0 {
		return nil //nolint:nilerr // an old version; nothing hangs on it
	}
	ms, err := strconv.ParseInt(a.text("CurrentTimestamp", 0), 10, 64)
	if err != nil || ms < 1e12 || ms > 4e12 { // a cluster in micro- or nanoseconds
		return nil //nolint:nilerr // the same
	}
	at := time.UnixMilli(ms)
	r.mu.Lock()
	of := r.rest[r.last].URL()
	r.mu.Unlock()
	return r.to.Clock(connectors.Clock{
		Of: of[strings.Index(of, "://")+3:], Least: time.Until(at).Nanoseconds(), Most: at.Add(time.Millisecond).Sub(begun).Nanoseconds(),
	})
}

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

// explain is an error in one sentence with its remedy.
func explain(err error) string {
	var e *errs.Error
	if errors.As(err, &e) && e.Remedy != "" {
		return e.Err.Error() + " (" + e.Remedy + ")"
	}
	return err.Error()
}
