package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"testing"

	"triagent/api"
	"triagent/knowledge"
	"triagent/store"
)

// filled is a server over a store with incidents, without network.
func filled(b *testing.B, n int) (http.Handler, *api.Server) {
	b.Helper()
	st, err := store.New(b.Context(), store.Config{Path: filepath.Join(b.TempDir(), "triagent.db")})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = st.Close() })
	for i := range n {
		_, _, err := st.CreateIncident(context.Background(), store.Actor{}, store.Incident{
			Title: "Writes are slow " + strconv.Itoa(i), System: "iotdb", Severity: store.Severity(1 + i%4), Source: "api",
			Nodes: []string{"datanode-" + strconv.Itoa(i%9)}, Labels: map[string]string{"team": "storage", "region": "eu-" + strconv.Itoa(i%3)},
		}, "", nil)
		if err != nil {
			b.Fatal(err)
		}
	}
	base, err := knowledge.Load()
	if err != nil {
		b.Fatal(err)
	}
	s, err := api.New(api.Config{Store: st, Knowledge: base})
	if err != nil {
		b.Fatal(err)
	}
	return s.Handler(), s
}

func ask(b *testing.B, h http.Handler, path string) {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
}

// BenchmarkGet asks for the same again while nothing changes, as many pages do.
func BenchmarkGet(b *testing.B) {
	h, _ := filled(b, 300)
	for _, path := range []string{"/api/v1/incidents?limit=50", "/api/v1/incidents/inc-7", "/api/v1/topology", "/api/v1/queue"} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ask(b, h, path)
			}
		})
	}
}

// BenchmarkGetChanged asks after every change.
func BenchmarkGetChanged(b *testing.B) {
	h, _ := filled(b, 300)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i++ // another question each time: nothing is kept for it
		ask(b, h, "/api/v1/incidents?limit=50&q=slow+"+strconv.Itoa(i%300))
	}
}
