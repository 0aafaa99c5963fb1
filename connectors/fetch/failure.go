package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"triagent/connectors"
	"triagent/internal/errs"
)

// failure is why a try failed and whether another may succeed.
type failure struct {
	kind   errs.Kind
	err    error
	remedy string
	again  bool
	after  time.Duration // how long the server asked to wait; 0: it did not
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// statusError is an answer that is no success.
type statusError struct {
	code  int
	said  string
	after time.Duration // how long to wait; 0: not said
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d%s", e.code, e.said) }

// StatusOf returns the HTTP status that an error of this package comes from; 0:
// it comes from none.
func StatusOf(err error) int {
	var e *statusError
	if errors.As(err, &e) {
		return e.code
	}
	return 0
}

// AfterOf returns how long the server asked to wait before another try; 0: it did
// not.
func AfterOf(err error) time.Duration {
	var e *statusError
	if errors.As(err, &e) {
		return e.after
	}
	return 0
}

// Late reports whether an error is of an answer that did not come in time.
func Late(err error) bool { return errors.Is(err, errLate) }

// Huge reports whether an error is of an answer that is longer than is read.
func Huge(err error) bool { return errors.Is(err, errHuge) }

var (
	errLate = errors.New("it did not answer in time")
	errHuge = errors.New("its answer is longer than is read")
)

const remedyProxy = "the proxy wants a log-in: put it into proxy, as http://user:password@host:port"

// tunnel says what the answer of a proxy means that is asked to let us through to
// a server that speaks TLS.
func tunnel(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode/100 == 2 {
		return nil
	}
	f := &failure{kind: errs.Unavailable, again: resp.StatusCode >= 500, err: fmt.Errorf("the proxy answers with status %d", resp.StatusCode), remedy: "check proxy, and what it lets through"}
	if code := resp.StatusCode; code == http.StatusProxyAuthRequired || code == http.StatusForbidden {
		f.kind, f.remedy = errs.Denied, remedyProxy
	}
	return f
}

// longest is how long a server may make us wait before another try.
const longest = 30 * time.Second

// failed says what an error of the connection means.
func (c *Client) failed(ctx context.Context, err error) error {
	f := &failure{kind: errs.Unavailable, again: true, remedy: "check the URL, that the server runs, and that this machine may reach it"}
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		alert   tls.AlertError
		record  tls.RecordHeaderError
		dns     *net.DNSError
		op      *net.OpError
		told    *failure
	)
	switch {
	case errors.As(err, &told): // of the proxy
		return told
	case errors.Is(err, errHuge):
		return &failure{kind: errs.Exhausted, err: errHuge, remedy: "ask for a shorter span or fewer nodes"}
	case errors.Is(context.Cause(ctx), errLate):
		f.err, f.again, f.remedy = fmt.Errorf("%w (%v)", errLate, c.s.Timeout), false, "raise timeout, or ask for a shorter span"
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &unknown):
		f.denied("its certificate is signed by nobody who is trusted", "name its authority with tls: ca")
	case errors.As(err, &name):
		f.denied("its certificate is for another name", "use that name in the URL, or give it with tls: server_name")
	case errors.As(err, &invalid):
		f.denied("its certificate is not valid: "+invalid.Error(), "renew the certificate, and check the clocks")
	case errors.As(err, &alert), strings.Contains(err.Error(), "remote error: tls"):
		f.denied("it refused us in the TLS handshake", "give a certificate that it accepts with tls: cert and key")
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		f.kind, f.again, f.err, f.remedy = errs.Invalid, false, errors.New("it does not speak TLS"), "use http:// in the URL"
	case errors.As(err, &op) && op.Op == "proxyconnect":
		f.err, f.remedy = fmt.Errorf("the proxy does not let us through: %w", op.Err), "check proxy, and that the proxy runs"
	case errors.As(err, &dns):
		f.err = fmt.Errorf("its name %s is not known", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		f.err = errors.New("nothing listens there")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		f.err, f.remedy = errors.New("the connection broke off"), "it may be overloaded or restarting; try again"
	default:
		f.err = withoutURL(err)
	}
	return f
}

func (f *failure) denied(what, remedy string) {
	f.kind, f.again, f.err, f.remedy = errs.Denied, false, errors.New(what), remedy
}

// withoutURL takes the address out of an error of the HTTP client: it is named
// already.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// refused says what an answer that is no success means; nil for a success.
func (c *Client) refused(resp *http.Response, r Request, body io.Reader) error {
	code := resp.StatusCode
	if code/100 == 2 {
		if r.Accept != "" && code != http.StatusNoContent && !isType(resp.Header, r.Accept) {
			return &failure{
				kind: errs.Invalid, err: fmt.Errorf("it answers with %.60q where %s is wanted", resp.Header.Get("Content-Type"), r.Accept),
				remedy: "check that the URL is that of the right kind of server, and not of a log-in page before it",
			}
		}
		return nil
	}
	f := &failure{kind: errs.Invalid, err: &statusError{code, said(body, &c.s), retryAfter(resp.Header)}}
	switch {
	case code == http.StatusUnauthorized:
		f.kind, f.remedy = errs.Denied, "check user and password, or token"
	case code == http.StatusForbidden:
		f.kind, f.remedy = errs.Denied, "give the account the right to read"
	case code == http.StatusNotFound:
		f.remedy = "check the URL: its path, and that this kind of server is there"
	case code/100 == 3:
		f.remedy = "it sends us elsewhere: put the address where it really is into the URL"
	case code == http.StatusProxyAuthRequired:
		f.kind, f.remedy = errs.Denied, remedyProxy
	case code == http.StatusTooManyRequests, code >= 500 && code != http.StatusNotImplemented:
		f.kind, f.again, f.after = errs.Unavailable, true, retryAfter(resp.Header)
		f.remedy = "it is overloaded or restarting; lower rate if this goes on"
		if f.after > longest {
			f.again, f.remedy = false, fmt.Sprintf("it asks to wait %v", f.after)
		}
	}
	return f
}

// hidden takes our own secrets out of what a server says: some say back what
// they were given.
func (s *Settings) hidden(text string) string {
	secrets := []connectors.Secret{s.Password, s.Token}
	if s.User != "" {
		secrets = append(secrets, connectors.Secret(base64.StdEncoding.EncodeToString([]byte(s.User+":"+string(s.Password)))))
	}
	for _, v := range s.Headers {
		secrets = append(secrets, v)
		if _, key, ok := strings.Cut(string(v), " "); ok { // "ApiKey c2VjcmV0"
			secrets = append(secrets, connectors.Secret(key))
		}
	}
	slices.SortFunc(secrets, func(a, b connectors.Secret) int { return len(b) - len(a) }) // one may hold another
	for _, v := range secrets {
		if len(v) >= 6 { // less stands in any text
			text = strings.ReplaceAll(text, string(v), "***")
		}
	}
	return text
}

// said is the beginning of what a server says to explain itself, in one line.
func said(body io.Reader, s *Settings) string {
	b, _ := io.ReadAll(io.LimitReader(body, 4096))
	text := strings.Join(strings.Fields(strings.Map(printable, string(b))), " ")
	if text == "" || strings.HasPrefix(text, "<") { // a page of HTML says nothing in its first words
		return ""
	}
	return ": " + strings.ToValidUTF8(fmt.Sprintf("%.300s", s.hidden(text)), "")
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f || r == 0xfffd {
		return ' '
	}
	return r
}

// retryAfter reads seconds or a date, by the server's own clock if it tells it;
// 0: nothing is said.
func retryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v != "" && strings.Trim(v, "0123456789") == "" {
		n, err := strconv.Atoi(v)
		if err != nil || n > 1<<20 { // more than anybody waits
			n = 1 << 20
		}
		return time.Duration(n) * time.Second
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return max(at.Sub(now), 0)
}

// counted counts what is read, ends at a bound and remembers its error.
type counted struct {
	r    io.Reader
	n    int64
	left int64
	err  error
}

func (c *counted) Read(p []byte) (int, error) {
	if c.left <= 0 {
		// One byte more decides whether the answer ends here.
		n, err := io.ReadFull(c.r, make([]byte, 1))
		if n == 1 {
			err = errHuge
		}
		if !errors.Is(err, io.EOF) {
			c.err = err
		}
		return 0, err
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.left -= int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// noteClock narrows the bounds of the server's clock by the Date of an answer,
// which has whole seconds.
func (c *Client) noteClock(h http.Header, begun, ended time.Time) {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil || h.Get("Age") != "" { // an answer that was kept tells when it was made
		return
	}
	least, most := at.Sub(ended).Nanoseconds(), at.Add(time.Second).Sub(begun).Nanoseconds()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known {
		c.clock, c.known = connectors.Clock{Of: c.base.Host, Least: least, Most: most}, true
		return
	}
	c.clock.Least, c.clock.Most = max(c.clock.Least, least), min(c.clock.Most, most)
	if c.clock.Least > c.clock.Most { // it was set in between
		c.clock.Least, c.clock.Most = least, most
	}
}

// Clock is how the server's clock stands to ours, by the dates of its answers;
// false: no answer had one.
func (c *Client) Clock() (connectors.Clock, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock, c.known
}
