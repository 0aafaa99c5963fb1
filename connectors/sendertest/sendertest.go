// Package sendertest holds what every connectors.Sender over HTTP must keep, to
// be run by the tests of each: the kinds of its errors, bounded time and size,
// no secret in an error, no redirect followed, no address reached that must not
// be, and no foreign text that turns into markup, a link or a mention.
package sendertest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

// Suite is a sender to be tested.
type Suite struct {
	New     func(url string, client *http.Client) (connectors.Sender, error)
	OK      string // the body of an answer that says that all is well
	MaxBody int    // bytes that a request may have
	// NoDelay says that the sender cannot tell what Retry-After said.
	NoDelay bool
}

// secret stands in the path of every URL.
const secret = "s3cr3t-in-the-path"

// Hostile is foreign text that tries everything.
const Hostile = "<!channel> <@U123|root> <at id=all></at> <at>all</at> @all @here @channel #general ~town-square :boom: " +
	"[click](https://evil.example/x) <https://evil.example|ok> https://evil.example/y www.evil.example **bold** *it* _em_ `code` " +
	"![i](https://evil.example/p.png) <font color=\"warning\">x</font> <b>html</b> &lt;b&gt;\u202eabc\u0000\u001b[31m\n# head\n> quote\n- item\n1. one"

// Message returns a message in which every text is s.
func Message(s string) connectors.Message {
	return connectors.Message{
		ID: "n7-c1", Kind: "diagnosed", Lang: "en", Incident: "inc-42", Title: "T " + s, Text: s, Severity: "critical", Status: "open", Verdict: "likely",
		Fields: []connectors.Field{{Name: s, Value: s}, {Name: "Node", Value: "node-1"}}, Steps: []string{s, "restart node-1"},
		URL: "https://triagent.example/incidents/inc-42", At: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC), Data: []byte(`{"id":"inc-42"}`),
	}
}

// Run runs the suite.
func Run(t *testing.T, s Suite) {
	t.Helper()
	t.Run("sends", s.sends)
	t.Run("long", s.long)
	t.Run("answers", s.answers)
	t.Run("unreachable", s.unreachable)
	t.Run("guarded", s.guarded)
	t.Run("bounded in time", s.bounded)
	t.Run("at once", s.atOnce)
}

// Body sends m to a server and returns what arrived.
func (s Suite) Body(t *testing.T, m connectors.Message) string {
	t.Helper()
	var got string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = string(b)
		io.WriteString(w, s.OK) //nolint:errcheck // the sender will say so
	}))
	defer srv.Close()
	if _, err := s.sender(t, srv.URL, outgoing.Guard{}).Send(t.Context(), m, ""); err != nil {
		t.Fatal(err)
	}
	return got
}

func (s Suite) sender(t *testing.T, url string, g outgoing.Guard) connectors.Sender {
	t.Helper()
	sender, err := s.New(url+"/hook/"+secret+"?token="+secret, g.Client(5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func (s Suite) sends(t *testing.T) {
	body := s.Body(t, Message("disk is full"))
	for _, want := range []string{"disk is full", "inc-42", "node-1"} {
		if !strings.Contains(body, want) {
			t.Errorf("the request lacks %q: %s", want, body)
		}
	}
}

func (s Suite) long(t *testing.T) {
	for name, unit := range map[string]string{"ascii": "abc def ", "chinese": "磁盘已满，", "markup": "<&*_>\"\\ "} {
		m := Message(strings.Repeat(unit, 20_000))
		for range 40 {
			m.Fields = append(m.Fields, m.Fields[0])
			m.Steps = append(m.Steps, m.Steps[0])
		}
		if n := len(s.Body(t, m)); n > s.MaxBody {
			t.Errorf("%s: the request has %d bytes, more than %d", name, n, s.MaxBody)
		}
	}
}

func (s Suite) answers(t *testing.T) {
	for _, tt := range []struct {
		status int
		header string
		kind   errs.Kind
		after  time.Duration
	}{
		{429, "7", errs.Unavailable, 7 * time.Second},
		{503, "2", errs.Unavailable, 2 * time.Second},
		{500, "", errs.Unavailable, 0},
		{502, "", errs.Unavailable, 0},
		{400, "", errs.Invalid, 0},
		{401, "", errs.Denied, 0},
		{403, "", errs.Denied, 0},
		{404, "", errs.Denied, 0},
		{302, "", errs.Invalid, 0},
	} {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
			defer elsewhere.Close()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body) //nolint:errcheck // only its end matters
				if tt.header != "" {
					w.Header().Set("Retry-After", tt.header)
				}
				w.Header().Set("Location", elsewhere.URL)
				w.WriteHeader(tt.status)
			}))
			defer srv.Close()
			_, err := s.sender(t, srv.URL, outgoing.Guard{}).Send(t.Context(), Message("x"), "")
			check(t, err, tt.kind)
			var d connectors.Delay
			if asDelay(err, &d); !s.NoDelay && tt.after > 0 && (d == nil || d.RetryAfter() != tt.after) {
				t.Errorf("the error asks for no wait of %v: %#v", tt.after, err)
			}
		})
	}
}

func (s Suite) unreachable(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	_, err := s.sender(t, srv.URL, outgoing.Guard{}).Send(t.Context(), Message("x"), "")
	check(t, err, errs.Unavailable)

	broken := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer broken.Close()
	_, err = s.sender(t, broken.URL, outgoing.Guard{}).Send(t.Context(), Message("x"), "")
	check(t, err, errs.Unavailable)
}

func (s Suite) guarded(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a private address was reached") }))
	defer srv.Close()
	_, err := s.sender(t, srv.URL, outgoing.Guard{RefusePrivate: true}).Send(t.Context(), Message("x"), "")
	check(t, err, errs.Invalid)
	for _, host := range []string{"169.254.169.254", "[::ffff:169.254.169.254]", "[fe80::1]", "100.100.100.200", "0.0.0.0", "[64:ff9b::a9fe:a9fe]"} {
		_, err := s.sender(t, "http://"+host, outgoing.Guard{}).Send(t.Context(), Message("x"), "")
		check(t, err, errs.Invalid)
	}
}

func (s Suite) bounded(t *testing.T) {
	held := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck // only its end matters
		<-held
	}))
	defer srv.Close()
	defer close(held)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := s.sender(t, srv.URL, outgoing.Guard{}).Send(ctx, Message("x"), "")
	check(t, err, errs.Unavailable)
	if d := time.Since(start); d > 3*time.Second {
		t.Errorf("it took %v to give up", d)
	}
}

func (s Suite) atOnce(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck // only its end matters
		io.WriteString(w, s.OK)     //nolint:errcheck // the sender will say so
	}))
	defer srv.Close()
	sender := s.sender(t, srv.URL, outgoing.Guard{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := sender.Send(t.Context(), Message("x"), ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func check(t *testing.T, err error, kind errs.Kind) {
	t.Helper()
	if errs.KindOf(err) != kind {
		t.Errorf("the error %v has kind %q, want %q", err, errs.KindOf(err), kind)
	}
	if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "http://")) {
		t.Errorf("the error tells the URL: %v", err)
	}
}

func asDelay(err error, d *connectors.Delay) {
	for ; err != nil; err = unwrap(err) {
		if v, ok := err.(connectors.Delay); ok { //nolint:errorlint // this is errors.As for an interface without Error
			*d = v
			return
		}
	}
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok { //nolint:errorlint // as above
		return u.Unwrap()
	}
	return nil
}

// Links returns what a chat client would make a link or a mention of by itself.
func Links(s string) []string {
	var out []string
	for _, bad := range []string{"://evil", "www.evil", "@all", "@here", "@channel", "@U123"} {
		if strings.Contains(s, bad) {
			out = append(out, bad)
		}
	}
	return out
}
