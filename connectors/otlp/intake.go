package otlp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"triagent/connectors/otlp/ring"
)

// message is a request or an answer of the protocol.
type message interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

// request is what senders send.
type request interface {
	message
	UnmarshalProto([]byte) error
	UnmarshalJSON([]byte) error
}

// newRequest is an empty request of a kind.
func newRequest(k ring.Kind) request {
	switch k {
	case ring.Traces:
		r := ptraceotlp.NewExportRequest()
		return &r
	case ring.Metrics:
		r := pmetricotlp.NewExportRequest()
		return &r
	default:
		r := plogotlp.NewExportRequest()
		return &r
	}
}

// notUnderstood begins the answer to a request that understand refuses.
const notUnderstood = "the request is not understood: "

// understand reads a request, and gives it in protobuf too. One that is nested
// too deep is refused before it is read.
func understand(k ring.Kind, kind string, body []byte) (request, []byte, error) {
	req := newRequest(k)
	if kind == typeProto {
		if err := shallow(k, body); err != nil {
			return nil, nil, err
		}
		return req, body, req.UnmarshalProto(body)
	}
	if err := shallowJSON(body); err != nil {
		return nil, nil, err
	}
	if err := req.UnmarshalJSON(body); err != nil {
		return nil, nil, err
	}
	body, err := req.MarshalProto()
	if err != nil {
		return nil, nil, err
	}
	return req, body, shallow(k, body)
}

// answer is the answer to a request of a kind.
func answer(k ring.Kind, v verdict) message {
	switch k {
	case ring.Traces:
		r := ptraceotlp.NewExportResponse()
		if v.refused > 0 {
			r.PartialSuccess().SetRejectedSpans(v.refused)
			r.PartialSuccess().SetErrorMessage(v.why)
		}
		return r
	case ring.Metrics:
		r := pmetricotlp.NewExportResponse()
		if v.refused > 0 {
			r.PartialSuccess().SetRejectedDataPoints(v.refused)
			r.PartialSuccess().SetErrorMessage(v.why)
		}
		return r
	default:
		r := plogotlp.NewExportResponse()
		if v.refused > 0 {
			r.PartialSuccess().SetRejectedLogRecords(v.refused)
			r.PartialSuccess().SetErrorMessage(v.why)
		}
		return r
	}
}

// verdict says what of a request was taken.
type verdict struct {
	items    int
	from, to int64
	refused  int64
	why      string
	changed  bool // the request is not what came any more
}

func (v *verdict) take(from, to pcommon.Timestamp) {
	if v.items == 0 {
		v.from, v.to = math.MaxInt64, math.MinInt64
	}
	v.items++
	v.from, v.to = min(v.from, int64(from)), max(v.to, int64(to), int64(from))
}

func (v *verdict) refuse(why string) bool {
	v.refused++
	v.why, v.changed = why, true
	return true
}

// Why items are refused.
const (
	spanUnfit   = "spans need a trace ID, a span ID and a start"
	sampleUnfit = "data points need a time"
)

// maxTime is the last time that fits Unix nanoseconds.
const maxTime = pcommon.Timestamp(math.MaxInt64)

// judge looks through a request, takes out what is unfit, and says what remains.
func judge(r request, now time.Time) verdict {
	var v verdict
	switch r := r.(type) {
	case *ptraceotlp.ExportRequest:
		v.traces(r.Traces())
	case *pmetricotlp.ExportRequest:
		v.metrics(r.Metrics())
	case *plogotlp.ExportRequest:
		v.logs(r.Logs(), now)
	}
	return v
}

func (v *verdict) traces(t ptrace.Traces) {
	for _, rs := range t.ResourceSpans().All() {
		for _, ss := range rs.ScopeSpans().All() {
			ss.Spans().RemoveIf(func(s ptrace.Span) bool {
				if s.TraceID().IsEmpty() || s.SpanID().IsEmpty() || s.StartTimestamp() == 0 || s.StartTimestamp() > maxTime || s.EndTimestamp() > maxTime {
					return v.refuse(spanUnfit)
				}
				v.take(s.StartTimestamp(), s.EndTimestamp())
				return false
			})
		}
	}
}

func (v *verdict) logs(l plog.Logs, now time.Time) {
	for _, rl := range l.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				at := cmp.Or(r.Timestamp(), r.ObservedTimestamp())
				if at == 0 || at > maxTime { // observed here and now, as the protocol has it
					at = pcommon.NewTimestampFromTime(now)
					r.SetTimestamp(0)
					r.SetObservedTimestamp(at)
					v.changed = true
				}
				v.take(at, at)
			}
		}
	}
}

func (v *verdict) metrics(m pmetric.Metrics) {
	for _, rm := range m.ResourceMetrics().All() {
		for _, sm := range rm.ScopeMetrics().All() {
			for _, m := range sm.Metrics().All() {
				v.metric(m)
			}
		}
	}
}

func (v *verdict) metric(m pmetric.Metric) {
	switch m.Type() {
	case pmetric.MetricTypeGauge:
		m.Gauge().DataPoints().RemoveIf(func(p pmetric.NumberDataPoint) bool { return v.sample(p.Timestamp()) })
	case pmetric.MetricTypeSum:
		m.Sum().DataPoints().RemoveIf(func(p pmetric.NumberDataPoint) bool { return v.sample(p.Timestamp()) })
	case pmetric.MetricTypeHistogram:
		m.Histogram().DataPoints().RemoveIf(func(p pmetric.HistogramDataPoint) bool { return v.sample(p.Timestamp()) })
	case pmetric.MetricTypeExponentialHistogram:
		m.ExponentialHistogram().DataPoints().RemoveIf(func(p pmetric.ExponentialHistogramDataPoint) bool { return v.sample(p.Timestamp()) })
	case pmetric.MetricTypeSummary:
		m.Summary().DataPoints().RemoveIf(func(p pmetric.SummaryDataPoint) bool { return v.sample(p.Timestamp()) })
	}
}

func (v *verdict) sample(at pcommon.Timestamp) bool {
	if at == 0 || at > maxTime {
		return v.refuse(sampleUnfit)
	}
	v.take(at, at)
	return false
}

// Why requests are refused as a whole.
var (
	errBusy     = errors.New("too many requests at once")
	errNotYou   = errors.New("the bearer token is missing or wrong")
	errTooLarge = errors.New("the request is too large")
)

// keep judges a request and puts it into the ring. Body is the request in
// protobuf.
func (r *Receiver) keep(ctx context.Context, k ring.Kind, req request, body []byte) (verdict, error) {
	v := judge(req, r.now())
	r.count(k, v)
	if v.items == 0 {
		return v, nil
	}
	if v.changed {
		b, err := req.MarshalProto()
		if err != nil {
			return v, fmt.Errorf("marshal: %w", err)
		}
		body = b
	}
	if int64(len(body)) > r.c.MaxBody+r.c.MaxBody/4 { // JSON may grow a little
		return v, errTooLarge
	}
	err := r.ring.Add(ring.Batch{Kind: k, Items: v.items, From: v.from, To: v.to, Body: body})
	r.tellRemoved(ctx)
	return v, err
}
