package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"triagent/internal/errs"
	"triagent/store"
)

// Problem is an answer that says what went wrong, after RFC 9457. It names
// where the fault is and what to do, and neither repeats what was sent nor shows
// the inside of the service: for that there is the log, under the request ID.
type Problem struct {
	Type      string  `json:"type" doc:"Always about:blank: the status says what kind of problem it is"`
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail,omitempty" doc:"One sentence for people"`
	Errors    []Fault `json:"errors,omitempty"`
	RequestID string  `json:"request_id" doc:"To be found in the log of the service"`
	Remedy    string  `json:"remedy,omitempty" doc:"What to do about it"`

	cause error         // for the log; nil: not worth one
	after time.Duration // when to try again; 0: not said
}

// Fault is one thing that is wrong with a request.
type Fault struct {
	Location string `json:"location" doc:"As body.title or query.limit"`
	Message  string `json:"message"`
}

// Error says what is wrong, in one sentence.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes JSON into that of problems.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

//nolint:gochecknoinits // huma has one function for errors in a process; it must be set before the first registration
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, msg string, list ...error) huma.StatusError {
		return newProblem(status, msg, list...)
	}
	huma.NewErrorWithContext = func(_ huma.Context, status int, msg string, list ...error) huma.StatusError {
		return newProblem(status, msg, list...)
	}
}

// newProblem makes a problem from a status and errors: those of a handler, which
// have a kind that decides the status, or those of checks of the request.
func newProblem(status int, msg string, list ...error) *Problem {
	if status == http.StatusInternalServerError && len(list) > 0 {
		return problemOf(errors.Join(list...))
	}
	p := problem(status, msg)
	for _, err := range list {
		if err == nil {
			continue
		}
		f := Fault{Message: err.Error()}
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			detail := d.ErrorDetail()
			f = Fault{Location: detail.Location, Message: detail.Message}
		}
		p.Errors = append(p.Errors, f)
	}
	return p
}

func problem(status int, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// Sentences for what a caller is not told more about.
const (
	saysInternal    = "The service met an error of its own. It is in the log under this request ID."
	saysUnavailable = "A part of the service cannot answer now."
	saysSlow        = "The answer took longer than it may."
	saysRemedy      = "Try again in a moment."
)

// problemOf makes a problem from an error: its kind decides the status, and only
// what is written for callers is shown.
func problemOf(err error) *Problem {
	var se huma.StatusError
	var big *http.MaxBytesError
	var held *store.BusyError
	switch {
	case errors.Is(err, store.ErrNoRoom):
		p := remedied(problem(http.StatusInsufficientStorage, sentence(store.ErrNoRoom.Error())), or(sentence(remedyOf(err)), saysRemedy))
		p.cause = err
		return p
	case errors.As(err, &held):
		p := remedied(problem(http.StatusServiceUnavailable, sentence(held.Error())), sentence(remedyOf(err)))
		p.after = held.After
		return p
	case errors.Is(err, store.ErrManyUploads):
		p := remedied(problem(http.StatusTooManyRequests, sentence(store.ErrManyUploads.Error())), sentence(remedyOf(err)))
		p.after = time.Minute
		return p
	case errors.Is(err, store.ErrStale):
		return remedied(problem(http.StatusPreconditionFailed, sentence(store.ErrStale.Error())), "Load it again and repeat the change.")
	case errors.Is(err, store.ErrFull):
		p := remedied(problem(http.StatusServiceUnavailable, sentence(store.ErrFull.Error())), "Try again in half a minute; nothing was accepted.")
		p.after = 30 * time.Second
		return p
	case errors.As(err, &big):
		return problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("The body is longer than %d bytes.", big.Limit))
	case errors.Is(err, context.DeadlineExceeded):
		p := remedied(problem(http.StatusServiceUnavailable, saysSlow), saysRemedy)
		p.cause, p.after = err, 2*time.Second
		return p
	case errors.Is(err, context.Canceled):
		return problem(http.StatusServiceUnavailable, "The caller gave up.")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return problem(http.StatusBadRequest, "The body ended before its end.")
	case errors.As(err, &se):
		if p, ok := se.(*Problem); ok { //nolint:errorlint // found by As above
			return p
		}
		return problem(se.GetStatus(), se.Error())
	}
	return problemOfKind(err)
}

// remedyOf is what an error says is to be done.
func remedyOf(err error) string {
	var e *errs.Error
	if !errors.As(err, &e) {
		return ""
	}
	return e.Remedy
}

func problemOfKind(err error) *Problem {
	var e *errs.Error
	if !errors.As(err, &e) {
		return internal(err)
	}
	var status int
	switch e.Kind {
	case errs.Invalid:
		status = http.StatusUnprocessableEntity
	case errs.NotFound:
		status = http.StatusNotFound
	case errs.Denied:
		status = http.StatusForbidden
	case errs.Exhausted:
		status = http.StatusRequestEntityTooLarge
	case errs.Unavailable:
		p := remedied(problem(http.StatusServiceUnavailable, saysUnavailable), or(sentence(e.Remedy), saysRemedy))
		p.cause, p.after = err, 5*time.Second
		return p
	case errs.Internal:
		return internal(err)
	default:
		return internal(err)
	}
	text := e.Err.Error()
	if e.File != "" {
		text = e.Place() + ": " + text
	}
	return remedied(problem(status, sentence(text)), sentence(e.Remedy))
}

func internal(err error) *Problem {
	p := problem(http.StatusInternalServerError, saysInternal)
	p.cause = err
	return p
}

func remedied(p *Problem, remedy string) *Problem {
	p.Remedy = remedy
	return p
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// sentence begins with a capital and ends with a full stop, and is bounded.
func sentence(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	if s == "" {
		return ""
	}
	if r := []rune(s); len(r) > 1000 {
		s = string(r[:1000]) + " ..."
	}
	if c := s[0]; c >= 'a' && c <= 'z' && !strings.ContainsAny(firstWord(s), "/_.:=\"") {
		s = string(c-'a'+'A') + s[1:]
	}
	if strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

func firstWord(s string) string {
	w, _, _ := strings.Cut(s, " ")
	return w
}

// WriteProblem answers with a problem, outside of huma: an error of a kind of
// package errs, or a huma.StatusError.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	writeProblem(w, r, problemOf(err))
}

func writeProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	q := *p
	q.RequestID = RequestID(r.Context())
	h := w.Header()
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	if q.after > 0 {
		h.Set("Retry-After", seconds(q.after))
	}
	w.WriteHeader(q.Status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(q) // the caller is gone: nobody to tell
	}
}

func seconds(d time.Duration) string {
	return strconv.Itoa(max(int((d+time.Second-1)/time.Second), 1))
}

// transform completes a problem on its way out, and logs what the caller is not
// told.
func (s *Server) transform(ctx huma.Context, _ string, v any) (any, error) {
	p, ok := v.(*Problem)
	if !ok {
		return v, nil
	}
	q := *p
	q.RequestID = RequestID(ctx.Context())
	ctx.SetHeader("Cache-Control", "no-store")
	if q.after > 0 {
		ctx.SetHeader("Retry-After", seconds(q.after))
	}
	s.logProblem(ctx.Context(), &q)
	return &q, nil
}

func (s *Server) logProblem(ctx context.Context, p *Problem) {
	if p.cause == nil {
		return
	}
	if p.Status == http.StatusInternalServerError {
		s.c.Log.ErrorContext(ctx, "a request failed", slog.String("request_id", p.RequestID), slog.Any("error", p.cause))
		return
	}
	s.c.Log.WarnContext(ctx, "a request could not be answered", slog.String("request_id", p.RequestID), slog.Int("status", p.Status), slog.Any("error", p.cause))
}
