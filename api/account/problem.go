package account

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"triagent/internal/errs"
	"triagent/store"
)

// retryAfter is what 429 and 503 advise, in seconds.
const (
	retryLimited = "60"
	retryBusy    = "5"
)

// headers are those that go with a refusal.
func (r refusal) headers() map[string]string {
	switch r.status {
	case http.StatusUnauthorized:
		return map[string]string{"WWW-Authenticate": `Bearer realm="triagent"`}
	case http.StatusTooManyRequests:
		return map[string]string{"Retry-After": retryLimited}
	case http.StatusServiceUnavailable:
		return map[string]string{"Retry-After": retryBusy}
	}
	return nil
}

// write answers with the refusal as problem+json.
func (r refusal) write(w http.ResponseWriter) {
	for name, value := range r.headers() {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(r.status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // nobody is there to be told
		"type": "about:blank", "title": http.StatusText(r.status), "status": r.status,
		"detail": r.detail, "request_id": w.Header().Get("X-Request-Id"),
	})
}

// err is the refusal as the error of a huma handler.
func (r refusal) err() error {
	e := huma.NewError(r.status, r.detail)
	if h := r.headers(); len(h) > 0 {
		header := http.Header{}
		for name, value := range h {
			header.Set(name, value)
		}
		return huma.ErrorWithHeaders(e, header)
	}
	return e
}

// refused makes the error of a huma handler.
func refused(status int, detail string) error { return refusal{status, detail}.err() }

// message is what an error says to people: the sentence of its outermost kind,
// without the operations it came through.
func message(err error) string {
	var e *errs.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	if e.Remedy != "" {
		return e.Err.Error() + " " + e.Remedy
	}
	return e.Err.Error()
}

// problem picks the status of an error of the store or of ours. Those of kind
// Internal and Unavailable pass as they are: their causes are the inside of the
// service, which the server logs and hides.
func problem(err error) error {
	var status huma.StatusError
	switch {
	case err == nil, errors.As(err, &status):
		return err
	case errors.Is(err, errBusy):
		return refused(http.StatusServiceUnavailable, message(err))
	case errors.Is(err, store.ErrStale):
		return refused(http.StatusPreconditionFailed, "Someone else changed it in the meantime: reload, look and try again.")
	}
	switch errs.KindOf(err) {
	case errs.NotFound:
		return refused(http.StatusNotFound, message(err))
	case errs.Invalid:
		return refused(http.StatusUnprocessableEntity, message(err))
	case errs.Denied:
		return refused(http.StatusForbidden, message(err))
	case errs.Exhausted:
		return refused(http.StatusServiceUnavailable, message(err))
	}
	return err
}

// statusOf is the status that an error asks for, 0 for none.
func statusOf(err error) int {
	var s huma.StatusError
	if errors.As(err, &s) {
		return s.GetStatus()
	}
	return 0
}
