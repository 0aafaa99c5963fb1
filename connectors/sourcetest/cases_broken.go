package sourcetest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"time"

	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// soon is how long a source may take to give up beyond what it was told.
const soon = 5 * time.Second

func short(s *fetch.Settings) { s.Timeout = 200 * time.Millisecond }

// nobody checks the case of no server.
func (b *bench) nobody() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.fatalf("%v", err)
	}
	url := "http://" + l.Addr().String()
	_ = l.Close()
	for _, r := range b.both(b.source(url, func(s *fetch.Settings) { s.Retries = -1 })) {
		b.fails(r, errs.Unavailable)
	}
}

// slow checks that a server that says nothing is given up in time.
func (b *bench) slow() {
	d := b.open(nil)
	d.set(d.hold)
	for _, r := range b.both(b.source(d.URL, short)) {
		b.fails(r, errs.Unavailable)
		b.soon(r)
	}
}

// slowBody checks the same where an answer begins and does not go on.
func (b *bench) slowBody() {
	d := b.open(nil)
	d.set(changed(func(w http.ResponseWriter, r *http.Request, h http.Header, body []byte) {
		w.Header().Set("Content-Type", h.Get("Content-Type"))
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		d.hold(w, r, nil, 0)
	}))
	for _, r := range b.both(b.source(d.URL, short)) {
		b.fails(r, errs.Unavailable)
		b.soon(r)
	}
}

func (b *bench) soon(r result) {
	if r.took > soon {
		b.errorf("%s took %v to give up", r.what, r.took)
	}
}

// toxic opens a door behind a Toxiproxy.
func (b *bench) toxic(d *door) (*Toxic, string) {
	x := NewToxic(b.t, d.Listener.Addr().String())
	b.end = append(b.end, x.Down)
	return x, "http://" + x.Addr
}

// brokenOnce breaks connections in the middle of the largest answer until one
// has been broken: the source tries again, and everything comes once.
func (b *bench) brokenOnce() {
	want, d := b.whole()
	before := d.requests.Load()
	x, url := b.toxic(d)
	x.Break(d.largest.Load() / 2)
	closed := d.closed.Load()
	d.ended(func() {
		if d.closed.Load() > closed {
			x.Heal()
		}
	})
	src := b.source(url, func(s *fetch.Settings) { s.Retries = 5 })
	r := b.collect(b.t.Context(), src, b.s.Ask, &Recorder{})
	b.succeeds(r, want)
	if again := d.requests.Load() - before; again <= before {
		b.errorf("it made %d requests over a connection that breaks, and %d without", again, before)
	}
}

// brokenForGood breaks every connection early in the largest answer, so that
// asking for a half or a quarter of it does not help either: that is told, and no
// part of it is passed off as the whole.
func (b *bench) brokenForGood() {
	want, d := b.whole()
	x, url := b.toxic(d)
	x.Break(d.largest.Load() / 16)
	r := b.collect(b.t.Context(), b.source(url, func(s *fetch.Settings) { s.Retries = 1 }), b.s.Ask, &Recorder{})
	b.fails(r, errs.Unavailable)
	b.honest(r, want)
	if got := r.rec.Tally(); got == want {
		b.errorf("everything came over a connection that breaks: %+v", got)
	}
}

// reset resets connections as soon as there is an answer.
func (b *bench) reset() {
	x, url := b.toxic(b.open(nil))
	x.Reset()
	for _, r := range b.both(b.source(url, func(s *fetch.Settings) { s.Retries = 1 })) {
		b.fails(r, errs.Unavailable)
		b.soon(r)
	}
}

// tooMany checks that a source waits as long as the server asks, and no more
// than is bearable.
func (b *bench) tooMany() {
	want, d := b.whole()
	d.set(once(later(http.StatusTooManyRequests, 1)))
	r := b.collect(b.t.Context(), b.source(d.URL), b.s.Ask, &Recorder{})
	b.succeeds(r, want)
	if r.took < time.Second {
		b.errorf("it waited %v where the server asked for 1 s", r.took)
	}
	d.set(later(http.StatusTooManyRequests, 3600))
	for _, r := range b.both(b.source(d.URL)) {
		b.fails(r, errs.Unavailable)
		b.soon(r)
	}
}

// unavailable checks that a server that restarts is asked again.
func (b *bench) unavailable() {
	want, d := b.whole()
	d.set(once(later(http.StatusServiceUnavailable, -1)))
	b.succeeds(b.collect(b.t.Context(), b.source(d.URL), b.s.Ask, &Recorder{}), want)
	d.set(later(http.StatusServiceUnavailable, -1))
	for _, r := range b.both(b.source(d.URL, func(s *fetch.Settings) { s.Retries = 1 })) {
		b.fails(r, errs.Unavailable)
		b.soon(r)
	}
}

// failsLater fails from each of the first requests on: what came counts, and
// what did not come is told.
func (b *bench) failsLater() {
	want, d := b.whole()
	n := d.requests.Load()
	for k := int64(2); k <= min(n, 8); k++ {
		d.set(from(k, later(http.StatusServiceUnavailable, -1)))
		b.honest(b.collect(b.t.Context(), b.source(d.URL, func(s *fetch.Settings) { s.Retries = -1 }), b.s.Ask, &Recorder{}), want)
		d.set(from(k, answer(http.StatusForbidden, "application/json", `{"error":"no"}`)))
		b.honest(b.collect(b.t.Context(), b.source(d.URL), b.s.Ask, &Recorder{}), want)
	}
}

// loginPage answers as a log-in page before the server does.
func (b *bench) loginPage() {
	d := b.open(answer(http.StatusOK, "text/html; charset=utf-8", "<!doctype html><title>Log in</title><form>"))
	for _, r := range b.both(b.source(d.URL)) {
		b.fails(r, errs.Invalid)
	}
}

// huge answers without end.
func (b *bench) huge() {
	blank := bytes.Repeat([]byte{'\n'}, 64<<10)
	d := b.open(nil)
	d.set(changed(func(w http.ResponseWriter, _ *http.Request, h http.Header, body []byte) {
		w.Header().Set("Content-Type", h.Get("Content-Type"))
		body = bytes.TrimSpace(body)
		_, err := w.Write(body[:max(0, len(body)-1)])
		for sent := 0; err == nil && sent < 4*fetch.MaxBody; sent += len(blank) {
			_, err = w.Write(blank)
			d.sent.Add(int64(len(blank)))
		}
	}))
	for _, r := range b.both(b.source(d.URL, func(s *fetch.Settings) { s.Retries, s.Timeout = -1, time.Minute })) {
		b.fails(r, errs.Exhausted, errs.Invalid)
	}
	if n, most := d.sent.Load(), d.requests.Load()*(fetch.MaxBody+8<<20); n > most {
		b.errorf("it read %d MB in %d answers", n>>20, d.requests.Load())
	}
}

// truncated answers with the first half of each answer, of the right length.
func (b *bench) truncated() {
	if b.s.Lines {
		b.t.Skip("half of a text of lines is a text of lines")
	}
	want, _ := b.whole()
	d := b.open(changed(func(w http.ResponseWriter, _ *http.Request, h http.Header, body []byte) {
		w.Header().Set("Content-Type", h.Get("Content-Type"))
		_, _ = w.Write(body[:len(body)/2])
	}))
	for _, r := range b.both(b.source(d.URL)) {
		b.fails(r, errs.Invalid)
		b.honest(r, want)
	}
}

// lies answers with what is no answer: nothing is made of it.
func (b *bench) lies() {
	d := b.open(nil)
	for _, lie := range []string{
		"", "null", "0", `""`, "[]", "{}", "[[[[", `{"a":`, `[null]`, `{"data":null}`, `{"status":"success","data":[]}`, `{"items":[null,{}],"hits":{"hits":[null]}}`,
		"\x00\x01\xff\xfe", "not what you think",
	} {
		d.set(changed(func(w http.ResponseWriter, _ *http.Request, h http.Header, _ []byte) {
			w.Header().Set("Content-Type", h.Get("Content-Type"))
			_, _ = io.WriteString(w, lie)
		}))
		for _, r := range b.both(b.source(d.URL)) {
			if n := r.rec.Tally().Rows(); n > 0 {
				b.errorf("%s made %d rows of %q", r.what, n, lie)
			}
			if r.err != nil {
				b.fails(r, errs.Invalid, errs.Exhausted, errs.NotFound, errs.Unavailable, errs.Denied)
			}
		}
	}
}
