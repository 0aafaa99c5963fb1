package fetch_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/connectors/sourcetest"
	"triagent/internal/errs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

func client(t *testing.T, s fetch.Settings) *fetch.Client {
	t.Helper()
	if s.Proxy == "" {
		s.Proxy = "none"
	}
	if s.Rate == 0 {
		s.Rate = 1000
	}
	c, err := fetch.New(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func ask(t *testing.T, c *fetch.Client) (string, error) {
	t.Helper()
	var got string
	err := c.Read(t.Context(), fetch.Request{Path: "/x"}, func(r io.Reader) error {
		b, err := io.ReadAll(r)
		got = string(b)
		return err
	})
	return got, err
}

func hasRemedy(err error) bool {
	var e *errs.Error
	return errors.As(err, &e) && e.Remedy != ""
}

func TestStatus(t *testing.T) {
	for status, want := range map[int]struct {
		kind  errs.Kind
		tries int64
	}{
		301: {errs.Invalid, 1}, 400: {errs.Invalid, 1}, 401: {errs.Denied, 1}, 403: {errs.Denied, 1}, 404: {errs.Invalid, 1}, 407: {errs.Denied, 1},
		410: {errs.Invalid, 1}, 429: {errs.Unavailable, 2}, 500: {errs.Unavailable, 2}, 501: {errs.Invalid, 1}, 503: {errs.Unavailable, 2},
	} {
		var n atomic.Int64
		c := client(t, fetch.Settings{Retries: 1, Token: "very-secret", URL: serve(t, func(w http.ResponseWriter, _ *http.Request) {
			n.Add(1)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "because\nof very-secret reasons")
		})})
		_, err := ask(t, c)
		if errs.KindOf(err) != want.kind || n.Load() != want.tries || fetch.StatusOf(err) != status {
			t.Errorf("%d: %d tries, kind %s, status %d: %v", status, n.Load(), errs.KindOf(err), fetch.StatusOf(err), err)
		}
		if !strings.Contains(err.Error(), "because of *** reasons") {
			t.Errorf("%d: it does not say what the server says: %v", status, err)
		}
		if status != 400 && status != 410 && status != 501 && !hasRemedy(err) {
			t.Errorf("%d: no remedy: %v", status, err)
		}
		if l := c.Load(); l.Requests != want.tries || l.Retries != want.tries-1 {
			t.Errorf("%d: the load is %+v", status, l)
		}
	}
	if fetch.StatusOf(io.EOF) != 0 || fetch.StatusOf(nil) != 0 {
		t.Error("other errors have a status")
	}
}

func TestConnection(t *testing.T) {
	down, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + down.Addr().String()
	_ = down.Close()
	aborts := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	breaks := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
	})
	for _, tt := range []struct {
		name, says string
		s          fetch.Settings
	}{
		{"nobody listens", "nothing listens", fetch.Settings{URL: nobody}},
		{"no such name", "is not known", fetch.Settings{URL: "http://nobody.invalid"}},
		{"no answer", "broke off", fetch.Settings{URL: aborts}},
		{"half an answer", "broke off", fetch.Settings{URL: breaks}},
		{"no proxy", "proxy does not let us through", fetch.Settings{URL: "http://h.invalid", Proxy: connectors.Secret(nobody)}},
	} {
		tt.s.Retries = 1
		c := client(t, tt.s)
		_, err := ask(t, c)
		if errs.KindOf(err) != errs.Unavailable || !hasRemedy(err) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if l := c.Load(); l.Requests != 2 || l.Retries != 1 {
			t.Errorf("%s: the load is %+v", tt.name, l)
		}
	}
}

func TestOnce(t *testing.T) {
	var n atomic.Int64
	c := client(t, fetch.Settings{URL: serve(t, func(w http.ResponseWriter, _ *http.Request) { n.Add(1); w.WriteHeader(503) })})
	if err := c.JSON(t.Context(), fetch.Request{Path: "/", Once: true}, new(any)); errs.KindOf(err) != errs.Unavailable || n.Load() != 1 {
		t.Errorf("%d tries, %v", n.Load(), err)
	}
}

// TestRequest shows what a server gets.
func TestRequest(t *testing.T) {
	var got []string
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = append(got, fmt.Sprint(r.Method, " ", r.RequestURI, " ", string(b), " ", r.Header.Get("Content-Type"), " ", r.Header.Get("Authorization"), " ", r.Header.Get("X-Scope-Orgid")))
		w.WriteHeader(http.StatusNoContent)
	})
	c := client(t, fetch.Settings{URL: url + "/base/", User: "u", Password: "p", Headers: map[string]connectors.Secret{"X-Scope-OrgID": "t1"}})
	for _, r := range []fetch.Request{
		{Path: "/a b", Query: map[string][]string{"q": {"x y"}}},
		{Path: "a", Body: []byte("{}"), Accept: "application/json"},
		{Method: "PUT", Path: "", Body: []byte("x"), Header: http.Header{"Content-Type": {"text/plain"}}},
	} {
		if err := c.Read(t.Context(), r, func(io.Reader) error { return nil }); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"GET /base/a%20b?q=x+y   Basic dTpw t1", "POST /base/a {} application/json Basic dTpw t1", "PUT /base x text/plain Basic dTpw t1",
	}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Errorf("got %q, want %q", got, want)
			break
		}
	}
}

func TestBounds(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, strings.Repeat(" ", 1<<20)) // 1 MB in a kilobyte
		_ = z.Close()
	})
	c := client(t, fetch.Settings{URL: url})
	err := c.Read(t.Context(), fetch.Request{Max: 100 << 10}, func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err })
	if errs.KindOf(err) != errs.Exhausted || !hasRemedy(err) {
		t.Errorf("a huge answer gives %v", err)
	}
	if l := c.Load(); l.Bytes != 100<<10 || l.Requests != 1 {
		t.Errorf("the load is %+v", l)
	}
	if err := c.Read(t.Context(), fetch.Request{Max: 1 << 20}, func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }); err != nil {
		t.Errorf("an answer of the very length gives %v", err)
	}
}

func TestReadersError(t *testing.T) {
	c := client(t, fetch.Settings{URL: serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") })})
	plain := errors.New("not a number")
	err := c.Read(t.Context(), fetch.Request{}, func(io.Reader) error { return plain })
	if errs.KindOf(err) != errs.Invalid || !errors.Is(err, plain) || !hasRemedy(err) {
		t.Errorf("a reader's error becomes %v", err)
	}
	kind := errs.New(errs.NotFound, "no such thing")
	if err := c.Read(t.Context(), fetch.Request{}, func(io.Reader) error { return kind }); !errors.Is(err, kind) || errs.KindOf(err) != errs.NotFound {
		t.Errorf("a reader's error with a kind becomes %v", err)
	}
	if l := c.Load(); l.Requests != 2 {
		t.Errorf("it tried again: %+v", l)
	}
}

// TestReuse shows that one connection serves many questions, also where an
// answer ends later than what was read of it.
func TestReuse(t *testing.T) {
	var conns atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, `{"a":1}`)
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "\n\n")
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	c := client(t, fetch.Settings{URL: srv.URL})
	for range 10 {
		if err := c.JSON(t.Context(), fetch.Request{}, new(any)); err != nil {
			t.Fatal(err)
		}
	}
	if conns.Load() != 1 {
		t.Errorf("10 questions took %d connections", conns.Load())
	}
}

func TestProxy(t *testing.T) {
	ours := sourcetest.NewAuthority(t)
	behind := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	behind.TLS = ours.Server(t, false, "127.0.0.1")
	behind.StartTLS()
	t.Cleanup(behind.Close)
	plain := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	way := &http.Transport{}
	t.Cleanup(way.CloseIdleConnections)
	var through atomic.Int64
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "Basic dTpwYXNzd29yZA==" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		through.Add(1)
		if r.Method == http.MethodConnect {
			splice(w, r.Host)
			return
		}
		resp, err := way.RoundTrip(r)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		_, _ = io.Copy(w, resp.Body)
	})
	with := connectors.Secret(strings.Replace(proxy, "http://", "http://u:password@", 1))
	for _, url := range []string{plain, behind.URL} {
		s := fetch.Settings{URL: url, TLS: fetch.TLS{CA: ours.CA}, Proxy: with}
		before := through.Load()
		if got, err := ask(t, client(t, s)); got != "hello" || err != nil || through.Load() <= before {
			t.Errorf("%s through a proxy: %q, %v", url, got, err)
		}
		s.Proxy = connectors.Secret(strings.Replace(proxy, "http://", "http://u:wrong-password@", 1))
		c := client(t, s)
		_, err := ask(t, c)
		if errs.KindOf(err) != errs.Denied || !strings.Contains(err.Error(), "wants a log-in") || strings.Contains(err.Error(), "wrong-password") || c.Load().Retries != 0 {
			t.Errorf("%s through a proxy that refuses us: %v", url, err)
		}
	}
	refuses := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	_, err := ask(t, client(t, fetch.Settings{URL: behind.URL, Proxy: connectors.Secret(refuses), Retries: -1}))
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "the proxy answers with status 502") {
		t.Errorf("a proxy that does not reach the server gives %v", err)
	}
}

// splice connects a client of a proxy with a server.
func splice(w http.ResponseWriter, host string) {
	up, err := net.Dial("tcp", host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer func() { _ = up.Close() }()
	w.WriteHeader(http.StatusOK)
	down, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = down.Close() }()
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = io.Copy(up, down)
		_ = up.Close()
	})
	_, _ = io.Copy(down, up)
	_ = down.Close()
	wg.Wait()
}

func TestRedirect(t *testing.T) {
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it went elsewhere") })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/x":
			http.Redirect(w, r, "/y", http.StatusFound)
		case "/y":
			_, _ = io.WriteString(w, r.Header.Get("Authorization"))
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		default:
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		}
	})
	c := client(t, fetch.Settings{URL: url, Token: "secret-token"})
	if got, err := ask(t, c); got != "Bearer secret-token" || err != nil {
		t.Errorf("within the server: %q, %v", got, err)
	}
	for _, path := range []string{"/round", "/away"} {
		err := c.Read(t.Context(), fetch.Request{Path: path}, func(io.Reader) error { return nil })
		if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "elsewhere") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestGentle shows that no more is asked at once, and in a second, than is allowed.
func TestGentle(t *testing.T) {
	var inside, most, n atomic.Int64
	held := make(chan struct{})
	url := serve(t, func(http.ResponseWriter, *http.Request) {
		now := inside.Add(1)
		defer inside.Add(-1)
		if now > most.Load() {
			most.Store(now)
		}
		if n.Add(1) == 2 {
			close(held) // two are there at once
		}
		<-held
	})
	c := client(t, fetch.Settings{URL: url, AtOnce: 2, Rate: 20})
	begun := time.Now()
	var wg sync.WaitGroup
	for range 26 { // the first 20 go at once
		wg.Go(func() {
			if _, err := ask(t, c); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() > 2 {
		t.Errorf("%d requests at once", most.Load())
	}
	if d := time.Since(begun); d < 250*time.Millisecond {
		t.Errorf("26 requests took %v at 20 a second", d)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	slow := client(t, fetch.Settings{URL: url, Rate: 0.1})
	if _, err := ask(t, slow); err != nil {
		t.Error(err)
	}
	err := slow.Read(ctx, fetch.Request{}, func(io.Reader) error { return nil })
	if errs.KindOf(err) != errs.Exhausted && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a turn that never comes gives %v", err)
	}
}

// TestNoTimeToWait shows that the reason is told, and not that the time is over.
func TestNoTimeToWait(t *testing.T) {
	c := client(t, fetch.Settings{URL: serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(http.StatusTooManyRequests)
	})})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	begun := time.Now()
	err := c.Read(ctx, fetch.Request{}, func(io.Reader) error { return nil })
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "asks to wait 20s") || time.Since(begun) > 3*time.Second {
		t.Errorf("after %v: %v", time.Since(begun), err)
	}
}

func TestValidate(t *testing.T) {
	for _, s := range []fetch.Settings{
		{},
		{URL: "ftp://h"},
		{URL: "http://"},
		{URL: "http://u:p4ssword@h"},
		{URL: "http://h?a=b"},
		{URL: "http://h#f"},
		{URL: "http://h:p4ssword%zz"},
		{URL: "http://h", User: "u"},
		{URL: "http://h", Password: "p4ssword"},
		{URL: "http://h", User: "u", Password: "p4ssword", Token: "t"},
		{URL: "http://h", User: "u:v", Password: "p4ssword"},
		{URL: "http://h", Token: "p4ssword\n"},
		{URL: "http://h", Headers: map[string]connectors.Secret{"X": "p4ssword\r\nY: z"}},
		{URL: "http://h", Headers: map[string]connectors.Secret{"X Y": "p4ssword"}},
		{URL: "http://h", TLS: fetch.TLS{Cert: "c"}},
		{URL: "http://h", Timeout: -1},
		{URL: "http://h", Timeout: time.Hour},
		{URL: "http://h", AtOnce: 65},
		{URL: "http://h", AtOnce: -1},
		{URL: "http://h", Rate: -1},
		{URL: "http://h", Rate: 1e9},
		{URL: "http://h", Retries: 11},
		{URL: "http://h", Proxy: "p4ssword"},
		{URL: "http://h", Proxy: "ftp://u:p4ssword@h"},
		{URL: "https://h", TLS: fetch.TLS{CA: "/does/not/exist"}},
		{URL: "https://h", TLS: fetch.TLS{Cert: "/does/not/exist", Key: "/does/not/exist"}},
	} {
		_, err := fetch.New(s)
		if errs.KindOf(err) != errs.Invalid || strings.Contains(err.Error(), "p4ssword") {
			t.Errorf("%+v gives %v", s, err)
		}
	}
	u, _ := url.Parse("http://h/p")
	if c := client(t, fetch.Settings{URL: u.String() + "/"}); c.URL() != u.String() {
		t.Errorf("its URL is %s", c.URL())
	}
}
