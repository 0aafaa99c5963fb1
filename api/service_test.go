package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"triagent/api"
	"triagent/api/work"
	"triagent/demo"
	"triagent/incident"
	"triagent/knowledge"
	"triagent/meta"
	"triagent/store"
	"triagent/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service is the whole of it in a test: a real store, real diagnoses, a server
// on the loopback.
type service struct {
	t    *testing.T
	url  string
	api  *api.Server
	keep *store.Store
}

// start runs the service until the test ends. Workers may be 0: nothing is
// diagnosed then.
func start(t *testing.T, workers int, edit func(*api.Config)) *service {
	t.Helper()
	return startIn(t, t.TempDir(), workers, edit)
}

func startIn(t *testing.T, dir string, workers int, edit func(*api.Config)) *service {
	t.Helper()
	var server *api.Server
	var pool *work.Pool
	ready := make(chan struct{})
	st, err := store.New(t.Context(), store.Config{Path: filepath.Join(dir, "triagent.db"), MaxQueued: 4, Changed: func(c store.Change) {
		<-ready
		server.Changed(c)
	}})
	if err != nil {
		t.Fatal(err)
	}
	base, err := knowledge.Load()
	if err != nil {
		t.Fatal(err)
	}
	c := api.Config{Store: st, Knowledge: base, Version: "0.0.0-test", Queued: func() {
		if pool != nil {
			pool.Wake()
		}
	}}
	if edit != nil {
		edit(&c)
	}
	if server, err = api.New(c); err != nil {
		t.Fatal(err)
	}
	close(ready)
	ctx, stop := context.WithCancel(context.Background())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return server.Run(ctx) })
	if workers > 0 {
		pool, err = work.New(work.Config{
			Queue: st, Diagnose: diagnose(base), Workers: workers, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
			Bundle: func(_ context.Context, j store.Job) (string, func(), error) {
				p, err := st.BundlePath(j.Bundle)
				return p, nil, err
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		g.Go(func() error { return pool.Run(ctx) })
	}
	h := httptest.NewServer(server.Handler())
	t.Cleanup(func() {
		stop()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		h.Close()
		http.DefaultClient.CloseIdleConnections()
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return &service{t: t, url: h.URL, api: server, keep: st}
}

// diagnose is the built-in engine.
func diagnose(base *knowledge.Base) func(context.Context, store.Job, string, incident.Listener) (incident.Diagnosis, error) {
	con := meta.New(base, meta.Config{Engine: incident.Engine{Name: "builtin", Version: "test"}, Jobs: 2})
	return func(ctx context.Context, _ store.Job, path string, l incident.Listener) (incident.Diagnosis, error) {
		var d incident.Diagnosis
		b, err := telemetry.Open(ctx, path, telemetry.Limits{})
		if err != nil {
			return d, err
		}
		emit := func(e incident.Event) {
			d.Fold(e)
			l(e)
		}
		if err := con.Conduct(ctx, b, emit); err != nil {
			return d, err
		}
		emit(incident.Closed{Cost: incident.Cost{Wall: time.Millisecond}})
		return d, nil
	}
}

// answer is what came back, beside the body.
type answer struct {
	StatusCode    int
	Header        http.Header
	ContentLength int64
}

// do asks and returns the answer with its body.
func (s *service) do(method, path string, body io.Reader, header ...string) (*answer, []byte) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return &answer{resp.StatusCode, resp.Header, resp.ContentLength}, b
}

// get asks for JSON that must be there.
func (s *service) get(path string, into any) *answer {
	s.t.Helper()
	resp, b := s.do(http.MethodGet, path, nil)
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s: %d %s", path, resp.StatusCode, b)
	}
	if err := json.Unmarshal(b, into); err != nil {
		s.t.Fatalf("GET %s: %v in %s", path, err, b)
	}
	return resp
}

// bundle is a bundled incident as an archive.
func bundle(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := demo.Archive(&b, demo.IDs()[n]); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// upload uploads a bundled incident and returns its ID.
func (s *service) upload(n int) string {
	s.t.Helper()
	resp, b := s.do(http.MethodPost, "/api/v1/incidents?severity=major", bytes.NewReader(bundle(s.t, n)), "Content-Type", "application/gzip")
	if resp.StatusCode != http.StatusAccepted {
		s.t.Fatalf("upload: %d %s", resp.StatusCode, b)
	}
	var i struct{ ID string }
	if err := json.Unmarshal(b, &i); err != nil {
		s.t.Fatal(err)
	}
	if want := "/api/v1/incidents/" + i.ID; resp.Header.Get("Location") != want {
		s.t.Errorf("Location is %q, want %q", resp.Header.Get("Location"), want)
	}
	return i.ID
}

// eventually waits until f says that it is so.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !f() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (s *service) diagnosed(id string) {
	s.t.Helper()
	eventually(s.t, "the diagnosis of "+id, func() bool {
		var i struct{ Progress string }
		s.get("/api/v1/incidents/"+id, &i)
		if i.Progress == "failed" {
			s.t.Fatal("the diagnosis failed")
		}
		return i.Progress == "done"
	})
}

// event is a server-sent event.
type event struct{ ID, Name, Data string }

// follow reads events until f says that it is enough.
func (s *service) follow(path, last string, f func(event) bool) []event {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if ct := resp.Header.Get("Content-Type"); !strings.HasPrefix(ct, "text/event-stream") {
		b, _ := io.ReadAll(resp.Body)
		s.t.Fatalf("%s answers %d %s", path, resp.StatusCode, b)
	}
	var out []event
	var e event
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			e.ID = value
		case "event":
			e.Name = value
		case "data":
			e.Data += value
		case "":
			if e.Name == "" {
				continue
			}
			out = append(out, e)
			if f(e) {
				return out
			}
			e = event{}
		}
	}
	for _, e := range out {
		s.t.Logf("%s %s %.200s", e.ID, e.Name, e.Data)
	}
	s.t.Fatalf("%s ended after %d events: %v", path, len(out), lines.Err())
	return nil
}

func TestFromUploadToReport(t *testing.T) {
	s := start(t, 1, nil)
	id := s.upload(0)
	all := s.follow("/api/v1/incidents/"+id+"/events", "", func(e event) bool {
		return e.Name == "step" && strings.Contains(e.Data, `"kind":"closed"`)
	})
	if all[0].Name != "state" {
		t.Errorf("the first event is %q, want the state", all[0].Name)
	}
	s.diagnosed(id)
	var d struct {
		Verdict string
		Causes  []struct{ Node, Fault string }
	}
	s.get("/api/v1/incidents/"+id+"/diagnosis", &d)
	if d.Verdict == "" || len(d.Causes) == 0 {
		t.Errorf("the diagnosis says nothing: %+v", d)
	}
	for format, want := range map[string]string{"markdown": "text/markdown", "html": "text/html", "text": "text/plain"} {
		resp, b := s.do(http.MethodGet, "/api/v1/incidents/"+id+"/diagnosis?format="+format+"&lang=zh", nil)
		if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), want) || len(b) < 500 {
			t.Errorf("%s: %d %s, %d bytes", format, resp.StatusCode, resp.Header.Get("Content-Type"), len(b))
		}
		if p := resp.Header.Values("Content-Security-Policy"); len(p) != 1 || strings.Contains(p[0], "sandbox") != (format == "html") {
			t.Errorf("%s: policy %q", format, p)
		}
	}
}
