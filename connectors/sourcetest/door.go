package sourcetest

import (
	"crypto/subtle"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// What a source is given to log in with, and what must never be told.
const (
	user     = "reader"
	password = "Pa55w0rd-that-is-secret"
	token    = "t0ken-that-is-secret"
	header   = "h3ader-that-is-secret"
)

// door stands before the server: it asks for a log-in, may speak TLS, and does
// to requests and answers what a case wants. The server stays behind it.
type door struct {
	*httptest.Server
	behind *httputil.ReverseProxy
	out    *http.Client // to the server

	requests, inside, most atomic.Int64
	sent                   atomic.Int64  // bytes of answers, as far as a fault counts them
	closed                 atomic.Int64  // connections that ended
	largest                atomic.Int64  // bytes of the largest answer
	arrived                chan struct{} // one for every request, as far as there is room
	held                   chan struct{} // closed when the door closes

	mu    sync.Mutex
	fault fault
	since int64          // requests when the fault was set
	onEnd func()         // called when a connection ends; may be nil
	asks  map[string]int // by method and path
}

// fault does something to the n-th request since it was set, 1-based; next is
// the way to the server.
type fault func(w http.ResponseWriter, r *http.Request, next http.Handler, n int64)

func newDoor(s *Subject, server string, t *tls.Config) (*door, error) {
	base, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	d := &door{arrived: make(chan struct{}, 1024), held: make(chan struct{}), asks: map[string]int{}}
	way := s.Transport
	if way == nil {
		way = &http.Transport{MaxIdleConnsPerHost: 16}
	}
	d.out = &http.Client{Transport: way}
	d.behind = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(base)
			r.Out.Header.Del("Authorization")
			r.Out.Header.Del("X-Suite")
			r.Out.Header.Del("Accept-Encoding") // faults cut answers that are not compressed
			if s.Login != nil {
				s.Login(r.Out)
			}
		},
		Transport:      way,
		ErrorLog:       log.New(io.Discard, "", 0),
		ModifyResponse: d.weigh,
	}
	d.Server = httptest.NewUnstartedServer(d)
	d.Config.ErrorLog = d.behind.ErrorLog
	d.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state != http.StateClosed {
			return
		}
		d.closed.Add(1)
		d.mu.Lock()
		f := d.onEnd
		d.mu.Unlock()
		if f != nil {
			f()
		}
	}
	if t == nil {
		d.Start()
	} else {
		d.TLS = t
		d.StartTLS()
	}
	return d, nil
}

// close lets go of what is held, and ends.
func (d *door) close() {
	close(d.held)
	d.CloseClientConnections()
	d.Close()
	d.out.CloseIdleConnections()
}

// set makes f the fault from the next request on; nil: none.
func (d *door) set(f fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.since = f, d.requests.Load()
}

// ended calls f whenever a connection ends.
func (d *door) ended(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onEnd = f
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := d.inside.Add(1)
	defer d.inside.Add(-1)
	for most := d.most.Load(); now > most && !d.most.CompareAndSwap(most, now); most = d.most.Load() {
	}
	d.mu.Lock()
	n := d.requests.Add(1) - d.since
	f := d.fault
	d.asks[r.Method+" "+r.URL.Path]++
	d.mu.Unlock()
	select {
	case d.arrived <- struct{}{}:
	default:
	}
	switch {
	case !allowed(r):
		w.Header().Set("WWW-Authenticate", `Bearer realm="suite"`)
		// A server that tells what it was given must not make us tell it.
		http.Error(w, "not you: "+r.Header.Get("Authorization"), http.StatusUnauthorized)
	case f != nil:
		f(w, r, d.behind, n)
	default:
		d.behind.ServeHTTP(w, r)
	}
}

// allowed reports whether a request has the log-in that the suite gave.
func allowed(r *http.Request) bool {
	if r.Header.Get("X-Suite") != header {
		return false
	}
	if u, p, ok := r.BasicAuth(); ok {
		return u == user && subtle.ConstantTimeCompare([]byte(p), []byte(password)) == 1
	}
	return r.Header.Get("Authorization") == "Bearer "+token
}

// weigh notes the size of the largest answer.
func (d *door) weigh(resp *http.Response) error {
	resp.Body = &weighed{ReadCloser: resp.Body, d: d}
	return nil
}

type weighed struct {
	io.ReadCloser
	d *door
	n int64
}

func (w *weighed) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	w.n += int64(n)
	for most := w.d.largest.Load(); w.n > most && !w.d.largest.CompareAndSwap(most, w.n); most = w.d.largest.Load() {
	}
	return n, err
}

// paths tells what was asked for how often, for people.
func (d *door) paths() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b strings.Builder
	for p, n := range d.asks {
		fmt.Fprintf(&b, " %d x %s;", n, p)
	}
	return strings.TrimSuffix(b.String(), ";")
}

// answer is a fault that gives this answer to every request.
func answer(status int, kind, body string) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ int64) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// once is a fault for the first request only.
func once(f fault) fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler, n int64) {
		if n > 1 {
			next.ServeHTTP(w, r)
			return
		}
		f(w, r, next, n)
	}
}

// from is a fault for the k-th request and those that follow.
func from(k int64, f fault) fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler, n int64) {
		if n < k {
			next.ServeHTTP(w, r)
			return
		}
		f(w, r, next, n)
	}
}

// later answers "not now" and asks to wait.
func later(status int, seconds int) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler, _ int64) {
		if seconds >= 0 {
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
		}
		http.Error(w, "too much", status)
	}
}

// hold never answers, as long as the door is open.
func (d *door) hold(_ http.ResponseWriter, r *http.Request, _ http.Handler, _ int64) {
	select {
	case <-d.held:
	case <-r.Context().Done():
	}
	panic(http.ErrAbortHandler)
}

// changed is a fault that gives what change makes of the server's own answer.
func changed(change func(w http.ResponseWriter, r *http.Request, header http.Header, body []byte)) fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler, _ int64) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		if rec.Code/100 != 2 {
			w.WriteHeader(rec.Code)
			_, _ = w.Write(rec.Body.Bytes())
			return
		}
		rec.Header().Del("Content-Length")
		change(w, r, rec.Header(), rec.Body.Bytes())
	}
}
