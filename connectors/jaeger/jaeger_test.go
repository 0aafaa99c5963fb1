package jaeger

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/connectors/sourcetest"
	"triagent/internal/errs"
	"triagent/telemetry"
)

func source(t testing.TB, c Config) *Source {
	t.Helper()
	c.Proxy, c.Rate = "none", 1000
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func collect(t testing.TB, s *Source, a connectors.Ask) sourcetest.Got {
	t.Helper()
	var rec sourcetest.Recorder
	if err := s.Collect(t.Context(), a, &rec); err != nil {
		t.Fatal(err)
	}
	return rec.Got()
}

// what counts what came: traces, those that failed, those that were slow, and by
// tenths of the half hour.
func what(got sourcetest.Got) (whole, failed, slow int, tenths [10]int) {
	ids := make(map[string][3]bool)
	for _, s := range got.Spans {
		x := ids[s.TraceID]
		x[0] = true
		x[1] = x[1] || s.Failed
		x[2] = x[2] || time.Duration(s.Duration) > 800*time.Millisecond
		ids[s.TraceID] = x
		if s.ParentID == "" {
			tenths[min(9, time.Unix(0, s.Start).Sub(base)/(3*time.Minute))]++
		}
	}
	for _, x := range ids {
		whole++
		if x[1] {
			failed++
		}
		if x[2] {
			slow++
		}
	}
	return whole, failed, slow, tenths
}

// TestPlan has far more traces than may be asked for: the failed and the slow
// come, the others evenly over time, and what was left out is told.
func TestPlan(t *testing.T) {
	list := made(6000) // 300 fail, 400 are slow
	for flavour, url := range map[string]string{flavJaeger: jaegerOf(t, list).URL, flavTempo: tempoOf(t, list).URL} {
		s := source(t, Config{Settings: fetch.Settings{URL: url}, MaxTraces: 400})
		got := collect(t, s, ask(0, 30*time.Minute))
		whole, failed, slow, tenths := what(got)
		t.Logf("%s: %d traces, %d failed, %d slow, by tenths %v, %d requests", flavour, whole, failed, slow, tenths, s.Load().Requests)
		if whole > 400 || whole < 200 || failed < 40 || slow < 40 {
			t.Errorf("%s: %d traces came, %d failed, %d slow", flavour, whole, failed, slow)
		}
		if slices.Min(tenths[:]) < 5 {
			t.Errorf("%s: by tenths of the time came %v", flavour, tenths)
		}
		if len(got.Reduced) == 0 || got.Reduced[0].Out != int64(whole) || got.Reduced[0].In <= got.Reduced[0].Out {
			t.Errorf("%s: reduced %+v", flavour, got.Reduced)
		}
		if len(got.Spans) != 5*whole {
			t.Errorf("%s: %d spans of %d traces", flavour, len(got.Spans), whole)
		}
	}
}

// TestSpans looks at a trace as it comes out.
func TestSpans(t *testing.T) {
	list := made(40)
	for flavour, url := range map[string]string{flavJaeger: jaegerOf(t, list).URL, flavTempo: tempoOf(t, list).URL} {
		got := collect(t, source(t, Config{Settings: fetch.Settings{URL: url}}), ask(0, 30*time.Minute))
		if len(got.Spans) != 200 || len(got.Missing)+len(got.Reduced) > 0 {
			t.Errorf("%s: %d spans, missing %+v, reduced %+v", flavour, len(got.Spans), got.Missing, got.Reduced)
		}
		i := slices.IndexFunc(got.Spans, func(s sourcetest.Span) bool { return s.Failed })
		if i < 0 {
			t.Fatalf("%s: none failed", flavour)
		}
		s := got.Spans[i]
		if s.Node != "stock-2" || s.Service != "stock" || s.Name != "reserve" || s.Kind != telemetry.ServerSpan || len(s.TraceID) != 32 || len(s.ParentID) != 16 ||
			s.Attributes["status.message"] != "no stock" || s.Attributes["request"] == "" || !strings.Contains(s.Query, "/api/traces") {
			t.Errorf("%s: the span is %+v", flavour, s)
		}
		f := got.Found[len(got.Found)-1]
		want := []connectors.Call{{From: "cart-1", To: "stock-1"}, {From: "cart-1", To: "stock-2"}, {From: "web-1", To: "cart-1"}}
		if len(f.Nodes) != 4 || !slices.Equal(f.Calls, want) {
			t.Errorf("%s: found %+v", flavour, f)
		}
	}
}

func TestDiscover(t *testing.T) {
	list := made(40)
	for flavour, url := range map[string]string{flavJaeger: jaegerOf(t, list).URL, flavTempo: tempoOf(t, list).URL} {
		s := source(t, Config{Settings: fetch.Settings{URL: url}})
		f, err := s.Discover(t.Context(), ask(0, 30*time.Minute).Span)
		if err != nil || len(f.Nodes) != 4 || len(f.Calls) < 3 || f.Holds[0].Count != 3 || len(f.Lacks) > 0 {
			t.Errorf("%s: %+v, %v", flavour, f, err)
		}
		if n := s.Load().Requests; n > 40 {
			t.Errorf("%s: it took %d requests", flavour, n)
		}
	}
}

// TestServices asks for the traces of one service only.
func TestServices(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	for flavour, h := range map[string]http.Handler{flavJaeger: jaegerOf(t, made(40)).Config.Handler, flavTempo: tempoOf(t, made(40)).Config.Handler} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			asked = append(asked, r.Header.Get("X-Scope-OrgID")+" "+r.URL.Query().Get("service")+r.URL.Query().Get("q"))
			mu.Unlock()
			h.ServeHTTP(w, r)
		}))
		s := source(t, Config{Settings: fetch.Settings{URL: server.URL}, Flavour: flavour, Services: []string{"st.ck", "stock"}, Tenant: "plant-1"})
		if got := collect(t, s, ask(0, 30*time.Minute)); len(got.Spans) != 200 {
			t.Errorf("%s: %d spans", flavour, len(got.Spans))
		}
		server.Close()
	}
	for _, a := range asked {
		if !strings.HasPrefix(a, "plant-1 ") || strings.Contains(a, "web") {
			t.Errorf("asked %q", a)
		}
	}
	if !slices.ContainsFunc(asked, func(a string) bool {
		return strings.Contains(a, `resource.service.name =~ "st\\.ck|stock" && status = error`)
	}) {
		t.Errorf("asked %q", asked)
	}
}

// TestNeither asks a server that is none of the two.
func TestNeither(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	s := source(t, Config{Settings: fetch.Settings{URL: server.URL, Retries: -1}})
	_, err := s.Discover(t.Context(), ask(0, time.Minute).Span)
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "neither") {
		t.Errorf("%v", err)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []Config{{Flavour: "zipkin"}, {MaxTraces: -1}, {Services: make([]string, 201)}} {
		c.URL = "http://127.0.0.1:1"
		if err := c.Validate(); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestOldJaeger reads what Jaeger's own clients send: short IDs, OpenTracing's
// logs, host and address of the process.
func TestOldJaeger(t *testing.T) {
	text := `{"data":[{"traceID":"abc1","spans":[{"traceID":"abc1","spanID":"f","operationName":"q","references":[
		{"refType":"FOLLOWS_FROM","traceID":"abc1","spanID":"2"},{"refType":"CHILD_OF","traceID":"abc1","spanID":"1"}],
		"startTime":1795287277123456,"duration":5,"tags":[{"key":"error","type":"bool","value":true}],
		"logs":[{"timestamp":1,"fields":[{"key":"event","value":"error"},{"key":"error.kind","value":"IOError"},{"key":"message","value":"disk"}]}],
		"processID":"p1"},{"spanID":"zz","startTime":1},{"spanID":"1","startTime":-1}],
		"processes":{"p1":{"serviceName":"db","tags":[{"key":"hostname","value":"h9"},{"key":"ip","value":"10.0.0.9"}]}}}],"errors":null}`
	var got *wireTrace
	said, err := eachTrace(strings.NewReader(text), func(w *wireTrace) error { got = w; return nil })
	if err != nil || said != nil {
		t.Fatal(said, err)
	}
	out, lost := got.otlp()
	if lost != 2 || out.SpanCount() != 1 {
		t.Fatalf("%d spans, %d lost", out.SpanCount(), lost)
	}
	rs := out.ResourceSpans().At(0)
	s := rs.ScopeSpans().At(0).Spans().At(0)
	host, _ := rs.Resource().Attributes().Get("host.name")
	if s.TraceID().String() != "0000000000000000000000000000abc1" || s.ParentSpanID().String() != "0000000000000001" || host.Str() != "h9" {
		t.Errorf("%s, parent %s, host %s", s.TraceID(), s.ParentSpanID(), host.Str())
	}
	if e := s.Events().At(0); e.Name() != "exception" || len(e.Attributes().AsRaw()) != 2 {
		t.Errorf("event %s: %v", e.Name(), e.Attributes().AsRaw())
	}
}

// TestSaid has Jaeger tell of an error of its own.
func TestSaid(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"data":null,"errors":[{"code":500,"msg":"no storage"}]}`))
	}))
	defer server.Close()
	_, err := source(t, Config{Settings: fetch.Settings{URL: server.URL}, Flavour: flavJaeger}).Discover(t.Context(), ask(0, time.Minute).Span)
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "no storage") {
		t.Errorf("%v", err)
	}
}

// FuzzTraces reads answers that no Jaeger gave.
func FuzzTraces(f *testing.F) {
	b, err := json.Marshal(map[string]any{"data": made(2), "errors": nil})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"data":[null,{"traceID":"1","spans":[{"spanID":"1","startTime":1,"tags":[{"value":{}},{"key":"a","value":[1]}],"process":{}}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = eachTrace(strings.NewReader(string(data)), func(w *wireTrace) error {
			out, lost := w.otlp()
			if int64(out.SpanCount())+lost != int64(len(w.Spans)) {
				t.Errorf("%d spans, %d lost of %d", out.SpanCount(), lost, len(w.Spans))
			}
			return nil
		})
	})
}
