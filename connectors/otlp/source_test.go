package otlp_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"triagent/connectors"
	"triagent/connectors/otlp"
	"triagent/connectors/otlp/ring"
	"triagent/connectors/sourcetest"
	"triagent/incident"
	"triagent/telemetry"
)

// base is when the telemetry of tests begins.
var base = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func at(s float64) pcommon.Timestamp {
	return pcommon.NewTimestampFromTime(base.Add(time.Duration(s * float64(time.Second))))
}

func span(from, to float64) incident.Window {
	return incident.Window{From: at(from).AsTime(), To: at(to).AsTime()}
}

// kept is a ring that holds what add puts into it.
func kept(t testing.TB, add func(put func(k ring.Kind, items int, body []byte))) otlp.Config {
	t.Helper()
	c := otlp.Config{Dir: t.TempDir()}
	r, err := ring.Open(c.Dir, ring.Bounds{Segment: 1 << 20, Total: 1 << 30, Age: time.Hour}, nil)
	if err != nil {
		t.Fatal(err)
	}
	add(func(k ring.Kind, items int, body []byte) {
		if err := r.Add(ring.Batch{Kind: k, Items: items, From: int64(at(0)), To: int64(at(3600)), Body: body}); err != nil {
			t.Fatal(err)
		}
	})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

func metrics(t testing.TB, fill func(list pmetric.MetricSlice)) []byte {
	t.Helper()
	m := pmetric.NewMetrics()
	rm := m.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.name", "dn")
	rm.Resource().Attributes().PutStr("service.instance.id", "dn-1")
	fill(rm.ScopeMetrics().AppendEmpty().Metrics())
	b, err := (&pmetric.ProtoMarshaler{}).MarshalMetrics(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// counter adds a point of a sum.
func counter(list pmetric.MetricSlice, name string, t pmetric.AggregationTemporality, start, when, value float64, attrs ...string) {
	m := list.AppendEmpty()
	m.SetName(name)
	s := m.SetEmptySum()
	s.SetAggregationTemporality(t)
	s.SetIsMonotonic(name != "queue")
	p := s.DataPoints().AppendEmpty()
	p.SetStartTimestamp(at(start))
	p.SetTimestamp(at(when))
	p.SetDoubleValue(value)
	for i := 0; i+1 < len(attrs); i += 2 {
		p.Attributes().PutStr(attrs[i], attrs[i+1])
	}
}

// histogram adds a point of a histogram in seconds.
func histogram(list pmetric.MetricSlice, name string, t pmetric.AggregationTemporality, start, when float64, n uint64, sum float64) {
	m := list.AppendEmpty()
	m.SetName(name)
	m.SetUnit("s")
	if name == "exponential" {
		h := m.SetEmptyExponentialHistogram()
		h.SetAggregationTemporality(t)
		p := h.DataPoints().AppendEmpty()
		p.SetStartTimestamp(at(start))
		p.SetTimestamp(at(when))
		p.SetCount(n)
		p.SetSum(sum)
		return
	}
	h := m.SetEmptyHistogram()
	h.SetAggregationTemporality(t)
	p := h.DataPoints().AppendEmpty()
	p.SetStartTimestamp(at(start))
	p.SetTimestamp(at(when))
	p.SetCount(n)
	p.SetSum(sum)
}

const (
	delta      = pmetric.AggregationTemporalityDelta
	cumulative = pmetric.AggregationTemporalityCumulative
)

// TestMetrics makes series of every kind of metric.
func TestMetrics(t *testing.T) {
	c := kept(t, func(put func(ring.Kind, int, []byte)) {
		for i := range 4 {
			at := float64(60 + 10*i)
			put(ring.Metrics, 1, metrics(t, func(list pmetric.MetricSlice) {
				counter(list, "total", cumulative, 0, at, []float64{600, 700, 50, 150}[i], "disk", "a") // began anew before the third
				counter(list, "total", cumulative, 0, at, 10*at, "disk", "b")
				counter(list, "added", delta, at-10, at, 40)
				counter(list, "queue", cumulative, 0, at, float64(i))
				histogram(list, "latency", cumulative, 0, at, uint64(60+10*i), 6+2*float64(i))
				histogram(list, "exponential", delta, at-10, at, 5*uint64(i), .5*float64(i))
				counter(list, "late", cumulative, -7200, at, 1e6) // began long ago: its first point says nothing
			}))
		}
	})
	got := collect(t, c, connectors.Ask{Span: span(55, 600)}).Got()
	by := make(map[string]connectors.Series)
	for _, s := range got.Series {
		by[s.Name] = s
		if s.Node != "dn-1" || s.Query == "" {
			t.Errorf("%+v", s)
		}
	}
	nan := math.NaN()
	for name, want := range map[string][]float64{
		"total{disk=a}:per_s": {10, 10, 5, 10}, "total{disk=b}:per_s": {10, 10, 10, 10}, "added:per_s": {4, 4, 4, 4}, "queue": {0, 1, 2, 3},
		"latency:per_s": {1, 1, 1, 1}, "latency:mean_ms": {100, 200, 200, 200}, "exponential:per_s": {0, .5, 1, 1.5}, "exponential:mean_ms": {nan, 100, 100, 100},
		"late:per_s": {0, 0, 0},
	} {
		if !same(by[name].Values, want) {
			t.Errorf("%s is %v, want %v", name, by[name].Values, want)
		}
		delete(by, name)
	}
	for name := range by {
		t.Errorf("nobody wants %s", name)
	}
	// The first rate of a later span needs the point before it.
	for _, s := range collect(t, c, connectors.Ask{Span: span(65, 75)}).Got().Series {
		if s.Name == "late:per_s" && !same(s.Values, []float64{0}) {
			t.Errorf("%s is %v", s.Name, s.Values)
		}
	}
	bounded := collect(t, c, connectors.Ask{Span: span(55, 600), Limit: connectors.Limit{Samples: 10}})
	if n := bounded.Tally().Samples; n > 10 || len(bounded.Got().Reduced) != 1 || bounded.Got().Reduced[0].Out != n {
		t.Errorf("%d samples under a bound of 10, %+v", n, bounded.Got().Reduced)
	}
}

func same(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Abs(x-y) < 1e-9 || x != x && y != y })
}

// traceBatch is a batch of n traces of 10 spans from number i on; one in 50
// fails, one in 70 is slow.
func traceBatch(t testing.TB, i, n int) []byte {
	t.Helper()
	r := ptrace.NewTraces()
	rs := r.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.instance.id", "dn-1")
	ss := rs.ScopeSpans().AppendEmpty()
	for k := i; k < i+n; k++ {
		for j := range 10 {
			s := ss.Spans().AppendEmpty()
			s.SetTraceID(pcommon.TraceID{byte(k), byte(k >> 8), byte(k >> 16), 1})
			s.SetSpanID(pcommon.SpanID{byte(j), 1, byte(k), byte(k >> 8)})
			s.SetName("write")
			s.SetStartTimestamp(at(float64(k) / 10))
			s.SetEndTimestamp(s.StartTimestamp() + 1e6 + pcommon.Timestamp(j))
			if k%50 == 7 && j == 3 {
				s.Status().SetCode(ptrace.StatusCodeError)
			}
			if k%70 == 9 && j == 0 {
				s.SetEndTimestamp(s.StartTimestamp() + 5e9)
			}
		}
	}
	b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestThinned has more spans than are wanted.
func TestThinned(t *testing.T) {
	c := kept(t, func(put func(ring.Kind, int, []byte)) {
		for i := 0; i < 5000; i += 100 {
			put(ring.Traces, 1000, traceBatch(t, i, 100))
		}
	})
	got := collect(t, c, connectors.Ask{Span: span(0, 600), Limit: connectors.Limit{Spans: 10_000}}).Got()
	ids, tenths := make(map[string]int), [10]int{}
	failed, slow := 0, 0
	for _, s := range got.Spans {
		ids[s.TraceID]++
		tenths[(s.Start-int64(at(0)))/50e9]++
		if s.Failed {
			failed++
		}
		if s.Duration > 1e9 {
			slow++
		}
	}
	t.Logf("%d spans of %d traces, %d failed, %d slow, by tenths %v, %+v", len(got.Spans), len(ids), failed, slow, tenths, got.Reduced)
	if n := len(got.Spans); n > 10_000 || n < 8000 || failed != 100 || slow != 72 || slices.Min(tenths[:]) < 500 {
		t.Errorf("%d spans, %d failed, %d slow, by tenths %v", n, failed, slow, tenths)
	}
	for id, n := range ids {
		if n != 10 {
			t.Errorf("trace %s has %d spans", id, n)
		}
	}
	if len(got.Reduced) != 1 || got.Reduced[0].In != 50_000 || got.Reduced[0].Out != int64(len(got.Spans)) {
		t.Errorf("reduced %+v", got.Reduced)
	}
	if n := len(collect(t, c, connectors.Ask{Span: span(0, 600)}).Got().Spans); n != 50_000 {
		t.Errorf("without a bound %d spans come", n)
	}
}

// TestLines has more records than are wanted: the severe stay.
func TestLines(t *testing.T) {
	c := kept(t, func(put func(ring.Kind, int, []byte)) {
		l := plog.NewLogs()
		rl := l.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("host.name", "h1")
		list := rl.ScopeLogs().AppendEmpty().LogRecords()
		for i := range 1000 {
			r := list.AppendEmpty()
			r.SetTimestamp(at(float64(i)))
			r.Body().SetStr(fmt.Sprint("line ", i))
			r.SetSeverityText([]string{"info", "INFO2", "warning", "ERROR"}[min(3, i%20/5)])
			if i%20 < 10 {
				r.SetSeverityNumber(plog.SeverityNumberInfo)
			}
		}
		b, err := (&plog.ProtoMarshaler{}).MarshalLogs(l)
		if err != nil {
			t.Fatal(err)
		}
		put(ring.Logs, 1000, b)
	})
	got := collect(t, c, connectors.Ask{Span: span(0, 2000), Limit: connectors.Limit{Lines: 600}}).Got()
	n := make(map[telemetry.Level]int)
	late := 0
	for _, l := range got.Lines {
		n[l.Level]++
		if l.Time > int64(at(500)) {
			late++
		}
	}
	if len(got.Lines) != 600 || n[telemetry.Error] != 250 || n[telemetry.Warn] != 250 || n[telemetry.Info] != 100 || late < 270 || late > 330 {
		t.Errorf("%d lines, %v, %d in the second half", len(got.Lines), n, late)
	}
	if len(got.Reduced) != 1 || got.Reduced[0].In != 1000 || got.Reduced[0].Out != 600 {
		t.Errorf("reduced %+v", got.Reduced)
	}
}

// TestDiscover tells who is there, what there is, and what is missing.
func TestDiscover(t *testing.T) {
	r, c := receive(t, nil)
	s, err := otlp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	now := incident.Window{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}
	f, err := s.Discover(t.Context(), now)
	if err != nil || len(f.Lacks) != 1 || len(f.Nodes) != 0 {
		t.Errorf("of an empty ring: %+v, %v", f, err)
	}
	for _, node := range []string{"dn-1", "dn-2", ""} {
		req := someSpans(node, 3, time.Now())
		if node == "" {
			req.Traces().ResourceSpans().At(0).Resource().Attributes().Clear()
		}
		b, err := req.MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		post(t, "http://"+r.HTTPAddr().String()+"/v1/traces", typeProto, "", b, "")
	}
	f, err = s.Discover(t.Context(), now)
	if err != nil || len(f.Nodes) != 2 || f.Holds[0].Count != 9 || f.Holds[0].Unit != "spans" || len(f.Lacks) != 2 || f.Lacks[1].Remedy == "" {
		t.Errorf("%+v, %v", f, err)
	}
}

// BenchmarkReceive is how fast spans are taken in: decoded, judged, compressed
// and written. A batch has 512 spans.
func BenchmarkReceive(b *testing.B) {
	r, _ := receive(b, func(c *otlp.Config) { c.Total = 64 << 20 })
	body := variedSpans(b, 512)
	req := ptraceotlp.NewExportRequest()
	if err := req.UnmarshalProto(body); err != nil {
		b.Fatal(err)
	}
	b.Run("HTTP", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			send(b, r, body)
		}
		b.ReportMetric(512*float64(b.N)/b.Elapsed().Seconds(), "spans/s")
	})
	b.Run("gRPC", func(b *testing.B) {
		client := ptraceotlp.NewGRPCClient(dial(b, r, plainText))
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.Export(b.Context(), req); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(512*float64(b.N)/b.Elapsed().Seconds(), "spans/s")
	})
}

// BenchmarkCollect is how fast spans come out of a ring.
func BenchmarkCollect(b *testing.B) {
	c := kept(b, func(put func(ring.Kind, int, []byte)) {
		for i := 0; i < 10_000; i += 100 {
			put(ring.Traces, 1000, traceBatch(b, i, 100))
		}
	})
	s, err := otlp.New(c)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := s.Collect(b.Context(), connectors.Ask{Span: span(0, 3600)}, &light{sourcetest.Recorder{Light: true}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "spans/s")
}

// TestLost has a damaged ring: what is whole comes, and what was lost is told.
func TestLost(t *testing.T) {
	c := kept(t, func(put func(ring.Kind, int, []byte)) {
		for i := 0; i < 500; i += 100 {
			put(ring.Traces, 1000, traceBatch(t, i, 100))
		}
	})
	list, err := filepath.Glob(filepath.Join(c.Dir, "*.seg"))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	b, err := os.ReadFile(list[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(list[0], b[:len(b)-10], 0o600); err != nil {
		t.Fatal(err)
	}
	got := collect(t, c, connectors.Ask{Span: span(0, 600)}).Got()
	if len(got.Spans) != 3000 {
		t.Errorf("%d spans come, want 3000", len(got.Spans))
	}
	says := func(text string) bool {
		return strings.Contains(text, filepath.Base(list[0])) && strings.Contains(text, "in 2 places") && strings.Contains(text, "2 batches with 2000 items")
	}
	if !slices.ContainsFunc(got.Missing, func(m incident.Missing) bool { return says(m.Why) }) {
		t.Errorf("missing: %+v", got.Missing)
	}
	s, err := otlp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.Discover(t.Context(), span(0, 600))
	if err != nil || !slices.ContainsFunc(found.Lacks, func(l connectors.Lack) bool { return says(l.Why) }) {
		t.Errorf("lacks: %+v, %v", found.Lacks, err)
	}
}
