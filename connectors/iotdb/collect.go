package iotdb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"triagent/connectors"
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
		if err != nil || took < r.c.Query.Seconds() || r.isOwn(a.text("Statement", i), asked) {
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

// isOwn reports whether a statement is one of ours.
func (r *run) isOwn(sql string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.own.has(sql, now)
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

// explain is an error in one sentence with its remedy.
func explain(err error) string {
	var e *errs.Error
	if errors.As(err, &e) && e.Remedy != "" {
		return e.Err.Error() + " (" + e.Remedy + ")"
	}
	return err.Error()
}
