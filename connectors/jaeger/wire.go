package jaeger

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// wireTrace is a trace as Jaeger's page gets it. Times are microseconds.
type wireTrace struct {
	TraceID   string                 `json:"traceID"`
	Spans     []wireSpan             `json:"spans"`
	Processes map[string]wireProcess `json:"processes"`
}

type wireSpan struct {
	SpanID        string          `json:"spanID"`
	OperationName string          `json:"operationName"`
	References    []wireReference `json:"references"`
	StartTime     int64           `json:"startTime"`
	Duration      int64           `json:"duration"`
	Tags          []wireTag       `json:"tags"`
	Logs          []wireLog       `json:"logs"`
	ProcessID     string          `json:"processID"`
	Process       *wireProcess    `json:"process"` // in place of ProcessID, in some answers
}

type wireReference struct {
	RefType string `json:"refType"`
	TraceID string `json:"traceID"`
	SpanID  string `json:"spanID"`
}

type wireTag struct {
	Key   string `json:"key"`
	Type  string `json:"type"`
	Value any    `json:"value"`
}

type wireLog struct {
	Fields []wireTag `json:"fields"`
}

type wireProcess struct {
	ServiceName string    `json:"serviceName"`
	Tags        []wireTag `json:"tags"`
}

// wireError is how Jaeger says that something went wrong.
type wireError struct {
	Code int    `json:"code"`
	Msg  string `json:"msg"`
}

// eachTrace reads an answer trace by trace and returns what the server says of
// errors. The answer must be whole: what comes before a break was given to fn.
func eachTrace(body io.Reader, fn func(*wireTrace) error) ([]wireError, error) {
	d := json.NewDecoder(body)
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, notWhole(err, "no object")
	}
	var said []wireError
	data := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, notWhole(err, "")
		}
		switch key {
		case "data":
			data = true
			if err := traceList(d, fn); err != nil {
				return nil, err
			}
		case "errors":
			if err := d.Decode(&said); err != nil {
				return nil, err
			}
		default:
			if err := d.Decode(&json.RawMessage{}); err != nil {
				return nil, err
			}
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, notWhole(err, "")
	}
	if !data && len(said) == 0 {
		return nil, errors.New("JSON: it has no data")
	}
	return said, nil
}

func notWhole(err error, what string) error {
	if err == nil {
		return errors.New("JSON: " + what)
	}
	return fmt.Errorf("JSON: %w", err)
}

// traceList reads the list of traces; null is none.
func traceList(d *json.Decoder, fn func(*wireTrace) error) error {
	t, err := d.Token()
	if err != nil || t == nil {
		return err
	}
	if t != json.Delim('[') {
		return errors.New("JSON: data is no list")
	}
	for d.More() {
		var trace *wireTrace
		if err := d.Decode(&trace); err != nil {
			return err
		}
		if trace != nil {
			if err := fn(trace); err != nil {
				return err
			}
		}
	}
	_, err = d.Token()
	return err
}

// id reads an ID in hexadecimal into dst; Jaeger leaves leading zeros out.
func id(dst []byte, text string) bool {
	if text == "" || len(text) > 2*len(dst) {
		return false
	}
	full := strings.Repeat("0", 2*len(dst)-len(text)) + text
	_, err := hex.Decode(dst, []byte(full))
	return err == nil
}

// otlp makes OTLP of a trace; lost counts spans that cannot be used.
func (w *wireTrace) otlp() (out ptrace.Traces, lost int64) {
	out = ptrace.NewTraces()
	var trace pcommon.TraceID
	if !id(trace[:], w.TraceID) {
		return out, int64(len(w.Spans))
	}
	by := make(map[string]ptrace.SpanSlice)
	for i := range w.Spans {
		s := &w.Spans[i]
		var span pcommon.SpanID
		if !id(span[:], s.SpanID) || s.StartTime <= 0 || s.StartTime > 1<<53 || s.Duration < 0 || s.Duration > 1<<53 {
			lost++
			continue
		}
		list, ok := by[s.ProcessID]
		if !ok || s.Process != nil {
			p := w.Processes[s.ProcessID]
			if s.Process != nil {
				p = *s.Process
			}
			list = p.resource(out.ResourceSpans().AppendEmpty())
			by[s.ProcessID] = list
		}
		o := list.AppendEmpty()
		o.SetTraceID(trace)
		o.SetSpanID(span)
		s.fill(o, w.TraceID)
	}
	return out, lost
}

// resource makes the resource of a process, and the place for its spans.
func (p *wireProcess) resource(rs ptrace.ResourceSpans) ptrace.SpanSlice {
	m := rs.Resource().Attributes()
	for _, t := range p.Tags {
		t.put(m)
	}
	m.PutStr("service.name", p.ServiceName)
	for old, now := range map[string]string{"hostname": "host.name", "ip": "host.ip"} { // Jaeger's own clients
		if v, ok := m.Get(old); ok {
			text := v.AsString()
			if _, ok := m.Get(now); !ok {
				m.PutStr(now, text)
			}
		}
	}
	return rs.ScopeSpans().AppendEmpty().Spans()
}

var spanKinds = map[string]ptrace.SpanKind{
	"internal": ptrace.SpanKindInternal, "server": ptrace.SpanKindServer, "client": ptrace.SpanKindClient,
	"producer": ptrace.SpanKindProducer, "consumer": ptrace.SpanKindConsumer,
}

// fill takes over all but the IDs.
func (s *wireSpan) fill(o ptrace.Span, trace string) {
	o.SetName(s.OperationName)
	o.SetStartTimestamp(pcommon.Timestamp(s.StartTime * 1000))
	o.SetEndTimestamp(o.StartTimestamp() + pcommon.Timestamp(s.Duration*1000))
	var parent pcommon.SpanID
	for _, r := range s.References { // the first child-of, else the first of all
		if r.TraceID == trace && (parent.IsEmpty() || r.RefType == "CHILD_OF") && id(parent[:], r.SpanID) && r.RefType == "CHILD_OF" {
			break
		}
	}
	o.SetParentSpanID(parent)
	for _, t := range s.Tags {
		text := fmt.Sprint(t.Value)
		switch t.Key {
		case "span.kind":
			o.SetKind(spanKinds[text])
		case "error":
			if text == "true" {
				o.Status().SetCode(ptrace.StatusCodeError)
			}
		case "otel.status_code":
			if text == "ERROR" {
				o.Status().SetCode(ptrace.StatusCodeError)
			}
		case "otel.status_description":
			o.Status().SetMessage(text)
		case "internal.span.format":
		default:
			t.put(o.Attributes())
		}
	}
	for _, l := range s.Logs {
		l.event(o.Events())
	}
}

// event makes an event of what Jaeger calls a log; errors of OpenTracing become
// exceptions.
func (l *wireLog) event(to ptrace.SpanEventSlice) {
	e := to.AppendEmpty()
	for _, f := range l.Fields {
		text := fmt.Sprint(f.Value)
		switch {
		case f.Key == "event" && text == "error":
			e.SetName("exception")
		case f.Key == "event":
			e.SetName(text)
		case f.Key == "message" || f.Key == "error.object":
			e.Attributes().PutStr("exception.message", text)
		case f.Key == "error.kind":
			e.Attributes().PutStr("exception.type", text)
		default:
			f.put(e.Attributes())
		}
	}
}

// put adds a tag to attributes.
func (t *wireTag) put(to pcommon.Map) {
	if t.Key == "" {
		return
	}
	switch v := t.Value.(type) {
	case string:
		to.PutStr(t.Key, v)
	case bool:
		to.PutBool(t.Key, v)
	case json.Number:
		if n, err := v.Int64(); err == nil && t.Type != "float64" {
			to.PutInt(t.Key, n)
		} else if f, err := v.Float64(); err == nil {
			to.PutDouble(t.Key, f)
		}
	}
}
