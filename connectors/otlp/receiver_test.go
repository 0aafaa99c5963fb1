package otlp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	grpcgzip "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/connectors/otlp"
	"triagent/connectors/otlp/ring"
	"triagent/connectors/sourcetest"
	"triagent/incident"
	"triagent/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receive runs a receiver as long as the test.
func receive(t testing.TB, change func(*otlp.Config)) (*otlp.Receiver, otlp.Config) {
	t.Helper()
	c := otlp.Config{Dir: t.TempDir(), GRPC: "127.0.0.1:0", HTTP: "127.0.0.1:0"}
	if change != nil {
		change(&c)
	}
	r, err := otlp.NewReceiver(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	serve(t, r)
	return r, c
}

// serve runs a receiver as long as the test.
func serve(t testing.TB, r *otlp.Receiver) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := r.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

// collect hands over what is in a ring.
func collect(t testing.TB, c otlp.Config, ask connectors.Ask) *sourcetest.Recorder {
	t.Helper()
	s, err := otlp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	if ask.Span.IsZero() {
		ask.Span = incident.Window{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}
	}
	var rec sourcetest.Recorder
	if err := s.Collect(t.Context(), ask, &rec); err != nil {
		t.Fatal(err)
	}
	return &rec
}

// TestSDK sends with the exporter of the OpenTelemetry SDK.
func TestSDK(t *testing.T) {
	r, c := receive(t, func(c *otlp.Config) { c.Token = "secret-token" })
	exporter, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpoint(r.HTTPAddr().String()), otlptracehttp.WithInsecure(),
		otlptracehttp.WithCompression(otlptracehttp.GzipCompression), otlptracehttp.WithHeaders(map[string]string{"Authorization": "Bearer secret-token"}))
	if err != nil {
		t.Fatal(err)
	}
	provider := func(node string) *trace.TracerProvider {
		return trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "svc"), attribute.String("service.instance.id", node), attribute.String("host.name", "host-"+node))))
	}
	web, cart := provider("web-1"), provider("cart-1")
	ctx, root := web.Tracer("x").Start(t.Context(), "checkout", oteltrace.WithSpanKind(oteltrace.SpanKindClient))
	_, served := cart.Tracer("x").Start(ctx, "add", oteltrace.WithSpanKind(oteltrace.SpanKindServer), oteltrace.WithAttributes(attribute.Int("items", 3)))
	served.RecordError(errors.New("no stock"))
	served.SetStatus(codes.Error, "no stock")
	served.End()
	root.End()
	for _, p := range []*trace.TracerProvider{web, cart} {
		if err := p.ForceFlush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []*trace.TracerProvider{web, cart} {
		_ = p.Shutdown(t.Context()) // the second finds the exporter closed
	}
	got := collect(t, c, connectors.Ask{}).Got()
	if len(got.Spans) != 2 {
		t.Fatalf("%d spans came: %+v", len(got.Spans), got)
	}
	s := got.Spans[1]
	if s.Name != "add" || s.Node != "cart-1" || s.Service != "svc" || !s.Failed || s.Kind != telemetry.ServerSpan || s.Query == "" ||
		s.TraceID != root.SpanContext().TraceID().String() || s.ParentID != root.SpanContext().SpanID().String() ||
		s.Attributes["items"] != "3" || s.Attributes["exception.message"] != "no stock" || s.Attributes["status.message"] != "no stock" {
		t.Errorf("the span is %+v", s)
	}
	f := got.Found[len(got.Found)-1]
	if len(f.Nodes) != 2 || f.Nodes[0].Host != "host-web-1" || len(f.Calls) != 1 || f.Calls[0] != (connectors.Call{From: "web-1", To: "cart-1"}) {
		t.Errorf("found %+v", f)
	}
}

// someSpans makes a request of n spans of a node.
func someSpans(node string, n int, at time.Time) ptraceotlp.ExportRequest {
	t := ptrace.NewTraces()
	rs := t.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "svc")
	rs.Resource().Attributes().PutStr("service.instance.id", node)
	ss := rs.ScopeSpans().AppendEmpty()
	for i := range n {
		s := ss.Spans().AppendEmpty()
		s.SetTraceID(pcommon.TraceID{1, byte(i / 8), byte(i / 8 >> 8), byte(i / 8 >> 16), 15: 1})
		s.SetSpanID(pcommon.SpanID{2, byte(i), byte(i >> 8), byte(i >> 16)})
		s.SetName("insertTablet")
		s.SetKind(ptrace.SpanKindServer)
		s.SetStartTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(i) * time.Microsecond)))
		s.SetEndTimestamp(s.StartTimestamp() + pcommon.Timestamp(1e6+i))
		s.Attributes().PutStr("db.name", "root.sg1")
		s.Attributes().PutInt("rows", int64(i))
		s.Attributes().PutStr("thread.name", "pool-12-thread-3")
	}
	return ptraceotlp.NewExportRequestFromTraces(t)
}

func someLogs(node string) plogotlp.ExportRequest {
	l := plog.NewLogs()
	rl := l.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.instance.id", node)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName("org.apache.iotdb.db.Flush")
	r := sl.LogRecords().AppendEmpty()
	r.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	r.SetSeverityNumber(plog.SeverityNumberError2)
	r.Body().SetStr("disk is full")
	r.SetTraceID(pcommon.TraceID{7})
	r.SetSpanID(pcommon.SpanID{8})
	r.Attributes().PutStr("thread", "flush-1")
	sl.LogRecords().AppendEmpty().Body().SetStr("without a time")
	return plogotlp.NewExportRequestFromLogs(l)
}

func someMetrics(node string) pmetricotlp.ExportRequest {
	m := pmetric.NewMetrics()
	rm := m.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("service.instance.id", node)
	g := rm.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	g.SetName("process.cpu.utilization")
	p := g.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	p.SetDoubleValue(.5)
	return pmetricotlp.NewExportRequestFromMetrics(m)
}

func dial(t testing.TB, r *otlp.Receiver, creds credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(r.GRPCAddr().String(), grpc.WithTransportCredentials(creds))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestGRPC(t *testing.T) {
	r, c := receive(t, nil)
	conn := dial(t, r, insecure.NewCredentials())
	if _, err := ptraceotlp.NewGRPCClient(conn).Export(t.Context(), someSpans("dn-1", 5, time.Now()), grpc.UseCompressor(grpcgzip.Name)); err != nil {
		t.Error(err)
	}
	if _, err := plogotlp.NewGRPCClient(conn).Export(t.Context(), someLogs("dn-1")); err != nil {
		t.Error(err)
	}
	if _, err := pmetricotlp.NewGRPCClient(conn).Export(t.Context(), someMetrics("dn-1")); err != nil {
		t.Error(err)
	}
	got := collect(t, c, connectors.Ask{Nodes: []connectors.Node{{Names: []string{"x", "dn-1"}}}}).Got()
	if len(got.Spans) != 5 || len(got.Lines) != 2 || len(got.Series) != 1 {
		t.Fatalf("%d spans, %d lines, %d series", len(got.Spans), len(got.Lines), len(got.Series))
	}
	l := got.Lines[0]
	if l.Node != "dn-1" || string(l.Body) != "disk is full" || l.Level != telemetry.Error || l.TraceID != "07000000000000000000000000000000" ||
		l.SpanID != "0800000000000000" || l.Attributes["thread"] != "flush-1" || l.Attributes["logger"] != "org.apache.iotdb.db.Flush" {
		t.Errorf("the line is %+v", l)
	}
	if l := got.Lines[1]; time.Since(time.Unix(0, l.Time)) > time.Minute {
		t.Errorf("a record without a time has %v", time.Unix(0, l.Time))
	}
	if n := len(collect(t, c, connectors.Ask{Nodes: []connectors.Node{{Names: []string{"dn-2"}}}}).Got().Spans); n > 0 {
		t.Errorf("%d spans of a node that nobody asked for", n)
	}
}

// reply is an answer over HTTP.
type reply struct {
	status int
	header http.Header
	text   string
}

// post sends a body and returns the answer.
func post(t testing.TB, url, kind, encoding string, body []byte, auth string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

func zipped(t testing.TB, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	typeProto = "application/x-protobuf"
	typeJSON  = "application/json"
)

// TestHTTP sends what is right and what is wrong.
func TestHTTP(t *testing.T) {
	r, c := receive(t, func(c *otlp.Config) { c.Token, c.MaxBody = "the-token", 64<<10 })
	base := "http://" + r.HTTPAddr().String()
	good, err := someSpans("dn-1", 3, time.Now()).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := someSpans("dn-2", 3, time.Now()).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	big := bytes.Repeat([]byte{0}, 1<<20)
	const auth = "Bearer the-token"
	for _, tt := range []struct {
		name, path, kind, encoding string
		body                       []byte
		auth                       string
		status                     int
	}{
		{"protobuf", "/v1/traces", typeProto, "", good, auth, 200},
		{"gzip", "/v1/traces", typeProto, "gzip", zipped(t, good), auth, 200},
		{"JSON", "/v1/traces", typeJSON + "; charset=utf-8", "", asJSON, auth, 200},
		{"nothing", "/v1/traces", typeProto, "", nil, auth, 200},
		{"no token", "/v1/traces", typeProto, "", good, "", 401},
		{"wrong token", "/v1/traces", typeProto, "", good, "Bearer the-tokem", 401},
		{"wrong kind of token", "/v1/traces", typeProto, "", good, "Basic the-token", 401},
		{"no such path", "/v1/profiles", typeProto, "", good, auth, 404},
		{"no such type", "/v1/traces", "text/plain", "", good, auth, 415},
		{"no such encoding", "/v1/traces", typeProto, "br", good, auth, 415},
		{"no gzip", "/v1/traces", typeProto, "gzip", good, auth, 400},
		{"half a gzip", "/v1/traces", typeProto, "gzip", zipped(t, good)[:50], auth, 400},
		{"too long", "/v1/traces", typeProto, "", big, auth, 413},
		{"too long once decompressed", "/v1/logs", typeProto, "gzip", zipped(t, big), auth, 413},
		{"no protobuf", "/v1/metrics", typeProto, "", []byte("what is this"), auth, 400},
		{"no JSON", "/v1/logs", typeJSON, "", []byte("{"), auth, 400},
	} {
		got := post(t, base+tt.path, tt.kind, tt.encoding, tt.body, tt.auth)
		if got.status != tt.status {
			t.Errorf("%s: status %d, want %d: %q", tt.name, got.status, tt.status, got.text)
		}
		if tt.status == 200 && got.header.Get("Content-Type") != strings.Split(tt.kind, ";")[0] {
			t.Errorf("%s: answered with %s", tt.name, got.header.Get("Content-Type"))
		}
		if strings.Contains(got.text, "the-token") {
			t.Errorf("%s: the answer tells the token: %q", tt.name, got.text)
		}
	}
	if got := collect(t, c, connectors.Ask{}).Got(); len(got.Spans) != 9 {
		t.Errorf("%d spans came, want 9", len(got.Spans))
	}
	if s, err := r.Stats(); err != nil || s.Denied != 3 || s.Unfit != 7 || s.Ring.Added[ring.Traces] != 9 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestPartial sends a batch with unfit spans: the others are kept, and the
// sender is told.
func TestPartial(t *testing.T) {
	r, c := receive(t, nil)
	req := someSpans("dn-1", 4, time.Now())
	bad := req.Traces().ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(1)
	bad.SetTraceID(pcommon.TraceID{})
	resp, err := ptraceotlp.NewGRPCClient(dial(t, r, insecure.NewCredentials())).Export(t.Context(), req)
	if err != nil || resp.PartialSuccess().RejectedSpans() != 1 || resp.PartialSuccess().ErrorMessage() == "" {
		t.Errorf("%d rejected, %q, %v", resp.PartialSuccess().RejectedSpans(), resp.PartialSuccess().ErrorMessage(), err)
	}
	body, err := req.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if got := post(t, "http://"+r.HTTPAddr().String()+"/v1/traces", typeJSON, "", body, ""); got.status != 200 || !strings.Contains(got.text, "rejectedSpans") {
		t.Errorf("status %d: %s", got.status, got.text)
	}
	if got := collect(t, c, connectors.Ask{}).Got(); len(got.Spans) != 6 {
		t.Errorf("%d spans came, want 6", len(got.Spans))
	}
}

// TestGRPCRefused sends what is too large, and without the token.
func TestGRPCRefused(t *testing.T) {
	r, _ := receive(t, func(c *otlp.Config) { c.Token, c.MaxBody = "the-token", 64<<10 })
	client := ptraceotlp.NewGRPCClient(dial(t, r, insecure.NewCredentials()))
	if _, err := client.Export(t.Context(), someSpans("a", 1, time.Now())); status.Code(err) != grpccodes.Unauthenticated {
		t.Errorf("without the token: %v", err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer the-token")
	if _, err := client.Export(ctx, someSpans("a", 1, time.Now())); err != nil {
		t.Errorf("with the token: %v", err)
	}
	if _, err := client.Export(ctx, someSpans("a", 2000, time.Now())); status.Code(err) != grpccodes.ResourceExhausted {
		t.Errorf("too large: %v", err)
	}
}

func TestTLS(t *testing.T) {
	ours, others := sourcetest.NewAuthority(t), sourcetest.NewAuthority(t)
	cert, key := serverFiles(t, ours)
	r, c := receive(t, func(c *otlp.Config) { c.TLS = otlp.TLS{Cert: cert, Key: key, ClientCA: ours.CA} })
	send := func(at fetch.TLS) error {
		config, err := at.Config()
		if err != nil {
			t.Fatal(err)
		}
		_, err = ptraceotlp.NewGRPCClient(dial(t, r, credentials.NewTLS(config))).Export(t.Context(), someSpans("a", 1, time.Now()))
		return err
	}
	if err := send(fetch.TLS{CA: ours.CA, Cert: ours.Cert, Key: ours.Key}); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
	if send(fetch.TLS{CA: ours.CA}) == nil {
		t.Error("without a certificate it is let in")
	}
	if send(fetch.TLS{CA: ours.CA, Cert: others.Cert, Key: others.Key}) == nil {
		t.Error("with a certificate of others it is let in")
	}
	if n := len(collect(t, c, connectors.Ask{}).Got().Spans); n != 1 {
		t.Errorf("%d spans came", n)
	}
}
