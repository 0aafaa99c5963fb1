// Package sourcetest holds what every connectors.Source over HTTP must keep, to
// be run by the tests of each, with its real server (or a recorded one) behind
// the faults: a log-in that fails, TLS that does not fit, no rows, a great many,
// slow answers, connections that break in the middle, servers that ask to wait,
// answer with a log-in page, without end or with half of the truth, callers that
// give up and sinks that are full. It looks that half an answer is never passed
// off as a whole one, that no error tells a secret, and that nothing is left
// running. Nothing but tests may import it.
//
// The way from source to server is: source, Toxiproxy (in the cases about broken
// connections), a small proxy that asks for the log-in and does the faults of
// HTTP, server.
package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// Subject is a source to be tested and the server that it is tested with.
type Subject struct {
	// New makes a source that reaches its server as the settings say: they go
	// into its Config as they are. Settings that the source needs beside them
	// (what to ask for) are set here.
	New func(at fetch.Settings) (connectors.Source, error)
	// Server is the base URL of a server that has rows for Ask; see Cassette for
	// a recorded one. Ask's span is fixed and lies in the past, so that the
	// same rows come every time.
	Server string
	Ask    connectors.Ask
	Empty  connectors.Ask // for which the server has no rows
	// Login changes a request so that the server itself lets it in; nil: it
	// lets everybody in. The suite has log-ins of its own before it.
	Login func(*http.Request)
	// Transport is the way to a server that plain HTTP does not reach; nil: it does.
	Transport http.RoundTripper
	// Many, if there is one, has a great many rows.
	Many *Many
	// Parts says that the source asks several servers or for several things,
	// each of which may fail alone: a failure may be told by Found.Lacks or
	// Sink.Missing in place of an error.
	Parts bool
	// Lines says that answers are lines of text, so that half of one cannot be
	// told from a whole one once its length fits.
	Lines bool
	// Timeout of one request in cases that do not test it; 0: 10 s.
	Timeout time.Duration
}

// Many is an Ask with a great many rows.
type Many struct {
	Server string // empty: the Subject's
	Ask    connectors.Ask
	Rows   int64         // that must come; 1_000_000
	Heap   int64         // bytes that may be in use beyond those before; 0: 256 MB
	Within time.Duration // 0: 5 min
}

// cases are all cases, in the order in which they are run.
var cases = []struct {
	name string
	run  func(*bench)
}{
	{"answers", (*bench).answers},
	{"empty result", (*bench).empty},
	{"limit", (*bench).limit},
	{"auth failure", (*bench).authFailure},
	{"password", (*bench).password},
	{"TLS failure", (*bench).tlsFailure},
	{"TLS with client certificate", (*bench).tlsClient},
	{"nobody listens", (*bench).nobody},
	{"slow answer", (*bench).slow},
	{"slow body", (*bench).slowBody},
	{"reset in mid-body once", (*bench).brokenOnce},
	{"reset in mid-body for good", (*bench).brokenForGood},
	{"connection reset", (*bench).reset},
	{"429 with Retry-After", (*bench).tooMany},
	{"503", (*bench).unavailable},
	{"fails later", (*bench).failsLater},
	{"wrong content type", (*bench).loginPage},
	{"sent elsewhere", (*bench).redirect},
	{"huge body", (*bench).huge},
	{"truncated answer", (*bench).truncated},
	{"lying server", (*bench).lies},
	{"cancelled", (*bench).cancelled},
	{"sink error", (*bench).sinkError},
	{"concurrent use", (*bench).concurrent},
	{"many rows", (*bench).many},
}

// Run runs the suite.
func Run(t *testing.T, s Subject) {
	t.Helper()
	if s.New == nil || s.Server == "" {
		t.Fatal("a Subject needs New and Server")
	}
	if s.Timeout == 0 {
		s.Timeout = 10 * time.Second
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			switch {
			case c.name != "many rows":
			case s.Many == nil:
				t.Skip("the subject has no server with so many rows")
			case racing || testing.Short():
				t.Skip("so many rows take too long, and memory is not what it is")
			}
			for _, f := range (&bench{t: t, s: &s}).do(c.run) {
				t.Error(f)
			}
		})
	}
}

// bench is one case being run. It collects what is wrong rather than failing the
// test, so that the suite can be tested itself.
type bench struct {
	t   *testing.T
	s   *Subject
	end []func()

	mu    sync.Mutex
	wrong []string
}

// do runs a case, ends what it started, and returns what is wrong.
func (b *bench) do(run func(*bench)) []string {
	before := append(ofToxiproxy(), goleak.IgnoreCurrent())
	func() {
		defer func() {
			for i := len(b.end) - 1; i >= 0; i-- {
				b.end[i]()
			}
		}()
		defer func() {
			if p := recover(); p != nil && p != errEnough { //nolint:errorlint // the very value
				panic(p)
			}
		}()
		run(b)
	}()
	if err := goleak.Find(before...); err != nil {
		b.errorf("it leaves something running: %v", err)
	}
	return b.wrong
}

// errEnough ends a case early.
var errEnough = errors.New("enough")

func (b *bench) errorf(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
}

func (b *bench) fatalf(format string, args ...any) {
	b.errorf(format, args...)
	panic(errEnough)
}

// open opens a door with a fault; nil: none.
func (b *bench) open(f fault) *door {
	d, err := newDoor(b.s, b.s.Server, nil)
	if err != nil {
		b.fatalf("open a way to the server: %v", err)
	}
	b.end = append(b.end, d.close)
	d.set(f)
	return d
}

// settings are those that get through a door.
func (b *bench) settings(url string) fetch.Settings {
	return fetch.Settings{
		URL: url, Token: token, Headers: map[string]connectors.Secret{"X-Suite": header}, Proxy: "none",
		Timeout: b.s.Timeout, Rate: 1000, AtOnce: 4, Retries: 2,
	}
}

// source makes the source for a door, with settings changed.
func (b *bench) source(url string, change ...func(*fetch.Settings)) connectors.Source {
	at := b.settings(url)
	for _, f := range change {
		f(&at)
	}
	src, err := b.s.New(at)
	if err != nil {
		b.fatalf("New: %v", err)
	}
	b.end = append(b.end, func() {
		if err := src.Close(); err != nil {
			b.errorf("Close: %v", err)
		}
	})
	return src
}

// result is what a Discover or a Collect gave.
type result struct {
	what string
	err  error
	rec  *Recorder
	took time.Duration
	told []string // Lacks and Missing, for people
}

// both discovers and collects, one after the other.
func (b *bench) both(src connectors.Source) []result {
	return []result{b.discover(b.t.Context(), src), b.collect(b.t.Context(), src, b.s.Ask, &Recorder{})}
}

func (b *bench) discover(ctx context.Context, src connectors.Source) result {
	begun := time.Now()
	found, err := src.Discover(ctx, b.s.Ask.Span)
	r := result{what: "Discover", err: err, rec: &Recorder{}, took: time.Since(begun)}
	_ = r.rec.Found(found) // never fails
	return b.seen(r)
}

func (b *bench) collect(ctx context.Context, src connectors.Source, ask connectors.Ask, to *Recorder) result {
	begun := time.Now()
	err := src.Collect(ctx, ask, to)
	return b.seen(result{what: "Collect", err: err, rec: to, took: time.Since(begun)})
}

// seen looks through everything that a result tells for secrets.
func (b *bench) seen(r result) result {
	got := r.rec.Got()
	for _, f := range got.Found {
		for _, l := range f.Lacks {
			r.told = append(r.told, l.What+": "+l.Why+" ("+l.Remedy+")")
		}
	}
	for _, m := range got.Missing {
		r.told = append(r.told, m.What+": "+m.Why)
	}
	text := strings.Join(r.told, "\n") + "\n" + asJSON(got)
	if r.err != nil {
		text += "\n" + r.err.Error()
	}
	for _, secret := range []string{password, token, header} {
		if strings.Contains(text, secret) {
			b.errorf("%s tells a secret: %s", r.what, around(text, secret))
		}
	}
	return r
}

func around(text, part string) string {
	i := strings.Index(text, part)
	return text[max(0, i-100):min(len(text), i+len(part)+20)]
}

// whole is what comes when nothing is wrong, and how many requests it takes.
func (b *bench) whole() (Tally, *door) {
	d := b.open(nil)
	r := b.collect(b.t.Context(), b.source(d.URL), b.s.Ask, &Recorder{})
	if r.err != nil {
		b.fatalf("Collect without a fault: %v", r.err)
	}
	return r.rec.Tally(), d
}

// fails checks that a result is a failure of one of the kinds, with a remedy.
func (b *bench) fails(r result, kinds ...errs.Kind) {
	if r.err == nil {
		if !b.s.Parts || len(r.told) == 0 {
			b.errorf("%s gives no error, of kind %v", r.what, kinds)
		}
		return
	}
	kind := errs.KindOf(r.err)
	for _, k := range kinds {
		if k == kind {
			b.remedied(r)
			return
		}
	}
	b.errorf("%s: the error has kind %q, want %v: %v", r.what, kind, kinds, r.err)
}

// remedied checks that an error says what to do, in one line.
func (b *bench) remedied(r result) {
	remedy := ""
	for e, err := (*errs.Error)(nil), r.err; remedy == "" && errors.As(err, &e); err = e.Err {
		remedy = e.Remedy
	}
	switch {
	case remedy == "":
		b.errorf("%s: the error says nothing of what to do: %v", r.what, r.err)
	case strings.Contains(r.err.Error(), "\n") || len(r.err.Error()) > 1000:
		b.errorf("%s: the error is no short line: %.2000q", r.what, r.err)
	}
}

// succeeds checks that everything came.
func (b *bench) succeeds(r result, want Tally) {
	switch got := r.rec.Tally(); {
	case r.err != nil:
		b.errorf("%s: %v", r.what, r.err)
	case r.what == "Collect" && got != want:
		b.errorf("Collect gave %+v, want %+v; told %q", got, want, r.told)
	}
}

// honest checks that less than the whole is told, by an error or in words.
func (b *bench) honest(r result, want Tally) {
	if r.err == nil && len(r.told) == 0 && len(r.rec.Got().Reduced) == 0 && r.what == "Collect" && r.rec.Tally() != want {
		b.errorf("Collect gave %+v of %+v and says nothing of it", r.rec.Tally(), want)
	}
}
