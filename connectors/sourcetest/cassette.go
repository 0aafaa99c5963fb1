package sourcetest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Tape says what is recorded, and from where.
type Tape struct {
	File string // as "testdata/nodes.json"
	// Live is a real server's base URL and the way to it (nil: the usual one),
	// which lets us in. It is called only where TRIAGENT_RECORD is 1: then the
	// file is written anew.
	Live func(t testing.TB) (url string, way http.RoundTripper)
	// Hide is text that must not be in the file beside what is never there
	// (headers of requests, cookies), as names of machines; by what stands there.
	Hide map[string]string
}

// exchange is one request with its answer. A request is told from others by all
// of these.
type exchange struct {
	Method string   `json:"method"`
	Path   string   `json:"path"`
	Query  string   `json:"query,omitempty"` // keys ascending
	Body   string   `json:"body,omitempty"`
	Answer answerOf `json:"answer"`
}

type answerOf struct {
	Status int    `json:"status"`
	Type   string `json:"type"`
	Body   string `json:"body"`
}

func (e *exchange) key() string { return e.Method + " " + e.Path + "?" + e.Query + "\n" + e.Body }

// Cassette returns the base URL of a server that gives the answers of a tape, or
// passes requests on to the live server and records them. It takes no log-in. A
// request that is not on the tape fails the test. It ends with the test.
func Cassette(t testing.TB, tape Tape) string {
	t.Helper()
	c := &cassette{t: t, tape: tape}
	if os.Getenv("TRIAGENT_RECORD") == "1" && tape.Live != nil {
		c.live, c.way = tape.Live(t)
		if c.way == nil {
			own := &http.Transport{}
			t.Cleanup(own.CloseIdleConnections)
			c.way = own
		}
		t.Cleanup(c.save)
	} else if err := c.load(); err != nil {
		t.Fatalf("%v; set TRIAGENT_RECORD=1 to record it", err)
	}
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	return srv.URL
}

type cassette struct {
	t    testing.TB
	tape Tape
	live string
	way  http.RoundTripper

	mu  sync.Mutex
	all []exchange
}

func (c *cassette) load() error {
	b, err := os.ReadFile(c.tape.File)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, &c.all)
}

func (c *cassette) save() {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(c.all)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(c.tape.File), 0o755) //nolint:gosec // a folder of the repository
	}
	if err == nil {
		err = os.WriteFile(c.tape.File, b.Bytes(), 0o644) //nolint:gosec // a file of the repository
	}
	if err != nil {
		c.t.Errorf("write the cassette: %v", err)
	}
}

func (c *cassette) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	e := exchange{Method: r.Method, Path: c.hide(r.URL.Path), Query: c.hide(r.URL.Query().Encode()), Body: c.hide(string(body))}
	ok := c.find(&e)
	if c.way != nil && !ok {
		ok = c.record(r, body, &e)
	}
	if !ok {
		c.t.Errorf("%s does not hold %s", c.tape.File, e.key())
		http.Error(w, "not on the tape", http.StatusNotImplemented)
		return
	}
	w.Header().Set("Content-Type", e.Answer.Type)
	w.WriteHeader(e.Answer.Status)
	_, _ = io.WriteString(w, e.Answer.Body)
}

func (c *cassette) find(e *exchange) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.all {
		if c.all[i].key() == e.key() {
			e.Answer = c.all[i].Answer
			return true
		}
	}
	return false
}

// record asks the live server.
func (c *cassette) record(r *http.Request, body []byte, e *exchange) bool {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, c.live+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return false
	}
	for _, h := range []string{"Accept", "Content-Type"} {
		if v := r.Header.Get(h); v != "" {
			req.Header.Set(h, v)
		}
	}
	resp, err := c.way.RoundTrip(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return false
	}
	e.Answer = answerOf{Status: resp.StatusCode, Type: resp.Header.Get("Content-Type"), Body: c.hide(string(answer))}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, *e)
	return true
}

func (c *cassette) hide(s string) string {
	for secret, by := range c.tape.Hide {
		s = strings.ReplaceAll(s, secret, by)
	}
	return s
}
