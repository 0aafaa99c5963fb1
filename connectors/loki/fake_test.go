package loki_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fake answers as Loki's HTTP API is documented to, for streams that it makes
// up. Conditions on labels may be = and =~ ".+".
type fake struct {
	streams  []map[string]string
	lines    func(stream int, from, to int64, limit int) []line // ascending; the first of them
	limit    int                                                // max_entries_limit_per_query
	stats    bool
	requests atomic.Int64
}

type line struct {
	at   int64
	text string
	meta map[string]string
}

func (f *fake) start(t testing.TB) string {
	t.Helper()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return srv.URL
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.requests.Add(1)
	q := r.URL.Query()
	n := func(key string) int64 {
		v, _ := strconv.ParseInt(q.Get(key), 10, 64) // 0 where there is none
		return v
	}
	var data any
	switch r.URL.Path {
	case "/loki/api/v1/series":
		data = f.series(q["match[]"], n("start"), n("end"))
	case "/loki/api/v1/labels":
		data = []string{"app", "__x__"}
	case "/loki/api/v1/index/stats":
		if !f.stats {
			http.NotFound(w, r)
			return
		}
		answer(w, map[string]any{"streams": 1, "chunks": 1, "bytes": 1, "entries": f.count(q.Get("query"), n("start"), n("end"))})
		return
	case "/loki/api/v1/query_range":
		if int(n("limit")) > f.limit {
			http.Error(w, fmt.Sprintf("max entries limit per query exceeded, limit > max_entries_limit_per_query (%d > %d)", n("limit"), f.limit), http.StatusBadRequest)
			return
		}
		data = f.query(q.Get("query"), n("start"), n("end"), int(n("limit")), strings.Contains(r.Header.Get("X-Loki-Response-Encoding-Flags"), "categorize-labels"))
	default:
		http.NotFound(w, r)
		return
	}
	answer(w, map[string]any{"status": "success", "data": data})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_ = json.NewEncoder(w).Encode(v)
}

// fits reports whether a selector finds a stream.
func fits(sel string, set map[string]string) bool {
	for part := range strings.SplitSeq(strings.Trim(sel, "{}"), ",") {
		name, value, _ := strings.Cut(part, "=")
		if value == `~".+"` {
			if set[name] == "" {
				return false
			}
			continue
		}
		if v, err := strconv.Unquote(value); err != nil || set[name] != v {
			return false
		}
	}
	return true
}

func (f *fake) series(match []string, from, to int64) []map[string]string {
	var out []map[string]string
	for i, s := range f.streams {
		if slices.ContainsFunc(match, func(m string) bool { return fits(m, s) }) && len(f.lines(i, from, to, 1)) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func (f *fake) count(sel string, from, to int64) (n int) {
	for i, s := range f.streams {
		if fits(sel, s) {
			n += len(f.lines(i, from, to, 1<<30))
		}
	}
	return n
}

func (f *fake) query(sel string, from, to int64, limit int, apart bool) any {
	type found struct {
		line
		stream int
	}
	var all []found
	for i, s := range f.streams {
		if fits(sel, s) {
			for _, l := range f.lines(i, from, to, limit) {
				all = append(all, found{l, i})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b found) int { return int(a.at - b.at) })
	by := make(map[int][][]any)
	for _, l := range all[:min(limit, len(all))] {
		value := []any{fmt.Sprint(l.at), l.text}
		if apart {
			value = append(value, map[string]any{"structuredMetadata": l.meta})
		}
		by[l.stream] = append(by[l.stream], value)
	}
	var result []any
	for i, values := range by {
		result = append(result, map[string]any{"stream": f.streams[i], "values": values})
	}
	return map[string]any{"resultType": "streams", "result": result, "encodingFlags": []string{"categorize-labels"}}
}

var began = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// regular makes lines of a stream, so many, one each step.
func regular(n int, step time.Duration, text func(i int) string) func(int, int64, int64, int) []line {
	return func(stream int, from, to int64, limit int) []line {
		first := max(0, (from-began.UnixNano()+int64(step)-1)/int64(step))
		var out []line
		for i := first; i < int64(n) && len(out) < limit; i++ {
			at := began.UnixNano() + i*int64(step)
			if at >= to {
				break
			}
			out = append(out, line{at: at, text: text(int(i)), meta: map[string]string{"detected_level": "warn", "trace_id": fmt.Sprintf("t%d", stream)}})
		}
		return out
	}
}
