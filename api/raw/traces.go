package raw

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"triagent/api/wire"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// Bounds of one question about spans.
const (
	scanSpans   = 5_000_000
	maxTraces   = 200_000 // told apart
	maxSpans    = 5_000   // of one trace
	maxServices = 20      // named of one trace
)

// Trace is one request through the system, in short.
type Trace struct {
	Trace      string    `json:"trace"`
	Root       string    `json:"root" doc:"Operation that it began with"`
	Service    string    `json:"service"`
	Services   []string  `json:"services" doc:"That took part, up to 20"`
	Start      wire.Time `json:"start"`
	DurationUS int64     `json:"duration_us"`
	Spans      int       `json:"spans"`
	Errors     int       `json:"errors"`
}

// Traces is the traces that were asked for.
type Traces struct {
	Items   []Trace `json:"items"`
	Scanned int     `json:"scanned" doc:"Spans that were looked at"`
	More    bool    `json:"more" doc:"There are more spans than were looked at, or more traces than are told apart"`
}

// trace gathers the spans of one trace.
type trace struct {
	id, root, service string
	start, end        int64
	rootStart         int64
	rooted            bool
	services          []string
	spans, errors     int
}

func (t *trace) add(s *telemetry.Span) {
	if t.spans == 0 || s.Start < t.start {
		t.start = s.Start
	}
	t.end = max(t.end, s.Start+s.Duration)
	if root := s.ParentID == ""; t.spans == 0 || root && !t.rooted || root == t.rooted && s.Start < t.rootStart {
		t.root, t.service, t.rootStart, t.rooted = s.Name, or(s.Service, string(s.Node)), s.Start, root
	}
	t.spans++
	if s.Failed {
		t.errors++
	}
	if name := or(s.Service, string(s.Node)); name != "" && len(t.services) < maxServices && !slices.Contains(t.services, name) {
		t.services = append(t.services, name)
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// Traces returns the limit first traces by "duration" or "errors" (largest
// first) or "start" (earliest first).
func (c *Bundles) Traces(ctx context.Context, b *telemetry.Bundle, by string, limit int) (*Traces, error) {
	if err := c.slots.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer c.slots.Release(1)
	out := &Traces{Items: []Trace{}}
	all := map[string]*trace{}
	until := time.Now().Add(scanTime)
	err := b.Spans(ctx, func(s *telemetry.Span) error {
		if out.Scanned >= scanSpans || out.Scanned%4096 == 4095 && time.Now().After(until) {
			out.More = true
			return errEnough
		}
		out.Scanned++
		t := all[s.TraceID]
		if t == nil {
			if len(all) >= maxTraces {
				out.More = true
				return nil
			}
			t = &trace{id: s.TraceID}
			all[s.TraceID] = t
		}
		t.add(s)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	for _, t := range best(all, by, limit) {
		slices.Sort(t.services)
		out.Items = append(out.Items, Trace{
			Trace: t.id, Root: t.root, Service: t.service, Services: wire.List(t.services), Start: wire.Time(time.Unix(0, t.start)),
			DurationUS: (t.end - t.start) / 1000, Spans: t.spans, Errors: t.errors,
		})
	}
	return out, nil
}

func best(all map[string]*trace, by string, limit int) []*trace {
	list := make([]*trace, 0, len(all))
	for _, t := range all {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *trace) int {
		order := 0
		switch by {
		case "start":
			order = cmp.Compare(a.start, b.start)
		case "errors":
			order = cmp.Compare(b.errors, a.errors)
		}
		return cmp.Or(order, cmp.Compare(b.end-b.start, a.end-a.start), cmp.Compare(a.id, b.id))
	})
	return list[:min(limit, len(list))]
}

// Spans is one trace with its spans.
type Spans struct {
	Trace string `json:"trace"`
	Spans []Span `json:"spans" doc:"By start"`
	More  bool   `json:"more" doc:"It has more spans than are shown"`
}

// Span is one timed operation.
type Span struct {
	ID         string            `json:"id"`
	Parent     string            `json:"parent" doc:"Empty: it has none"`
	Node       string            `json:"node"`
	Service    string            `json:"service"`
	Name       string            `json:"name"`
	Kind       string            `json:"kind"`
	Start      wire.Time         `json:"start"`
	DurationUS int64             `json:"duration_us"`
	Error      bool              `json:"error"`
	Attributes map[string]string `json:"attributes"`
}

var kinds = map[telemetry.SpanKind]string{
	telemetry.ServerSpan: "server", telemetry.ClientSpan: "client", telemetry.InternalSpan: "internal",
	telemetry.ProducerSpan: "producer", telemetry.ConsumerSpan: "consumer",
}

// Trace returns the spans of one trace. One that is not there gives kind
// errs.NotFound.
func (c *Bundles) Trace(ctx context.Context, b *telemetry.Bundle, id string) (*Spans, error) {
	if err := c.slots.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer c.slots.Release(1)
	out := &Spans{Trace: id, Spans: []Span{}}
	err := b.Spans(ctx, func(s *telemetry.Span) error {
		if s.TraceID != id {
			return nil
		}
		if len(out.Spans) >= maxSpans {
			out.More = true
			return errEnough
		}
		out.Spans = append(out.Spans, Span{
			ID: s.SpanID, Parent: s.ParentID, Node: string(s.Node), Service: s.Service, Name: s.Name, Kind: kinds[s.Kind],
			Start: wire.Time(time.Unix(0, s.Start)), DurationUS: s.Duration / 1000, Error: s.Failed, Attributes: wire.Map(s.Attributes),
		})
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	if len(out.Spans) == 0 {
		return nil, errs.New(errs.NotFound, "the bundle has no such trace")
	}
	slices.SortStableFunc(out.Spans, func(a, b Span) int { return time.Time(a.Start).Compare(time.Time(b.Start)) })
	return out, nil
}
