package elastic_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake answers as a server does, for documents that it makes up: so many, one
// each step, of hosts h0 and h1 in turn.
type fake struct {
	n    int
	step time.Duration
	open string         // path below the index by which a point in time is opened
	tell map[string]any // added to every answer to a search

	mu   sync.Mutex
	pits map[string]bool // open ones
	last int
}

func (f *fake) start(t testing.TB) string {
	t.Helper()
	f.pits = make(map[string]bool)
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return srv.URL
}

// still is how many points in time are open.
func (f *fake) still() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.pits)
}

// asked is what is read of a search.
type asked struct {
	PIT    struct{ ID string }       `json:"pit"`
	IDs    any                       `json:"pit_id"`
	ID     string                    `json:"id"`
	Size   int                       `json:"size"`
	After  []int64                   `json:"search_after"`
	Sort   []map[string]any          `json:"sort"`
	Aggs   map[string]any            `json:"aggs"`
	Filter struct{ Bool boolFilter } `json:"query"`
}

type boolFilter struct {
	Filter []struct {
		Range map[string]struct{ GTE, LT int64 } `json:"range"`
		Term  map[string]string                  `json:"term"`
	}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q asked
	if r.Body != nil {
		_ = json.NewDecoder(r.Body).Decode(&q) // there may be none
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var out any
	switch {
	case strings.HasSuffix(r.URL.Path, "/_field_caps"):
		keyword := map[string]any{"keyword": map[string]any{"aggregatable": true}}
		out = map[string]any{"indices": []string{"logs-1"}, "fields": map[string]any{
			"@timestamp": map[string]any{"date": map[string]any{"aggregatable": true}}, "host.name": keyword,
		}}
	case r.Method == http.MethodDelete:
		delete(f.pits, q.ID)
		if list, ok := q.IDs.([]any); ok {
			delete(f.pits, fmt.Sprint(list[0]))
		}
		out = map[string]any{"succeeded": true}
	case strings.HasSuffix(r.URL.Path, f.open):
		f.last++
		id := fmt.Sprint("pit", f.last)
		f.pits[id] = true
		out = map[string]any{"id": id, "pit_id": id}
	case strings.HasSuffix(r.URL.Path, "/_search"):
		if id := q.PIT.ID; id != "" && !f.pits[id] {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(w, `{"error":"no search context"}`)
			return
		}
		out = f.search(&q)
	default:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"error":"no handler found"}`)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

func (f *fake) search(q *asked) map[string]any {
	var from, to int64
	host := ""
	for _, c := range q.Filter.Bool.Filter {
		if x, ok := c.Range["@timestamp"]; ok {
			from, to = x.GTE, x.LT
		}
		host += c.Term["host.name"]
	}
	_, seq := q.Sort, q.Sort != nil && slices.ContainsFunc(q.Sort, func(m map[string]any) bool { return m["_seq_no"] != nil })
	step, base := f.step.Milliseconds(), began.UnixMilli()
	first := max(0, (from-base+step-1)/step)
	end := min(int64(f.n), max(0, (to-base+step-1)/step))
	out := map[string]any{"timed_out": false, "_shards": map[string]any{"total": 1, "failed": 0}, "pit_id": q.PIT.ID}
	if q.Aggs != nil {
		out["hits"] = map[string]any{"hits": []any{}}
		var buckets []any
		for k := range int64(2) {
			if n := (end - first + 1 - (first+k)%2) / 2; n > 0 {
				buckets = append(buckets, map[string]any{"key": fmt.Sprint("h", k), "doc_count": n})
			}
		}
		out["aggregations"] = map[string]any{"rest": map[string]any{"doc_count": 0}, "n0": map[string]any{"doc_count": end - first, "names": map[string]any{"buckets": buckets}}}
		return merge(out, f.tell)
	}
	if len(q.After) == 2 {
		first = max(first, (q.After[0]-base)/step)
	}
	var hits []any
	for i := first; i < end && len(hits) < q.Size; i++ {
		at := base + i*step
		if len(q.After) == 2 && (at < q.After[0] || at == q.After[0] && i <= q.After[1]) || host != fmt.Sprint("h", i%2) {
			continue
		}
		hits = append(hits, map[string]any{
			"_index": "logs-1", "_id": fmt.Sprint(i), "sort": []int64{at, i},
			"_source": map[string]any{"host": map[string]any{"name": host}, "message": fmt.Sprintf("line %d of some length, as they are", i), "log.level": "info"},
		})
	}
	if seq && f.open == "/_pit" {
		return map[string]any{"error": "the other kind of server"}
	}
	out["hits"] = map[string]any{"hits": append([]any{}, hits...)}
	return merge(out, f.tell)
}

func merge(a, b map[string]any) map[string]any {
	for k, v := range b {
		a[k] = v
	}
	return a
}
