package jaeger

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"triagent/connectors/sourcetest"
)

// manySpans is how many spans a trace of many has.
const manySpans = 800

// many is a Jaeger of one service whose every slice of time is full of large
// traces.
func many(t testing.TB) *sourcetest.Many {
	var spans strings.Builder
	for k := range manySpans {
		if k > 0 {
			spans.WriteByte(',')
		}
		fmt.Fprintf(&spans, `{"spanID":"%x","operationName":"q","startTime":@,"duration":1,"processID":"p1"}`, k+1)
	}
	text := spans.String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/services", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"data":["db"],"total":1,"errors":null}`))
	})
	mux.HandleFunc("GET /api/traces", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		from, _ := strconv.ParseInt(q.Get("start"), 10, 64)
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"data":[`)
		for i := range limit {
			if i > 0 {
				_, _ = fmt.Fprint(w, ",")
			}
			at := from + int64(i)
			_, _ = fmt.Fprintf(w, `{"traceID":"%x","processes":{"p1":{"serviceName":"db"}},"spans":[`, at*1000+int64(len(q.Get("tags"))))
			_, _ = fmt.Fprint(w, strings.ReplaceAll(text, "@", strconv.FormatInt(at, 10)), `]}`)
		}
		_, _ = fmt.Fprint(w, `],"errors":null}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return &sourcetest.Many{Server: server.URL, Ask: ask(0, 30*time.Minute)}
}
