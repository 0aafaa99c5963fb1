package api

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// A held is a connection whose deadline can be seen.
type held struct {
	*httptest.ResponseRecorder

	until time.Time
}

func (h *held) SetReadDeadline(t time.Time) error {
	h.until = t
	return nil
}

// TestHurried gives requests with and without a body: only a body is bounded, so
// that streams of events are not cut.
func TestHurried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Config{Store: &lone{}})
		for length, want := range map[int64]time.Duration{0: 0, 5: bodyTime, -1: bodyTime} {
			for _, path := range []string{"/", "/healthz", "/api/v1/nothing", "/api/v1/session", "/api/v1/events/x"} {
				r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
				r.ContentLength = length
				h := &held{ResponseRecorder: httptest.NewRecorder()}
				s.Handler().ServeHTTP(h, r)
				var got time.Duration
				if !h.until.IsZero() {
					got = time.Until(h.until)
				}
				if got != want {
					t.Errorf("%s with a body of %d: %v, want %v", path, length, got, want)
				}
			}
		}
	})
}

// TestPatient reads a body to its end, and one that stops coming: the deadline is
// moved on, and gone at the end, lest it ends what is done with the body.
func TestPatient(t *testing.T) {
	for name, c := range map[string]struct {
		body   io.Reader
		fixed  bool
		status int  // of the error; 0: none
		moved  bool // there is a deadline afterwards
	}{
		"whole":       {body: strings.NewReader("abc")},
		"whole words": {body: strings.NewReader("abc"), fixed: true},
		"late":        {body: io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(os.ErrDeadlineExceeded)), status: http.StatusRequestTimeout, moved: true},
		"late words":  {body: iotest.ErrReader(&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}), fixed: true, status: http.StatusRequestTimeout},
	} {
		h := &held{ResponseRecorder: httptest.NewRecorder()}
		_, err := io.ReadAll(&patient{r: c.body, rc: http.NewResponseController(h), fixed: c.fixed})
		if c.status == 0 && err != nil || c.status != 0 && problemOf(fmt.Errorf("read: %w", err)).Status != c.status {
			t.Errorf("%s: %v", name, err)
		}
		if !h.until.IsZero() != c.moved {
			t.Errorf("%s: the deadline is %v", name, h.until)
		}
	}
}
