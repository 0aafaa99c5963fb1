package otlp_test

import (
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"triagent/connectors"
	"triagent/connectors/otlp/ring"
)

// around puts messages around the innermost, of which each is the field with that
// number of the next.
func around(inner []byte, fields ...byte) []byte {
	var back []byte // from the end to the beginning
	for _, b := range slices.Backward(inner) {
		back = append(back, b)
	}
	for _, f := range fields {
		head := binary.AppendUvarint([]byte{f<<3 | 2}, uint64(len(back)))
		slices.Reverse(head)
		back = append(back, head...)
	}
	slices.Reverse(back)
	return back
}

// group begins a group that never ends. The parser passes over its first field
// and takes the next for one of the message around it.
var group = []byte{15<<3 | 3, 14 << 3, 1}

// deepLog is a request of one record, whose body is arrays within arrays. Before
// the body stands what is given.
func deepLog(node string, levels int, before ...byte) []byte {
	fields := make([]byte, 0, 2*levels+4)
	for range levels - 1 {
		fields = append(fields, 1, 5) // a value of an array, an array of a value
	}
	body := around(nil, append(fields, 5)...) // of a record
	start := binary.LittleEndian.AppendUint64([]byte{1<<3 | 1}, uint64(at(1)))
	name := around(slices.Concat(around([]byte("service.instance.id"), 1), around([]byte(node), 1, 2)), 1, 1)
	return around(slices.Concat(name, around(slices.Concat(start, before, body), 2, 2)), 1)
}

// nest fills a value with maps and lists in turn.
func nest(v pcommon.Value, levels int) {
	for i := range levels - 1 {
		if i%2 == 0 {
			v = v.SetEmptySlice().AppendEmpty()
		} else {
			v = v.SetEmptyMap().PutEmpty("k")
		}
	}
	v.SetStr("in the middle")
}

// TestDeep sends requests whose values are nested too deep, and as deep as is
// fit, in every place that has values.
func TestDeep(t *testing.T) {
	r, c := receive(t, nil)
	base := "http://" + r.HTTPAddr().String()
	refused := int64(0)
	for _, levels := range []int{100, 101} {
		want := 200
		if levels > 100 {
			want = 400
		}
		for path, list := range nested(t, levels) {
			for i, req := range list {
				body, err := req.MarshalProto()
				if err != nil {
					t.Fatal(err)
				}
				asJSON, err := req.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				if got := post(t, base+path, typeProto, "", body, ""); got.status != want {
					t.Errorf("%s %d, %d levels: status %d: %s", path, i, levels, got.status, got.text)
				}
				if got := post(t, base+path, typeJSON, "", asJSON, ""); got.status != want {
					t.Errorf("%s %d, %d levels in JSON: status %d: %s", path, i, levels, got.status, got.text)
				}
				if want == 400 {
					refused += 2
				}
			}
		}
	}
	l := plog.NewLogs()
	nest(l.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body(), 101)
	_, err := plogotlp.NewGRPCClient(dial(t, r, plainText)).Export(t.Context(), plogotlp.NewExportRequestFromLogs(l))
	if status.Code(err) != grpccodes.InvalidArgument {
		t.Errorf("over gRPC: %v", err)
	}
	text := strings.Repeat(`{"arrayValue":{"values":[`, 200_000)
	if got := post(t, base+"/v1/logs", typeJSON, "", []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":`+text), ""); got.status != 400 || !strings.Contains(got.text, "nested") {
		t.Errorf("200,000 levels of JSON: %d, %.200s", got.status, got.text)
	}
	var before, after runtime.MemStats
	body := deepLog("dn-1", 200_000)
	runtime.ReadMemStats(&before)
	if got := post(t, base+"/v1/logs", typeProto, "", body, ""); got.status != 400 || !strings.Contains(got.text, "nested") {
		t.Errorf("200,000 levels: %d, %.200s", got.status, got.text)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.StackSys) - int64(before.StackSys); grown > 8<<20 {
		t.Errorf("the stacks grew by %d KB", grown>>10)
	}
	if got := post(t, base+"/v1/logs", typeProto, "", deepLog("dn-1", 1000, group...), ""); got.status != 400 || !strings.Contains(got.text, "nested") {
		t.Errorf("1000 levels in a group: %d, %.200s", got.status, got.text)
	}
	if s, err := r.Stats(); err != nil || s.Unfit != refused+4 {
		t.Errorf("%+v, %v; want %d unfit", s, err, refused+4)
	}
	for _, l := range collect(t, c, connectors.Ask{}).Got().Lines {
		if strings.Contains(string(l.Body), "too deep") {
			t.Errorf("line %.200s", l.Body)
		}
	}
}

type sent interface {
	MarshalProto() ([]byte, error)
	MarshalJSON() ([]byte, error)
}

// nested has requests with a nested value in one place each, by path.
func nested(t *testing.T, levels int) map[string][]sent {
	t.Helper()
	out := make(map[string][]sent)
	put := func(m pcommon.Map) { nest(m.PutEmpty("deep"), levels) }
	now := pcommon.NewTimestampFromTime(time.Now())
	for i := range 5 {
		r := ptrace.NewTraces()
		rs := r.ResourceSpans().AppendEmpty()
		ss := rs.ScopeSpans().AppendEmpty()
		s := ss.Spans().AppendEmpty()
		s.SetTraceID([16]byte{1})
		s.SetSpanID([8]byte{1})
		s.SetStartTimestamp(now)
		put([]pcommon.Map{rs.Resource().Attributes(), ss.Scope().Attributes(), s.Attributes(), s.Events().AppendEmpty().Attributes(), s.Links().AppendEmpty().Attributes()}[i])
		out["/v1/traces"] = append(out["/v1/traces"], ptraceotlp.NewExportRequestFromTraces(r))
	}
	for i := range 4 {
		l := plog.NewLogs()
		rl := l.ResourceLogs().AppendEmpty()
		sl := rl.ScopeLogs().AppendEmpty()
		r := sl.LogRecords().AppendEmpty()
		if i == 3 {
			nest(r.Body(), levels)
		} else {
			put([]pcommon.Map{rl.Resource().Attributes(), sl.Scope().Attributes(), r.Attributes()}[i])
		}
		out["/v1/logs"] = append(out["/v1/logs"], plogotlp.NewExportRequestFromLogs(l))
	}
	for i := range 12 {
		m := pmetric.NewMetrics()
		rm := m.ResourceMetrics().AppendEmpty()
		sm := rm.ScopeMetrics().AppendEmpty()
		x := sm.Metrics().AppendEmpty()
		x.SetName("m")
		put(placeOf(i, rm, sm, x, now))
		out["/v1/metrics"] = append(out["/v1/metrics"], pmetricotlp.NewExportRequestFromMetrics(m))
	}
	return out
}

// placeOf makes a metric and returns the i-th of the maps that metrics may have.
func placeOf(i int, rm pmetric.ResourceMetrics, sm pmetric.ScopeMetrics, x pmetric.Metric, now pcommon.Timestamp) pcommon.Map {
	switch i {
	case 0, 1, 2, 3, 4:
		p := x.SetEmptyGauge().DataPoints().AppendEmpty()
		p.SetTimestamp(now)
		p.SetIntValue(1)
		return []pcommon.Map{rm.Resource().Attributes(), sm.Scope().Attributes(), x.Metadata(), p.Attributes(), p.Exemplars().AppendEmpty().FilteredAttributes()}[i]
	case 5, 6:
		p := x.SetEmptySum().DataPoints().AppendEmpty()
		p.SetTimestamp(now)
		p.SetIntValue(1)
		return []pcommon.Map{p.Attributes(), p.Exemplars().AppendEmpty().FilteredAttributes()}[i-5]
	case 7, 8:
		p := x.SetEmptyHistogram().DataPoints().AppendEmpty()
		p.SetTimestamp(now)
		return []pcommon.Map{p.Attributes(), p.Exemplars().AppendEmpty().FilteredAttributes()}[i-7]
	case 9, 10:
		p := x.SetEmptyExponentialHistogram().DataPoints().AppendEmpty()
		p.SetTimestamp(now)
		return []pcommon.Map{p.Attributes(), p.Exemplars().AppendEmpty().FilteredAttributes()}[i-9]
	default:
		p := x.SetEmptySummary().DataPoints().AppendEmpty()
		p.SetTimestamp(now)
		return p.Attributes()
	}
}

// TestDeepRing reads a ring with records that are not taken in any more: they
// come with a text in place of what is too deep, whatever room that has.
func TestDeepRing(t *testing.T) {
	levels := []int{100, 101, 102, 103, 110, 120, 131, 132, 133, 134, 135, 140, 150, 160, 200, 200_000}
	c := kept(t, func(put func(ring.Kind, int, []byte)) {
		for i, n := range levels {
			put(ring.Logs, 1, deepLog("dn-1", n, group[:i%2*len(group)]...))
		}
		put(ring.Logs, 1, around(slices.Concat(around(slices.Concat(around([]byte("host.name"), 1), around([]byte("h1"), 1, 2)), 1, 1),
			around(slices.Concat(binary.LittleEndian.AppendUint64([]byte{1<<3 | 1}, uint64(at(2))), around([]byte("after it"), 1, 5)), 2, 2)), 1))
	})
	got := collect(t, c, connectors.Ask{Span: span(0, 60)}).Got().Lines
	if len(got) != len(levels)+1 || string(got[len(levels)].Body) != "after it" {
		t.Fatalf("%d lines", len(got))
	}
	for i, n := range levels {
		body := string(got[i].Body)
		if inner := strings.Trim(body, "[]"); n > 120 && !strings.HasPrefix(inner, `"nested too deep`) || len(body) > 400 || strings.Count(body, "[") > 100 {
			t.Errorf("%d levels: %d bytes: %.300s", n, len(body), body)
		}
	}
}
