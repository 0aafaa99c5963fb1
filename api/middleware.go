package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/klauspost/compress/gzhttp"

	"triagent/internal/errs"
)

type requestKey struct{}

// RequestID is the ID of the request that ctx belongs to; empty outside of one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// identify gives every request an ID: that of the caller, if it is a decent one,
// or a new one.
func identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("X-Request-Id")
		if !decent(id) {
			var b [8]byte
			_, _ = rand.Read(b[:]) // never fails
			id = hex.EncodeToString(b[:])
		}
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, id)))
	})
}

// bodyTime is how long a body may take that no operation waits for longer: one
// that was refused, or that nobody reads.
const bodyTime = 30 * time.Second

// hurried bounds how long a body may take to come, before anybody reads it. The
// server reads the rest of a body that a handler left before it sends the answer:
// without a bound a stranger could keep a connection with it for ever. Operations
// that read long bodies move the bound on while bytes come.
func hurried(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			// A connection that cannot be bounded is not one of the server's.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
			r.Body = sent{r.Body}
		}
		next.ServeHTTP(w, r)
	})
}

// sent is a body as it was sent. Where its framing is wrong, which net/http tells
// with errors that have no names, the sender is at fault and not the service.
type sent struct{ io.ReadCloser }

func (s sent) Read(b []byte) (int, error) {
	n, err := s.ReadCloser.Read(b)
	var late net.Error
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, http.ErrBodyReadAfterClose),
		errors.Is(err, context.Canceled), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &late) && late.Timeout():
		return n, err
	}
	return n, problem(http.StatusBadRequest, "The body could not be read: it did not come as its headers say.")
}

func decent(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// recovered turns a panic into a problem: it costs one request.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
		defer func() {
			if v := recover(); v != nil {
				s.panicked(ww, r, v)
			}
		}()
		next.ServeHTTP(ww, r)
	})
}

// panicked tells of a panic in the log, and the caller if nothing was told yet.
func (s *Server) panicked(w middleware.WrapResponseWriter, r *http.Request, v any) {
	if v == http.ErrAbortHandler { //nolint:errorlint,err113 // this very value, by the rules of net/http
		panic(v)
	}
	p := internal(&errs.Error{Op: "answer", Kind: errs.Internal, Err: fmt.Errorf("panic: %v\n%s", v, debug.Stack())})
	p.RequestID = RequestID(r.Context())
	s.logProblem(r.Context(), p)
	if w.Status() == 0 {
		writeProblem(w, r, p)
	}
}

// csp lets the page load what it is built of, from here, and nothing else.
// Styles may stand in elements: the page's components put theirs there.
const csp = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
	"font-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self' blob:; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// secured sets the headers that keep an answer from being misused.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if strings.HasPrefix(r.URL.Path, "/api/") {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}

// legible refuses addresses that no name can have: text that is not UTF-8, or
// with a NUL in it, which databases refuse.
func legible(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := url.QueryUnescape(r.URL.RawQuery)
		if err != nil || !utf8.ValidString(query) || strings.ContainsRune(query, 0) ||
			!utf8.ValidString(r.URL.Path) || strings.ContainsRune(r.URL.Path, 0) {
			writeProblem(w, r, problem(http.StatusBadRequest, "The address holds characters that no name can have."))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// How answers are compressed: from this size on, and how hard.
const (
	minZip   = 1400
	zipLevel = 4
)

// compressed makes text smaller on its way, from a size on. Streams of events
// do not pass through it: they are not in the list of types.
func compressed() (func(http.Handler) http.HandlerFunc, error) {
	return gzhttp.NewWrapper(
		gzhttp.MinSize(minZip),
		gzhttp.CompressionLevel(zipLevel),
		gzhttp.ContentTypes([]string{"application/json", problemType, "application/openapi+json", "text/html", "text/markdown", "text/plain"}),
		gzhttp.SetContentType(false),
	)
}
