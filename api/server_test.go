package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/danielgtaylor/huma/v2"

	"triagent/internal/errs"
	"triagent/store"
)

// lone is a store of which a test uses but a few methods.
type lone struct {
	Store

	asked  atomic.Int64
	gate   chan struct{} // nil: open
	answer func() (store.Page, error)
}

func (l *lone) Incidents(ctx context.Context, _ store.Filter) (store.Page, error) {
	l.asked.Add(1)
	if l.gate != nil {
		select {
		case <-l.gate:
		case <-ctx.Done():
			return store.Page{}, ctx.Err()
		}
	}
	if l.answer != nil {
		return l.answer()
	}
	return store.Page{Items: []store.Incident{{ID: "inc-1", Title: strings.Repeat("long ", 500)}}, Total: -1}, nil
}

func newServer(t *testing.T, c Config) *Server {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func request(s *Server, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// TestOneAnswerForMany lets many ask for one list at the same time: the store is
// asked once, and once more after a change.
func TestOneAnswerForMany(t *testing.T) {
	l := &lone{gate: make(chan struct{})}
	s := newServer(t, Config{Store: l})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			encoding := []string{"gzip", "identity"}[i%2]
			if w := request(s, http.MethodGet, "/api/v1/incidents", "Accept-Encoding", encoding); w.Code != 200 || w.Header().Get("ETag") == "" {
				t.Errorf("%d %s", w.Code, w.Body)
			} else if zipped := w.Header().Get("Content-Encoding") == "gzip"; zipped != (encoding == "gzip") {
				t.Errorf("asked for %s, got %q", encoding, w.Header().Get("Content-Encoding"))
			}
		})
	}
	close(l.gate)
	wg.Wait()
	if n := l.asked.Load(); n > 2 { // one who comes when the first has just been answered may ask again
		t.Errorf("asked %d times", n)
	}
	n := l.asked.Load()
	w := request(s, http.MethodGet, "/api/v1/incidents")
	if again := request(s, http.MethodGet, "/api/v1/incidents", "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("what is known already: %d", again.Code)
	}
	request(s, http.MethodGet, "/api/v1/incidents", "Accept-Language", "zh-CN")
	if l.asked.Load() != n+1 {
		t.Errorf("asked %d times more, want once for Chinese", l.asked.Load()-n)
	}
	s.cache.changed()
	request(s, http.MethodGet, "/api/v1/incidents")
	if l.asked.Load() != n+2 {
		t.Error("not asked again after a change")
	}
}

func TestCacheIsBounded(t *testing.T) {
	l := &lone{}
	s := newServer(t, Config{Store: l})
	for i := range cacheEntries + 50 {
		request(s, http.MethodGet, fmt.Sprintf("/api/v1/incidents?q=%d", i))
	}
	if len(s.cache.entries) > cacheEntries {
		t.Errorf("%d answers are kept", len(s.cache.entries))
	}
	sum := 0
	for _, k := range s.cache.entries {
		sum += k.size()
	}
	if sum != s.cache.bytes {
		t.Errorf("%d bytes are kept, counted are %d", sum, s.cache.bytes)
	}
}

// TestProblems maps kinds of errors, shows what is for callers and hides the rest.
func TestProblems(t *testing.T) {
	secret := errors.New("dial tcp 10.0.0.1:5432: password=hunter2")
	for _, tt := range []struct {
		name   string
		err    error
		status int
		shows  string
	}{
		{"invalid", &errs.Error{Kind: errs.Invalid, Err: errors.New("the window is empty"), Remedy: "give a longer one"}, 422, "Give a longer one."},
		{"in a file", errs.At("metrics/a.csv", 7, 2, "no number"), 422, "metrics/a.csv:7:2: no number."},
		{"not there", errs.New(errs.NotFound, "there is no such thing"), 404, "There is no such thing."},
		{"denied", errs.New(errs.Denied, "not yours"), 403, "Not yours."},
		{"stale", fmt.Errorf("save: %w", store.ErrStale), 412, "changed by someone else"},
		{"full", fmt.Errorf("open: %w", store.ErrFull), 503, "queue of diagnoses is full"},
		{"away", &errs.Error{Kind: errs.Unavailable, Err: secret}, 503, saysUnavailable},
		{"bug", secret, 500, saysInternal},
		{"bug with a kind", &errs.Error{Kind: errs.Internal, Err: secret}, 500, saysInternal},
		{"slow", fmt.Errorf("query: %w", context.DeadlineExceeded), 503, saysSlow},
		{"too large", &http.MaxBytesError{Limit: 10}, 413, "10 bytes"},
		{"its own status", huma.Error409Conflict("twice"), 409, "twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log strings.Builder
			l := &lone{answer: func() (store.Page, error) { return store.Page{}, tt.err }}
			s := newServer(t, Config{Store: l, Log: slog.New(slog.NewTextHandler(&log, nil))})
			w := request(s, http.MethodGet, "/api/v1/incidents", "X-Request-Id", "abcdefgh-1")
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatalf("%v in %s", err, w.Body)
			}
			if w.Code != tt.status || p.Status != tt.status || !strings.Contains(w.Body.String(), tt.shows) || w.Header().Get("Content-Type") != problemType {
				t.Errorf("%d %s: %s", w.Code, w.Header().Get("Content-Type"), w.Body)
			}
			if p.RequestID != "abcdefgh-1" || w.Header().Get("X-Request-Id") != "abcdefgh-1" {
				t.Errorf("request ID %q", p.RequestID)
			}
			if strings.Contains(w.Body.String(), "hunter2") {
				t.Error("the answer shows the cause")
			}
			if (tt.status == 500) != strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("the log says %q", log.String())
			}
			if tt.status == 503 && w.Header().Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
		})
	}
}

func TestPanicCostsOneRequest(t *testing.T) {
	var log strings.Builder
	l := &lone{answer: func() (store.Page, error) { panic("boom hunter2") }}
	s := newServer(t, Config{Store: l, Log: slog.New(slog.NewTextHandler(&log, nil)), Middleware: []func(http.Handler) http.Handler{
		func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/boom" {
					panic("boom hunter2")
				}
				next.ServeHTTP(w, r)
			})
		},
	}})
	for _, path := range []string{"/boom", "/api/v1/incidents"} {
		w := request(s, http.MethodGet, path)
		if w.Code != 500 || strings.Contains(w.Body.String(), "hunter2") || !strings.Contains(log.String(), "boom hunter2") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := request(s, http.MethodGet, "/healthz"); w.Code != 200 {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// TestMetadata refuses operations that do not say who may call them, and asks
// the guard before every other one.
func TestMetadata(t *testing.T) {
	type in struct{}
	type out struct{ Body struct{} }
	bad := func(a huma.API) {
		huma.Register(a, huma.Operation{Method: http.MethodGet, Path: "/x", OperationID: "x"}, func(context.Context, *in) (*out, error) { return &out{}, nil })
	}
	if _, err := New(Config{Store: &lone{}, Routes: []func(huma.API){bad}}); err == nil || !strings.Contains(err.Error(), "GET /api/v1/x does not say who may call it") {
		t.Errorf("an operation without metadata: %v", err)
	}
	asked := map[string]string{}
	s := newServer(t, Config{Store: &lone{}, Guard: func(a huma.API) func(huma.Context, func(huma.Context)) {
		return func(ctx huma.Context, _ func(huma.Context)) {
			role, _ := ctx.Operation().Metadata[MetaRole].(string)
			asked[ctx.Operation().OperationID] = role
			_ = huma.WriteErr(a, ctx, http.StatusForbidden, "no")
		}
	}, Metrics: http.NotFoundHandler()})
	n := 0
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Responses   map[string]any
		}
	}
	if err := json.Unmarshal(s.document, &doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			n++
			at := strings.NewReplacer("{id}", "inc-1", "{trace}", "t", "{a}", "a", "{b}", "b").Replace(path)
			w := request(s, strings.ToUpper(method), at)
			if w.Code != http.StatusForbidden || asked[op.OperationID] == "" {
				t.Errorf("%s %s: %d, the guard was told %q", method, path, w.Code, asked[op.OperationID])
			}
			for _, status := range []string{"400", "422", "429", "500", "503"} {
				if op.Responses[status] == nil {
					t.Errorf("%s %s does not declare %s", method, path, status)
				}
			}
		}
	}
	if n < 40 {
		t.Errorf("%d operations", n)
	}
	if asked["put-service-settings"] != "admin" || asked["list-incidents"] != "viewer" || asked["is-alive"] != RoleOpen || asked["update-incident"] != "operator" {
		t.Errorf("roles: %v", asked)
	}
}

func TestPageFiles(t *testing.T) {
	files := fstest.MapFS{
		"index.html":        {Data: []byte("<!doctype html><title>Triagent</title>" + strings.Repeat(" ", 3000))},
		"assets/a-1234.js":  {Data: []byte(strings.Repeat("export const a = 1;\n", 500))},
		"assets/b-1234.png": {Data: []byte{1, 2, 3}},
	}
	s := newServer(t, Config{Store: &lone{}, Web: files})
	for _, tt := range []struct {
		path, kind, cached string
		status             int
	}{
		{"/", "text/html; charset=utf-8", "no-cache", 200},
		{"/incidents/inc-42", "text/html; charset=utf-8", "no-cache", 200},
		{"/index.html", "text/html; charset=utf-8", "no-cache", 200},
		{"/assets/a-1234.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", 200},
		{"/assets/none", problemType, "no-store", 404},
		{"/robots.txt", problemType, "no-store", 404},
		{"/../../etc/passwd", "text/html; charset=utf-8", "no-cache", 200},
		{"/api/v1/none", problemType, "no-store", 404},
	} {
		w := request(s, http.MethodGet, tt.path)
		h := w.Header()
		if w.Code != tt.status || h.Get("Content-Type") != tt.kind || h.Get("Cache-Control") != tt.cached {
			t.Errorf("%s: %d %q %q", tt.path, w.Code, h.Get("Content-Type"), h.Get("Cache-Control"))
		}
		for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "X-Request-Id"} {
			if h.Get(name) == "" {
				t.Errorf("%s: no %s", tt.path, name)
			}
		}
	}
	plain := request(s, http.MethodGet, "/assets/a-1234.js")
	zipped := request(s, http.MethodGet, "/assets/a-1234.js", "Accept-Encoding", "gzip")
	if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len() >= plain.Body.Len()/2 {
		t.Errorf("%d bytes compressed, %d not", zipped.Body.Len(), plain.Body.Len())
	}
	if w := request(s, http.MethodGet, "/", "If-None-Match", request(s, http.MethodGet, "/").Header().Get("ETag")); w.Code != http.StatusNotModified {
		t.Errorf("what is known: %d", w.Code)
	}
	if w := request(s, http.MethodPost, "/incidents/inc-42"); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
		t.Errorf("POST: %d", w.Code)
	}
	empty := newServer(t, Config{Store: &lone{}, Web: fstest.MapFS{".keep": {}}})
	if w := request(empty, http.MethodGet, "/"); w.Code != 503 || !strings.Contains(w.Body.String(), "make build") {
		t.Errorf("without a page: %d %s", w.Code, w.Body)
	}
}

func TestRefusedMethods(t *testing.T) {
	s := newServer(t, Config{Store: &lone{}})
	w := request(s, http.MethodPut, "/api/v1/incidents")
	if w.Code != http.StatusMethodNotAllowed || strings.Join(w.Header().Values("Allow"), ",") != "GET,POST" || w.Header().Get("Content-Type") != problemType {
		t.Errorf("%d, Allow %v: %s", w.Code, w.Header().Values("Allow"), w.Body)
	}
}

func TestLang(t *testing.T) {
	for accept, want := range map[string]string{
		"": "en", "zh-CN,zh;q=0.9,en;q=0.8": "zh", "de-DE,de;q=0.9,zh;q=0.5": "zh", "en-GB": "en", "*": "en", "ZH": "zh", ",,;": "en",
	} {
		if got := langOf("", accept); string(got) != want {
			t.Errorf("%q: %s", accept, got)
		}
	}
	if langOf("en", "zh") != "en" {
		t.Error("what is asked for does not win")
	}
}

func FuzzIfMatch(f *testing.F) {
	for _, s := range []string{"", "*", `"1"`, `W/"7"`, "-1", `"0"`, "99999999999999999999", `""`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Matched{IfMatch: s}.version()
		if n < 0 || err == nil && n == 0 && strings.TrimSpace(s) != "*" {
			t.Errorf("%q reads %d", s, n)
		}
	})
}

func FuzzSentence(f *testing.F) {
	f.Add("it is so")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, s string) {
		if got := sentence(s); got != "" && !strings.ContainsAny(got[len(got)-1:], ".!?") {
			t.Errorf("%q", got)
		}
	})
}
