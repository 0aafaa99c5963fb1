package fetch

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"triagent/connectors"
)

func TestRetryAfter(t *testing.T) {
	date := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		value, date string
		want        time.Duration
	}{
		{"", "", 0},
		{"7", "", 7 * time.Second},
		{" 7 ", "", 7 * time.Second},
		{"-7", "", 0},
		{"soon", "", 0},
		{"99999999999999999999999", "", 1 << 20 * time.Second},
		{date.Add(90 * time.Second).Format(http.TimeFormat), date.Format(http.TimeFormat), 90 * time.Second}, // whatever our clock says
		{date.Format(http.TimeFormat), date.Add(time.Hour).Format(http.TimeFormat), 0},
		{date.Format(http.TimeFormat), "", 0}, // is past
	} {
		h := http.Header{"Retry-After": {tt.value}}
		if tt.date != "" {
			h.Set("Date", tt.date)
		}
		if got := retryAfter(h); got != tt.want {
			t.Errorf("%q at %q: %v, want %v", tt.value, tt.date, got, tt.want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("3", "")
	f.Add("Fri, 20 Nov 2026 10:00:00 GMT", "Fri, 20 Nov 2026 09:00:00 GMT")
	f.Fuzz(func(t *testing.T, v, date string) {
		if d := retryAfter(http.Header{"Retry-After": {v}, "Date": {date}}); d < 0 {
			t.Errorf("%q at %q: %v", v, date, d)
		}
	})
}

func FuzzSaid(f *testing.F) {
	f.Add([]byte("not\x00now\r\n, please"), "please")
	f.Add([]byte("<html>"), "")
	f.Add(bytes.Repeat([]byte("ä"), 400), "ää")
	f.Fuzz(func(t *testing.T, body []byte, secret string) {
		s := &Settings{Token: connectors.Secret(secret)}
		got := said(bytes.NewReader(body), s)
		switch {
		case strings.ContainsAny(got, "\n\r\x00\x1b"), !utf8.ValidString(got), len(got) > 4*300+2:
			t.Errorf("%q says %q", body, got)
		case len(secret) >= 6 && !strings.Contains("***", secret) && strings.Contains(got, secret) && !strings.Contains(secret, "*") && !strings.Contains(": ", secret[:1]):
			t.Errorf("%q tells %q", got, secret)
		}
	})
}

func TestHidden(t *testing.T) {
	s := &Settings{
		User: "u", Password: "passw0rd", Token: "t0ken-x",
		Headers: map[string]connectors.Secret{"Authorization": "ApiKey c2VjcmV0", "X-Long": "t0ken-x-and-more", "X-Tenant": "a"},
	}
	got := s.hidden("passw0rd, t0ken-x, c2VjcmV0, t0ken-x-and-more, dTpwYXNzdzByZA==, a")
	if got != "***, ***, ***, ***, ***, a" {
		t.Errorf("got %q", got)
	}
}

func TestCounted(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		name string
		r    io.Reader
		left int64
		want string
		err  error // of reading
		kept error
	}{
		{"short", strings.NewReader("abc"), 5, "abc", nil, nil},
		{"of the very length", strings.NewReader("abc"), 3, "abc", nil, nil},
		{"too long", strings.NewReader("abcd"), 3, "abc", errHuge, errHuge},
		{"broken", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("abc"))), 5, "a", iotest.ErrTimeout, iotest.ErrTimeout},
		{"broken at its end", io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)), 3, "abc", broken, broken},
		{"nothing at first", io.MultiReader(strings.NewReader("abc"), &lazy{}), 3, "abc", nil, nil},
	} {
		c := &counted{r: tt.r, left: tt.left}
		got, err := io.ReadAll(c)
		if string(got) != tt.want || !errors.Is(err, tt.err) || !errors.Is(c.err, tt.kept) || c.n != int64(len(tt.want)) {
			t.Errorf("%s: %q, %v, keeps %v after %d bytes", tt.name, got, err, c.err, c.n)
		}
	}
}

// lazy gives nothing once before it ends.
type lazy struct{ asked bool }

func (l *lazy) Read([]byte) (int, error) {
	if l.asked {
		return 0, io.EOF
	}
	l.asked = true
	return 0, nil
}

func TestNoteClock(t *testing.T) {
	c, err := New(Settings{URL: "http://h:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Clock(); ok {
		t.Error("it knows a clock that it never saw")
	}
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	note := func(ahead, took time.Duration, more ...string) {
		h := http.Header{"Date": {now.Add(ahead).Format(http.TimeFormat)}}
		if len(more) > 0 {
			h.Set("Age", more[0])
		}
		c.noteClock(h, now, now.Add(took))
	}
	check := func(least, most time.Duration) {
		t.Helper()
		if got, ok := c.Clock(); !ok || got.Of != "h:1" || got.Least != least.Nanoseconds() || got.Most != most.Nanoseconds() {
			t.Errorf("%+v, want %v to %v", got, least, most)
		}
	}
	note(5*time.Second, 2*time.Second)
	check(3*time.Second, 6*time.Second)
	note(5*time.Second, 100*time.Millisecond)
	check(4900*time.Millisecond, 6*time.Second)
	note(-time.Hour, 0, "3600") // kept by a proxy
	check(4900*time.Millisecond, 6*time.Second)
	c.noteClock(http.Header{"Date": {"yesterday"}}, now, now)
	check(4900*time.Millisecond, 6*time.Second)
	note(-time.Minute, 0) // it was set
	check(-time.Minute, -59*time.Second)
}

func TestTooLate(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for after, again := range map[time.Duration]bool{time.Second: true, time.Hour: false, 0: true} {
		f := &failure{again: true, after: after, err: errLate}
		if _ = tooLate(ctx, f); f.again != again {
			t.Errorf("a wait of %v within a minute: tries again %v", after, f.again)
		}
	}
}
