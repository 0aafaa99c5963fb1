// Package fetch is how sources ask servers over HTTP: gently (so many requests
// at once and a second, and no more), patiently (retries with growing waits that
// honour Retry-After) and with bounds (time, size). What goes wrong becomes an
// error of the right kind with a remedy. Nothing here follows a redirect to
// another host, and no error holds a password, a token or a header.
package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"triagent/connectors"
	"triagent/internal/errs"
)

// MaxBody bounds an answer whose request states no bound, in bytes.
const MaxBody = 64 << 20

// Client asks one server. It is safe for concurrent use; Close it.
type Client struct {
	base  *url.URL
	s     Settings
	http  *http.Client
	slots *semaphore.Weighted
	pace  *rate.Limiter
	retry failsafe.Executor[any]

	mu    sync.Mutex
	clock connectors.Clock // narrowest bounds so far
	known bool
	load  connectors.Load
}

// New checks the settings, reads the files they name and connects to nothing.
func New(s Settings) (*Client, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	s.fill()
	t, err := s.TLS.Config()
	if err != nil {
		return nil, err
	}
	proxy, err := s.proxy()
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimRight(s.URL, "/"))
	if err != nil {
		return nil, errs.New(errs.Invalid, "url: not readable")
	}
	c := &Client{
		base: base, s: s, slots: semaphore.NewWeighted(int64(s.AtOnce)), pace: rate.NewLimiter(rate.Limit(s.Rate), max(1, int(s.Rate))),
		http: &http.Client{
			Transport: &http.Transport{
				Proxy: proxy, TLSClientConfig: t, ForceAttemptHTTP2: true, MaxConnsPerHost: s.AtOnce, MaxIdleConnsPerHost: s.AtOnce,
				OnProxyConnectResponse: tunnel, IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10,
			},
			CheckRedirect: sameHost,
		},
	}
	c.retry = failsafe.With[any](c.policy())
	return c, nil
}

// sameHost lets a server send us on within itself: our credentials go with us.
func sameHost(r *http.Request, via []*http.Request) error {
	if len(via) > 3 || r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme {
		return http.ErrUseLastResponse
	}
	return nil
}

// jitter is by what part a wait is made shorter or longer, so that clients that
// failed together do not come back together.
const jitter = .2

func (c *Client) policy() failsafe.Policy[any] {
	return retrypolicy.NewBuilder[any]().
		HandleIf(func(_ any, err error) bool { var f *failure; return errors.As(err, &f) && f.again }).
		WithMaxRetries(c.s.Retries).WithBackoff(200*time.Millisecond, 10*time.Second).WithJitterFactor(jitter).
		WithDelayFunc(func(e failsafe.ExecutionAttempt[any]) time.Duration {
			var f *failure
			if errors.As(e.LastError(), &f) && f.after > 0 {
				return time.Duration(float64(f.after) / (1 - jitter)) // the jitter must not make it less
			}
			return -1
		}).
		OnRetry(func(failsafe.ExecutionEvent[any]) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.load.Retries++
		}).ReturnLastFailure().Build()
}

// Close ends idle connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// URL is the address of the server, as configured. It holds no secret.
func (c *Client) URL() string { return c.base.String() }

// Load is what was asked so far.
func (c *Client) Load() connectors.Load {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.load
}

// Request is one question. The zero Method is GET, or POST if there is a Body.
type Request struct {
	Method string
	Path   string // below the URL of the settings, as "/api/v1/query_range"; not escaped
	Query  url.Values
	Body   []byte      // sent as it is; nil: none
	Header http.Header // beside those of the settings; Content-Type is JSON if there is a Body and none is given
	Accept string      // media type that the answer must have, as "application/json"; empty: any
	Max    int64       // bytes of the answer, decompressed; 0: MaxBody
	Once   bool        // do not try again
}

// JSON asks and decodes the answer into out.
func (c *Client) JSON(ctx context.Context, r Request, out any) error {
	if r.Accept == "" {
		r.Accept = "application/json"
	}
	return c.Read(ctx, r, func(body io.Reader) error {
		if err := json.NewDecoder(body).Decode(out); err != nil {
			return fmt.Errorf("JSON: %w", err)
		}
		return nil
	})
}

// Read asks and gives the body of a good answer to read. If the connection
// breaks in the middle, read is called again from the start: it must not keep
// what an earlier call got. An error of read that is not of the connection ends
// it; without a kind of its own it becomes errs.Invalid: not understood.
func (c *Client) Read(ctx context.Context, r Request, read func(io.Reader) error) error {
	try := func(failsafe.Execution[any]) error { return c.once(ctx, r, read) }
	var err error
	if r.Once {
		err = c.once(ctx, r, read)
	} else {
		err = c.retry.WithContext(ctx).RunWithExecution(try)
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var f *failure
	if errors.As(err, &f) {
		return &errs.Error{Op: c.base.Host, Kind: f.kind, Remedy: f.remedy, Err: f.err}
	}
	return err
}

// once is one try. Its errors are failures, or those of read.
func (c *Client) once(ctx context.Context, r Request, read func(io.Reader) error) error {
	if err := c.slots.Acquire(ctx, 1); err != nil {
		return err
	}
	defer c.slots.Release(1)
	if err := c.pace.Wait(ctx); err != nil {
		return &failure{kind: errs.Exhausted, err: errors.New("its turn would have come after the time was over"), remedy: "raise rate, or ask for a shorter span"}
	}
	caller := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, c.s.Timeout, errLate)
	defer cancel()
	req, err := c.request(ctx, r)
	if err != nil {
		return err
	}
	begun := time.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		c.count(0)
		return c.failed(ctx, err)
	}
	defer func() { _ = resp.Body.Close() }()
	c.noteClock(resp.Header, begun, time.Now())
	body := &counted{r: resp.Body, left: r.Max}
	if body.left == 0 {
		body.left = MaxBody
	}
	defer func() { c.count(body.n) }()
	if err := c.refused(resp, r, body); err != nil {
		return tooLate(caller, err)
	}
	err = read(body)
	if err == nil && body.err == nil { // a connection whose answer was read to its end is used again
		_, _ = io.CopyN(io.Discard, resp.Body, rest)
	}
	switch {
	case body.err != nil: // whatever read made of it
		return c.failed(ctx, body.err)
	case err == nil || errs.KindOf(err) != errs.Internal:
		return err
	}
	return &failure{kind: errs.Invalid, err: fmt.Errorf("its answer is not understood: %w", err), remedy: "check that the URL is that of the right kind of server"}
}

// rest is how much is read of an answer beyond what was wanted of it, in bytes.
const rest = 4 << 10

// tooLate makes a failure final whose wait would end after the caller's time: it
// says more than that the time is over.
func tooLate(ctx context.Context, err error) error {
	var f *failure
	if at, ok := ctx.Deadline(); ok && errors.As(err, &f) && f.again && f.after > 0 && time.Until(at) < f.after {
		f.again, f.remedy = false, fmt.Sprintf("it asks to wait %v, which is longer than there is time", f.after)
	}
	return err
}

func (c *Client) request(ctx context.Context, r Request) (*http.Request, error) {
	u := c.base.JoinPath(r.Path)
	u.RawQuery = r.Query.Encode()
	method := r.Method
	if method == "" {
		method = http.MethodGet
		if r.Body != nil {
			method = http.MethodPost
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, errs.New(errs.Invalid, "no request can be made of the URL and %s", r.Path)
	}
	req.Header.Set("User-Agent", "triagent")
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.Accept != "" {
		req.Header.Set("Accept", r.Accept)
	}
	for k, v := range r.Header {
		req.Header[k] = v
	}
	for k, v := range c.s.Headers {
		req.Header.Set(k, string(v))
	}
	switch {
	case c.s.Token != "":
		req.Header.Set("Authorization", "Bearer "+string(c.s.Token))
	case c.s.User != "":
		req.SetBasicAuth(c.s.User, string(c.s.Password))
	}
	return req, nil
}

func (c *Client) count(bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load.Requests++
	c.load.Bytes += bytes
}

// isType reports whether an answer has the media type that is wanted.
func isType(h http.Header, want string) bool {
	got, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (got == want || strings.HasSuffix(want, "/json") && strings.HasSuffix(got, "+json"))
}
