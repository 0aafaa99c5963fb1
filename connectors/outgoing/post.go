package outgoing

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/internal/errs"
)

// MaxAnswer is how much of an answer is read.
const MaxAnswer = 64 << 10

// Later is an error after which a retry may succeed, with the time that the
// other end asked for.
type Later struct {
	Err   error
	After time.Duration // 0: not said
}

var _ connectors.Delay = (*Later)(nil)

// Error tells the cause.
func (e *Later) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Later) Unwrap() error { return e.Err }

// RetryAfter returns how long the other end asked to wait; 0: not said.
func (e *Later) RetryAfter() time.Duration { return e.After }

// Unavailable returns an error of kind errs.Unavailable with the time to wait.
func Unavailable(after time.Duration, format string, args ...any) error {
	return &Later{Err: errs.New(errs.Unavailable, format, args...), After: after}
}

// CheckURL says whether a text is the http or https URL of a channel. The
// error names the field and nothing of the URL.
func CheckURL(field string, raw connectors.Secret) error {
	u, err := url.Parse(string(raw))
	switch {
	case raw == "":
		return errs.New(errs.Invalid, "%s: it is missing", field)
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return errs.New(errs.Invalid, "%s: it is not a URL as https://host/path", field)
	case u.Scheme != "https" && u.Scheme != "http":
		return errs.New(errs.Invalid, "%s: only http and https can be used", field)
	case u.Fragment != "" || len(raw) > 4096:
		return errs.New(errs.Invalid, "%s: the URL is too long or has a fragment", field)
	}
	return nil
}

// PostJSON posts a body with the given further headers and returns the body of
// a 2xx answer, at most MaxAnswer bytes of it. Every other answer, and no
// answer, is an error of the kind that connectors.Sender asks for.
func PostJSON(ctx context.Context, client *http.Client, to connectors.Secret, body []byte, header http.Header) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, string(to), bytes.NewReader(body))
	if err != nil {
		return nil, errs.New(errs.Invalid, "the URL of the channel cannot be used")
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "triagent")
	resp, err := client.Do(req)
	if err != nil {
		return nil, Failure(err)
	}
	defer resp.Body.Close() //nolint:errcheck // what is left of it is not wanted
	answer, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer))
	if resp.StatusCode >= 200 && resp.StatusCode < 300 && err == nil {
		return answer, nil
	}
	if err != nil && resp.StatusCode < 300 {
		return nil, Failure(err)
	}
	return answer, Refusal(resp.StatusCode, resp.Header, answer)
}

// Refusal turns the status of an answer that is not 2xx into an error. What the
// body says is quoted, cleaned and short.
func Refusal(status int, header http.Header, body []byte) error {
	said := Clip(Clean(strings.Join(strings.Fields(string(body)), " ")), 200)
	if said != "" {
		said = ": " + said
	}
	text := fmt.Sprintf("the other end answered %d %s%s", status, http.StatusText(status), said)
	switch {
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return &Later{Err: errs.New(errs.Unavailable, "%s", text), After: retryAfter(header, time.Now())}
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusConflict:
		return errs.New(errs.Unavailable, "%s", text)
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return &errs.Error{Kind: errs.Denied, Err: errors.New(text), Remedy: "renew the token or the URL of the channel"}
	case status >= 300 && status < 400:
		return &errs.Error{Kind: errs.Invalid, Err: errors.New(text), Remedy: "redirects are not followed: enter the URL that it leads to"}
	case status == http.StatusNotFound, status == http.StatusGone:
		return &errs.Error{Kind: errs.Denied, Err: errors.New(text), Remedy: "the webhook is gone: enter the URL of a new one"}
	}
	return errs.New(errs.Invalid, "%s", text)
}

// Failure turns the error of a request that got no answer into one that holds
// no URL.
func Failure(err error) error {
	var refused errRefused
	var unknown *net.DNSError
	var cert *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var op *net.OpError
	switch {
	case errors.As(err, &refused):
		return refusal(refused)
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return errs.New(errs.Unavailable, "no answer in time")
	case errors.Is(err, context.Canceled):
		return &errs.Error{Kind: errs.Unavailable, Err: context.Canceled}
	case errors.As(err, &unknown):
		return errs.New(errs.Unavailable, "the host name has no address")
	case errors.As(err, &cert), errors.As(err, &authority):
		return &errs.Error{Kind: errs.Unavailable, Err: errors.New("the certificate of the other end is not trusted"), Remedy: "add its authority to the system's trusted certificates"}
	case errors.As(err, &op):
		return errs.New(errs.Unavailable, "no connection: %v", op.Err)
	}
	return errs.New(errs.Unavailable, "the connection broke before an answer came")
}

func refusal(err errRefused) error {
	return &errs.Error{Kind: errs.Invalid, Err: err, Remedy: "link-local and metadata addresses are refused always, private ones by configuration"}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// retryAfter reads the header in both of its forms, at most a day.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	var d time.Duration
	if n, err := strconv.Atoi(v); err == nil {
		d = time.Duration(min(max(n, 0), 86400)) * time.Second
	} else if at, err := http.ParseTime(v); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), 24*time.Hour)
}
