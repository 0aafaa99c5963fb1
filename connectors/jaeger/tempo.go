package jaeger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"golang.org/x/sync/errgroup"

	"triagent/connectors/fetch"
	"triagent/incident"
	"triagent/internal/errs"
)

// echo asks Tempo whether it is there.
func (s *Source) echo(ctx context.Context) error {
	return s.http.Read(ctx, fetch.Request{Path: "/api/echo", Max: 1 << 10}, func(body io.Reader) error {
		b, err := io.ReadAll(body)
		if err == nil && strings.TrimSpace(string(b)) != "echo" {
			return errors.New("no echo")
		}
		return err
	})
}

// hit is a trace that a search found.
type hit struct {
	TraceID    string `json:"traceID"`
	DurationMs int64  `json:"durationMs"`
}

// traceID is what may stand in a path.
var traceID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9a-fA-F]{1,32}$`)
})

// search asks Tempo which traces a TraceQL query finds in a span of time.
func (g *gathering) search(ctx context.Context, ql string, span incident.Window, limit int) ([]hit, error) {
	var answer struct {
		Traces  *[]hit    `json:"traces"`
		Metrics *struct{} `json:"metrics"`
	}
	// Whole seconds: the last one is begun.
	values := url.Values{
		"q": {ql}, "start": {strconv.FormatInt(span.From.Unix(), 10)}, "end": {strconv.FormatInt(max(span.To.Add(time.Second-1).Unix(), span.From.Unix()+1), 10)},
		"limit": {strconv.Itoa(limit)}, "spss": {"1"},
	}
	if err := g.s.http.JSON(ctx, fetch.Request{Path: "/api/search", Query: values}, &answer); err != nil {
		return nil, err
	}
	if answer.Traces == nil {
		if answer.Metrics == nil {
			return nil, &errs.Error{Op: g.s.http.URL(), Kind: errs.Invalid, Err: errors.New("its answer to a search is none"), Remedy: "check that the URL is that of a Tempo, 2.0 or newer"}
		}
		return nil, nil
	}
	if len(*answer.Traces) >= limit {
		g.full()
	}
	return slices.DeleteFunc(*answer.Traces, func(h hit) bool { return !traceID().MatchString(h.TraceID) }), nil
}

// searches asks for a query in each of n slices of the span.
func (g *gathering) searches(ctx context.Context, ql string, n, limit int) ([]hit, error) {
	found := make([][]hit, n)
	work, inner := errgroup.WithContext(ctx)
	work.SetLimit(g.s.c.AtOnce)
	for i, w := range slicesOf(g.ask.Span, n, 0) {
		work.Go(func() error {
			list, err := g.search(inner, ql, w, limit)
			found[i] = list
			return g.miss(inner, fmt.Sprintf("traces of %s from %s to %s", ql, w.From.UTC().Format(time.RFC3339), w.To.UTC().Format(time.RFC3339)), err)
		})
	}
	err := work.Wait()
	return slices.Concat(found...), err
}

// filter is a TraceQL query for the services that are wanted, and a condition.
func (s *Source) filter(condition string) string {
	var parts []string
	if len(s.c.Services) > 0 {
		var names []string
		for _, name := range s.c.Services {
			names = append(names, regexp.QuoteMeta(name))
		}
		parts = append(parts, "resource.service.name =~ "+strconv.Quote(strings.Join(names, "|")))
	}
	if condition != "" {
		parts = append(parts, condition)
	}
	return "{ " + strings.Join(parts, " && ") + " }"
}

// trace fetches one trace and takes it.
func (g *gathering) trace(ctx context.Context, id, ql string) error {
	path := "/api/traces/" + id
	values := url.Values{"start": {strconv.FormatInt(g.ask.Span.From.Add(-time.Hour).Unix(), 10)}, "end": {strconv.FormatInt(g.ask.Span.To.Add(time.Hour).Unix(), 10)}}
	var t ptrace.Traces
	err := g.s.http.Read(ctx, fetch.Request{Path: path, Query: values, Accept: "application/protobuf"}, func(body io.Reader) error {
		b, err := io.ReadAll(body)
		if err == nil {
			t, err = (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(b)
		}
		return err
	})
	if err != nil {
		return g.miss(ctx, "trace "+id, err)
	}
	return g.take(strings.ToLower(id), t, path+"?"+values.Encode()+" found by "+ql)
}

// fetchAll fetches traces, up to a number.
func (g *gathering) fetchAll(ctx context.Context, list []hit, most int, ql string) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(g.s.c.AtOnce)
	asked := make(map[string]bool)
	for _, h := range list {
		id := strings.ToLower(h.TraceID)
		if ctx.Err() != nil {
			break
		}
		if asked[id] || g.has(id) {
			continue
		}
		if len(asked) >= most {
			g.full()
			break
		}
		asked[id] = true
		work.Go(func() error { return g.trace(ctx, id, ql) })
	}
	return work.Wait()
}

// has reports whether a trace was handed over already, or cannot be any more.
func (g *gathering) has(id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen[id]
}

// The slices of time that Tempo is asked for.
const (
	evenSlices = 12
	mustSlices = 6
)

// collectTempo asks for the failed, for an even sample and for the slow.
func (s *Source) collectTempo(ctx context.Context, g *gathering) error {
	most := cmp.Or(s.c.MaxTraces, 300)
	quarter, perSlice := max(most/4, 1), max(most/2/evenSlices, 1)
	failed, all := s.filter("status = error"), s.filter("")
	hits, err := g.searches(ctx, failed, mustSlices, max(quarter/mustSlices, 1))
	if err != nil {
		return err
	}
	g.phase(.4, most)
	if err := g.fetchAll(ctx, hits, quarter, failed); err != nil {
		return err
	}
	sample, err := g.searches(ctx, all, evenSlices, perSlice)
	if err != nil {
		return err
	}
	g.phase(.8, most)
	if err := g.fetchAll(ctx, sample, most/2, all); err != nil {
		return err
	}
	g.phase(1, most)
	hits, slow, err := g.slowest(ctx, sample, max(quarter/mustSlices, 1))
	if err != nil {
		return err
	}
	if err := g.fetchAll(ctx, hits, quarter, slow); err != nil {
		return err
	}
	return g.end(fmt.Sprintf("%d of each of %d slices of time, %d of the failed and %d of the slow", perSlice, evenSlices, quarter, quarter))
}

// slowest searches for what took longer than nearly all of the sample, and for
// what took longer still where there is more of that than may be asked for. It
// returns the slowest first, and the last query.
func (g *gathering) slowest(ctx context.Context, sample []hit, limit int) ([]hit, string, error) {
	var hits []hit
	ql := ""
	for than := high(durations(sample)); than > 0; {
		ql = g.s.filter("traceDuration > " + strconv.FormatInt(than.Milliseconds(), 10) + "ms")
		more, err := g.searches(ctx, ql, mustSlices, limit)
		if err != nil {
			return nil, "", err
		}
		hits = append(hits, more...)
		next := upper(durations(more))
		if len(more) < limit*mustSlices/2 || next <= than || len(hits) > 3*limit*mustSlices {
			break
		}
		than = next
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.DurationMs, a.DurationMs) })
	return hits, ql, nil
}

// durations is how long traces took.
func durations(list []hit) []time.Duration {
	out := make([]time.Duration, len(list))
	for i, h := range list {
		out[i] = time.Duration(h.DurationMs) * time.Millisecond
	}
	return out
}

// discoverTempo looks at a few traces and asks for the names of services.
func (s *Source) discoverTempo(ctx context.Context, g *gathering) ([]string, error) {
	services := s.c.Services
	if len(services) == 0 {
		var answer struct {
			Values []struct {
				Value string `json:"value"`
			} `json:"tagValues"`
		}
		values := url.Values{"start": {strconv.FormatInt(g.ask.Span.From.Unix(), 10)}, "end": {strconv.FormatInt(g.ask.Span.To.Unix()+1, 10)}}
		if err := s.http.JSON(ctx, fetch.Request{Path: "/api/v2/search/tag/resource.service.name/values", Query: values}, &answer); err != nil {
			return nil, err
		}
		for _, v := range answer.Values[:min(len(answer.Values), maxNodes)] {
			services = append(services, v.Value)
		}
	}
	hits, err := g.searches(ctx, s.filter(""), 2, glanceTempo/2)
	if err != nil {
		return nil, err
	}
	return services, g.fetchAll(ctx, hits, glanceTempo, s.filter(""))
}
