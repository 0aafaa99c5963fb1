package otlp_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"triagent/connectors"
	"triagent/connectors/otlp"
)

// told reports whether a sender over gRPC is told when to come again.
func told(s *status.Status) bool {
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok && info.GetRetryDelay().AsDuration() > 0 {
			return true
		}
	}
	return false
}

// TestBusy has every place taken: who comes then is told when to come again.
func TestBusy(t *testing.T) {
	r, _ := receive(t, func(c *otlp.Config) { c.AtOnce = 1 })
	leave, err := r.Occupy()
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + r.HTTPAddr().String() + "/v1/traces"
	client := ptraceotlp.NewGRPCClient(dial(t, r, insecure.NewCredentials()))
	if got := post(t, url, typeProto, "", nil, ""); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("over HTTP: status %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	_, err = client.Export(t.Context(), someSpans("a", 1, time.Now()))
	if s := status.Convert(err); s.Code() != grpccodes.ResourceExhausted || !told(s) {
		t.Errorf("over gRPC: %v, details %v", err, s.Details())
	}
	leave()
	if got := post(t, url, typeProto, "", nil, ""); got.status != http.StatusOK {
		t.Errorf("with a place free again, over HTTP: status %d", got.status)
	}
	if _, err = client.Export(t.Context(), someSpans("a", 1, time.Now())); err != nil {
		t.Errorf("with a place free again, over gRPC: %v", err)
	}
	if s, err := r.Stats(); err != nil || s.Busy != 2 || s.Requests != 4 {
		t.Errorf("%+v, %v", s, err)
	}
}

// slow sends the beginning of a body, and the rest never, until the receiver
// answers or end is called.
type slow struct {
	answer chan *http.Response // nil: an error
	out    *io.PipeWriter
	end    func()
}

// slowly begins a request; h2 is as gRPC does, over a connection of its own.
func slowly(t *testing.T, url, kind string, h2 bool, begin []byte) *slow {
	t.Helper()
	p := new(http.Protocols)
	p.SetHTTP1(!h2)
	p.SetUnencryptedHTTP2(h2)
	transport := &http.Transport{Protocols: p}
	in, out := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, in)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	s := &slow{answer: make(chan *http.Response, 1), out: out}
	var wg sync.WaitGroup
	wg.Go(func() {
		resp, err := transport.RoundTrip(req)
		if err != nil {
			resp = nil
		} else {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		s.answer <- resp
	})
	s.end = sync.OnceFunc(func() {
		_ = out.Close()
		wg.Wait()
		transport.CloseIdleConnections()
	})
	t.Cleanup(s.end)
	if _, err := out.Write(begin); err != nil && !errors.Is(err, io.ErrClosedPipe) { // refused before all of it was sent
		t.Fatal(err)
	}
	return s
}

// until asks again and again, for ten seconds at most.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); {
		if time.Now().After(end) {
			t.Fatalf("waited ten seconds for %s", what)
		}
	}
}

const exportPath = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

// TestSlowSenders has four times as many slow senders as there are places: a
// fast one is let in beside them.
func TestSlowSenders(t *testing.T) {
	r, c := receive(t, func(c *otlp.Config) { c.AtOnce = 4 })
	web, rpc := "http://"+r.HTTPAddr().String()+"/v1/traces", "http://"+r.GRPCAddr().String()+exportPath
	for range 16 {
		slowly(t, web, typeProto, false, []byte{10})
		slowly(t, rpc, "application/grpc", true, []byte{0})
	}
	until(t, "all of them to be there", func() bool {
		s, err := r.Stats()
		return err != nil || s.Requests == 32
	})
	good, err := someSpans("dn-1", 3, time.Now()).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if got := post(t, web, typeProto, "", good, ""); got.status != http.StatusOK {
		t.Errorf("over HTTP beside slow ones: status %d, %q", got.status, got.text)
	}
	if _, err := ptraceotlp.NewGRPCClient(dial(t, r, insecure.NewCredentials())).Export(t.Context(), someSpans("dn-1", 3, time.Now())); err != nil {
		t.Errorf("over gRPC beside slow ones: %v", err)
	}
	if n := len(collect(t, c, connectors.Ask{}).Got().Spans); n != 6 {
		t.Errorf("%d spans came, want 6", n)
	}
}

// TestTooSlow has bodies that do not come in time: the sender is told to come
// again, and what was held for it is free.
func TestTooSlow(t *testing.T) {
	r, err := otlp.NewReceiver(otlp.Config{Dir: t.TempDir(), GRPC: "127.0.0.1:0", HTTP: "127.0.0.1:0"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r.SetReading(50 * time.Millisecond)
	serve(t, r)
	web := slowly(t, "http://"+r.HTTPAddr().String()+"/v1/traces", typeProto, false, []byte{10})
	rpc := slowly(t, "http://"+r.GRPCAddr().String()+exportPath, "application/grpc", true, []byte{0})
	if got := <-web.answer; got == nil || got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("over HTTP: %+v", got)
	}
	if got := <-rpc.answer; got == nil || got.Header.Get("Grpc-Status") != "14" || got.Header.Get("Grpc-Status-Details-Bin") == "" {
		t.Errorf("over gRPC: %+v", got)
	}
	until(t, "their memory to be free", func() bool { return r.Held() == 0 })
}

// TestCrowded has a large body that does not end: another large one has no room
// beside it, a small one has.
func TestCrowded(t *testing.T) {
	r, _ := receive(t, func(c *otlp.Config) { c.AtOnce, c.MaxBody = 1, 1<<20 })
	url := "http://" + r.HTTPAddr().String() + "/v1/traces"
	first := slowly(t, url, typeProto, false, make([]byte, 1<<20))
	until(t, "it to be there", func() bool { return r.Held() >= 1<<20 })
	large := bytes.Repeat([]byte{0}, 600<<10)
	if got := post(t, url, typeProto, "", large, ""); got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("a large one beside it: status %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	rpc := slowly(t, "http://"+r.GRPCAddr().String()+exportPath, "application/grpc", true, large)
	if got := <-rpc.answer; got == nil || got.Header.Get("Grpc-Status") != "8" || got.Header.Get("Grpc-Status-Details-Bin") == "" {
		t.Errorf("a large one over gRPC beside it: %+v", got)
	}
	small, err := someSpans("dn-1", 3, time.Now()).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	if got := post(t, url, typeProto, "gzip", zipped(t, small), ""); got.status != http.StatusOK {
		t.Errorf("a small one beside it: status %d, %q", got.status, got.text)
	}
	first.end()
	until(t, "its memory to be free", func() bool { return r.Held() == 0 })
	if got := post(t, url, typeProto, "", large, ""); got.status != http.StatusBadRequest { // it is no protobuf
		t.Errorf("a large one after it: status %d, %q", got.status, got.text)
	}
}
