package jaeger

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"triagent/connectors"
	"triagent/incident"
)

// base is when the traces of tests begin.
var base = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

func ask(from, to time.Duration) connectors.Ask {
	return connectors.Ask{Span: incident.Window{From: base.Add(from), To: base.Add(to)}}
}

// made makes n traces, evenly over half an hour: web calls cart, cart calls one
// of two nodes of stock. One in 20 fails, one in 15 is slow.
func made(n int) []wireTrace {
	process := func(service, node, host string) wireProcess {
		return wireProcess{ServiceName: service, Tags: []wireTag{{"service.instance.id", "string", node}, {"host.name", "string", host}}}
	}
	var out []wireTrace
	for i := range n {
		id := fmt.Sprintf("%032x", uint64(i)*0x9e3779b97f4a7c15+1)
		at := base.Add(30*time.Minute*time.Duration(i)/time.Duration(n)).UnixMicro() + 7
		took := int64(20_000 + i%10*100)
		if i%15 == 3 {
			took = int64(900_000 + i)
		}
		stock := fmt.Sprintf("stock-%d", i%2+1)
		child := func(of string) []wireReference { return []wireReference{{"CHILD_OF", id, of}} }
		tags := func(kind string, more ...wireTag) []wireTag {
			return append([]wireTag{{"span.kind", "string", kind}, {"request", "int64", json.Number(strconv.Itoa(i))}}, more...)
		}
		span := func(k int64, name, p string, refs []wireReference, t []wireTag) wireSpan {
			return wireSpan{SpanID: fmt.Sprintf("%016x", int64(i)*16+k), OperationName: name, References: refs, StartTime: at + k, Duration: took - 10*k, Tags: t, ProcessID: p}
		}
		s2, s3, s4 := fmt.Sprintf("%016x", int64(i)*16+2), fmt.Sprintf("%016x", int64(i)*16+3), fmt.Sprintf("%016x", int64(i)*16+4)
		spans := []wireSpan{
			span(1, "GET /", "p1", nil, tags("server")),
			span(2, "add", "p1", child(fmt.Sprintf("%016x", int64(i)*16+1)), tags("client")),
			span(3, "add", "p2", child(s2), tags("server")),
			span(4, "reserve", "p2", child(s3), tags("client")),
			span(5, "reserve", "p3", child(s4), tags("server")),
		}
		if i%20 == 7 {
			spans[4].Tags = append(spans[4].Tags, wireTag{"error", "bool", true}, wireTag{"otel.status_description", "string", "no stock"})
		}
		out = append(out, wireTrace{TraceID: id, Spans: spans, Processes: map[string]wireProcess{
			"p1": process("web", "web-1", "h1"), "p2": process("cart", "cart-1", "h2"), "p3": process("stock", stock, "h3"),
		}})
	}
	return out
}

// matches reports whether a trace has a span of a service that fits.
func (w *wireTrace) matches(service *regexp.Regexp, from, to int64, failed bool, longer time.Duration) bool {
	return slices.ContainsFunc(w.Spans, func(s wireSpan) bool {
		bad := slices.ContainsFunc(s.Tags, func(t wireTag) bool { return t.Key == "error" })
		return service.MatchString(w.Processes[s.ProcessID].ServiceName) && s.StartTime >= from && s.StartTime < to && (bad || !failed) &&
			time.Duration(s.Duration)*time.Microsecond >= longer
	})
}

// jaegerOf answers as Jaeger does, newest first.
func jaegerOf(t testing.TB, list []wireTrace) *httptest.Server {
	mux := http.NewServeMux()
	reply := func(w http.ResponseWriter, data any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"data": data, "total": 0, "limit": 0, "offset": 0, "errors": nil})
	}
	mux.HandleFunc("GET /api/services", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, []string{"web", "jaeger-all-in-one", "stock", "cart"})
	})
	mux.HandleFunc("GET /api/dependencies", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, []map[string]any{{"parent": "web", "child": "cart", "callCount": 3}, {"parent": "web", "child": "mail", "callCount": 1}})
	})
	mux.HandleFunc("GET /api/traces", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		longer, _ := time.ParseDuration(q.Get("minDuration"))
		limit, _ := strconv.Atoi(q.Get("limit"))
		from, _ := strconv.ParseInt(q.Get("start"), 10, 64)
		to, _ := strconv.ParseInt(q.Get("end"), 10, 64)
		service := regexp.MustCompile("^" + regexp.QuoteMeta(q.Get("service")) + "$")
		out := []wireTrace{}
		for i := len(list) - 1; i >= 0 && len(out) < limit; i-- {
			if list[i].matches(service, from, to, q.Get("tags") == `{"error":"true"}`, longer) {
				out = append(out, list[i])
			}
		}
		reply(w, out)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// tempoOf answers as Tempo does, by what its documentation says of its API.
func tempoOf(t testing.TB, list []wireTrace) *httptest.Server {
	mux := http.NewServeMux()
	reply := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /api/echo", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("echo")) })
	mux.HandleFunc("GET /api/v2/search/tag/resource.service.name/values", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"tagValues": []map[string]string{{"type": "string", "value": "web"}, {"type": "string", "value": "cart"}, {"type": "string", "value": "stock"}}})
	})
	mux.HandleFunc("GET /api/search", func(w http.ResponseWriter, r *http.Request) { reply(w, found(t, list, r.URL.Query())) })
	mux.HandleFunc("GET /api/traces/{id}", func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(list, func(x wireTrace) bool { return strings.TrimLeft(x.TraceID, "0") == r.PathValue("id") })
		if i < 0 {
			http.Error(w, "trace not found", http.StatusNotFound)
			return
		}
		if r.Header.Get("Accept") != "application/protobuf" {
			t.Errorf("it accepts %q", r.Header.Get("Accept"))
		}
		w.Header().Set("Content-Type", "application/protobuf")
		_, _ = w.Write(proto(t, &list[i]))
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

var (
	durationOf = regexp.MustCompile(`traceDuration > (\w+)`)
	serviceOf  = regexp.MustCompile(`resource\.service\.name =~ "([^"]*)"`)
)

// found answers a search of Tempo.
func found(t testing.TB, list []wireTrace, q url.Values) map[string]any {
	from, _ := strconv.ParseInt(q.Get("start"), 10, 64)
	to, _ := strconv.ParseInt(q.Get("end"), 10, 64)
	limit, _ := strconv.Atoi(q.Get("limit"))
	ql := q.Get("q")
	if !strings.HasPrefix(ql, "{") || !strings.HasSuffix(ql, "}") || limit == 0 {
		t.Errorf("asked for %q", q)
	}
	var longer time.Duration
	if m := durationOf.FindStringSubmatch(ql); m != nil {
		longer, _ = time.ParseDuration(m[1])
	}
	service := regexp.MustCompile("")
	if m := serviceOf.FindStringSubmatch(ql); m != nil {
		service = regexp.MustCompile("^(" + m[1] + ")$")
	}
	out := []map[string]any{}
	for i := range list {
		w := &list[i]
		if len(out) < limit && w.matches(service, from*1e6, to*1e6, strings.Contains(ql, "status = error"), longer) {
			out = append(out, map[string]any{
				"traceID": strings.TrimLeft(w.TraceID, "0"), "rootServiceName": "web", "rootTraceName": "GET /",
				"startTimeUnixNano": strconv.FormatInt(w.Spans[0].StartTime*1000, 10), "durationMs": w.Spans[0].Duration / 1000,
			})
		}
	}
	return map[string]any{"traces": out, "metrics": map[string]any{"totalBlocks": 13}}
}

// proto is a trace as OTLP.
func proto(t testing.TB, w *wireTrace) []byte {
	t.Helper()
	traces, lost := w.otlp()
	if lost > 0 {
		t.Errorf("%d spans of a trace are lost", lost)
	}
	b, err := (&ptrace.ProtoMarshaler{}).MarshalTraces(traces)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
