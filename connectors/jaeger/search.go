package jaeger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/incident"
	"triagent/internal/errs"
)

// own are the names under which Jaeger tells of itself: our own questions are
// among its traces.
var own = []string{"jaeger", "jaeger-all-in-one", "jaeger-query", "jaeger-collector"}

// serviceList is Jaeger's answer about its services; Data is null where it has none.
type serviceList struct {
	Data   *[]string   `json:"data"`
	Errors []wireError `json:"errors"`
	Total  *int        `json:"total"`
}

// services lists the services whose traces Jaeger has.
func (s *Source) services(ctx context.Context) ([]string, error) {
	var answer serviceList
	if err := s.http.JSON(ctx, fetch.Request{Path: "/api/services"}, &answer); err != nil {
		return nil, err
	}
	if len(answer.Errors) > 0 {
		return nil, said(answer.Errors)
	}
	if answer.Data == nil {
		if answer.Total == nil {
			return nil, &errs.Error{Op: s.http.URL(), Kind: errs.Invalid, Err: errors.New("its list of services is none"), Remedy: "check that the URL is that of a Jaeger"}
		}
		return nil, nil // Jaeger has none
	}
	return slices.DeleteFunc(*answer.Data, func(name string) bool { return name == "" || slices.Contains(own, name) }), nil
}

// said makes an error of what Jaeger says.
func said(list []wireError) error {
	kind := errs.Invalid
	if list[0].Code >= 500 {
		kind = errs.Unavailable
	}
	return &errs.Error{Op: "jaeger", Kind: kind, Err: fmt.Errorf("it says %d: %.200q", list[0].Code, list[0].Msg), Remedy: "look into its log; its storage may be down"}
}

// question asks for traces of one service in one span of time.
type question struct {
	service string
	span    incident.Window
	limit   int
	failed  bool
	longer  time.Duration // 0: of any length
}

func (q *question) values() url.Values {
	v := url.Values{
		"service": {q.service}, "start": {strconv.FormatInt(q.span.From.UnixMicro(), 10)}, "end": {strconv.FormatInt(q.span.To.UnixMicro(), 10)},
		"limit": {strconv.Itoa(q.limit)}, "lookback": {"custom"},
	}
	if q.failed {
		v.Set("tags", `{"error":"true"}`)
	}
	if q.longer > 0 {
		v.Set("minDuration", strconv.FormatInt(q.longer.Microseconds(), 10)+"us")
	}
	return v
}

// outcome is what a question gave.
type outcome struct {
	took []time.Duration // of the service's own spans
	full bool            // there may be more
}

// question asks a question and takes what comes.
func (g *gathering) question(ctx context.Context, q question) (outcome, error) {
	values := q.values()
	text := "/api/traces?" + values.Encode()
	var took []time.Duration
	n := 0
	err := g.s.http.Read(ctx, fetch.Request{Path: "/api/traces", Query: values, Accept: "application/json"}, func(body io.Reader) error {
		took, n = took[:0], 0
		errors, err := eachTrace(body, func(w *wireTrace) error {
			n++
			took = append(took, w.took(q.service)...)
			t, lost := w.otlp()
			if lost > 0 {
				g.mu.Lock()
				g.unfit += lost
				g.mu.Unlock()
			}
			return g.take(w.TraceID, t, text)
		})
		if err == nil && len(errors) > 0 {
			return said(errors)
		}
		return err
	})
	full := err == nil && n >= q.limit
	if full {
		g.full()
	}
	return outcome{took, full}, g.miss(ctx, fmt.Sprintf("traces of %s from %s to %s", q.service, q.span.From.UTC().Format(time.RFC3339), q.span.To.UTC().Format(time.RFC3339)), err)
}

// took is how long the spans of a service took.
func (w *wireTrace) took(service string) []time.Duration {
	var out []time.Duration
	for i := range w.Spans {
		if s := &w.Spans[i]; w.Processes[s.ProcessID].ServiceName == service {
			out = append(out, time.Duration(s.Duration)*time.Microsecond)
		}
	}
	return out
}

// all asks many questions, so many at once as at_once says, and returns what each
// gave.
func (g *gathering) all(ctx context.Context, list []question) ([]outcome, error) {
	out := make([]outcome, len(list))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(g.s.c.AtOnce)
	for i, q := range list {
		if ctx.Err() != nil {
			break
		}
		work.Go(func() error {
			var err error
			out[i], err = g.question(ctx, q)
			return err
		})
	}
	err := work.Wait()
	return out, err
}

// collectJaeger asks for the failed, for an even sample and for the slow of
// every service.
func (s *Source) collectJaeger(ctx context.Context, g *gathering) error {
	services := s.c.Services
	if len(services) == 0 {
		var err error
		if services, err = s.services(ctx); err != nil {
			return err
		}
	}
	services = ranked(services, g.ask.Nodes)
	if more := len(services) - maxServices; more > 0 {
		if err := g.sink.Reduced(incident.Reduction{
			Stage: "traces", In: int64(len(services)), Out: maxServices, Unit: "services", Rest: s.http.URL(), How: "those of the nodes that matter most, then by name; name others with services",
		}); err != nil {
			return err
		}
		services = services[:maxServices]
	}
	most := cmp.Or(s.c.MaxTraces, 2000)
	p := newPlan(len(services), most)
	var failed, even []question
	for i, service := range services {
		shift := float64(i) / float64(len(services))
		for _, w := range slicesOf(g.ask.Span, p.must, shift) {
			failed = append(failed, question{service: service, span: w, limit: p.limitMust, failed: true})
		}
		for _, w := range slicesOf(g.ask.Span, p.even, shift) {
			even = append(even, question{service: service, span: w, limit: p.limit})
		}
	}
	g.phase(.4, most)
	if _, err := g.all(ctx, failed); err != nil {
		return err
	}
	g.phase(.8, most)
	sample, err := g.all(ctx, even)
	if err != nil {
		return err
	}
	g.phase(1, most)
	if err := g.slow(ctx, services, sample, p); err != nil {
		return err
	}
	return g.end(fmt.Sprintf("%d of each of %d slices of time of each service, %d of each of %d slices of the failed and of the slow, %d in all", p.limit, p.even, p.limitMust, p.must, most))
}

// slow asks for what took longer than nearly all of the sample; where there is
// more of that than may be asked for, for what took longer still.
func (g *gathering) slow(ctx context.Context, services []string, sample []outcome, p plan) error {
	than := make([]time.Duration, len(services)) // 0: nothing more is to be asked
	for i := range services {
		var took []time.Duration
		for _, o := range sample[i*p.even : (i+1)*p.even] {
			took = append(took, o.took...)
		}
		than[i] = high(took)
	}
	for range p.climbs {
		var list []question
		var of []int
		for i, service := range services {
			if than[i] == 0 {
				continue
			}
			for _, w := range slicesOf(g.ask.Span, p.must, float64(i)/float64(len(services))) {
				list, of = append(list, question{service: service, span: w, limit: p.limitMust, longer: than[i]}), append(of, i)
			}
		}
		got, err := g.all(ctx, list)
		if err != nil {
			return err
		}
		climb(than, list, of, got)
	}
	return nil
}

// climb sets for each service what is to be asked for next.
func climb(than []time.Duration, list []question, of []int, got []outcome) {
	took, full := make([][]time.Duration, len(than)), make([]bool, len(than))
	for k, o := range got {
		full[of[k]] = full[of[k]] || o.full
		for _, d := range o.took {
			if d >= list[k].longer {
				took[of[k]] = append(took[of[k]], d)
			}
		}
	}
	for i := range than {
		if next := upper(took[i]); full[i] && next > than[i] {
			than[i] = next
		} else {
			than[i] = 0
		}
	}
}

// Collect hands over traces of the span of time; see the package for which.
func (s *Source) Collect(ctx context.Context, ask connectors.Ask, to connectors.Sink) error {
	tempo, err := s.isTempo(ctx)
	if err != nil {
		return err
	}
	if g := s.gathering(ask, to); tempo {
		err = s.collectTempo(ctx, g)
	} else {
		err = s.collectJaeger(ctx, g)
	}
	return err
}
