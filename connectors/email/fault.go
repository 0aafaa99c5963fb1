package email

import (
	"context"
	"errors"
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	gomail "github.com/wneessen/go-mail"

	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

// dialing gives what went wrong before a mail was offered its kind.
func dialing(ctx context.Context, err error) error {
	var op *net.OpError
	var unknown *net.DNSError
	switch {
	case ctx.Err() != nil:
		return errs.New(errs.Unavailable, "smtp: no answer in time")
	case strings.Contains(err.Error(), "SMTP AUTH failed"): // go-mail gives no type for it
		if code(err) >= 400 && code(err) < 500 {
			return errs.New(errs.Unavailable, "smtp: the log-in failed for now (%d)", code(err))
		}
		return &errs.Error{Kind: errs.Denied, Err: errors.New("smtp: the server refuses the user or the password"), Remedy: "correct smtp in the configuration file"}
	case strings.Contains(err.Error(), "AUTH"), errors.Is(err, gomail.ErrNoSupportedAuthDiscovered):
		return &errs.Error{Kind: errs.Denied, Err: errors.New("smtp: the server offers no way to log in that can be used"), Remedy: "remove the user from smtp, or change its security"}
	case errors.As(err, &op), errors.As(err, &unknown):
		return outgoing.Failure(err)
	case strings.Contains(err.Error(), "STARTTLS"):
		return &errs.Error{Kind: errs.Denied, Err: errors.New("smtp: the server does not offer STARTTLS"), Remedy: "use security tls, or none on this machine"}
	}
	failure := outgoing.Failure(err)
	if c := code(err); c >= 400 {
		return errs.New(errs.Unavailable, "smtp: the server answered %d", c)
	}
	return failure
}

// sending gives what went wrong with a mail its kind.
func sending(ctx context.Context, err error) error {
	var s *gomail.SendError
	switch {
	case ctx.Err() != nil:
		return errs.New(errs.Unavailable, "smtp: no answer in time")
	case !errors.As(err, &s):
		return errs.New(errs.Unavailable, "smtp: the connection broke")
	case s.ErrorCode() >= 500 && s.ErrorCode() < 600:
		said := outgoing.Clip(outgoing.Line(s.Error()), 300)
		if s.ErrorCode() == 530 || s.ErrorCode() == 535 {
			return &errs.Error{Kind: errs.Denied, Err: errors.New("smtp: " + said), Remedy: "set user and password in smtp"}
		}
		return errs.New(errs.Invalid, "smtp: %s", said)
	case s.ErrorCode() >= 400:
		return errs.New(errs.Unavailable, "smtp: %s", outgoing.Clip(outgoing.Line(s.Error()), 300))
	}
	return errs.New(errs.Unavailable, "smtp: the connection broke while the mail was sent")
}

// temporary finds an answer of 4xx among several.
var temporary = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[:,] 4[0-9][0-9][ -]`)
})

// refused finds the recipients that the server refuses for good.
func (s *sender) refused(err error, to []string) []string {
	var e *gomail.SendError
	if !errors.As(err, &e) || e.Reason != gomail.ErrSMTPRcptTo || e.IsTemp() {
		return nil
	}
	text := e.Error()
	if temporary().MatchString(text) { // some may be taken later: then all wait
		return nil
	}
	_, list, _ := strings.Cut(text, "affected recipient(s): ")
	list, _, _ = strings.Cut(list, ", affected message ID")
	var out []string
	for _, a := range to {
		parsed, err := mail.ParseAddress(a)
		if err == nil && slices.ContainsFunc(strings.Split(list, ", "), func(r string) bool {
			return strings.Trim(r, "<> ") == parsed.Address
		}) {
			out = append(out, a)
		}
	}
	return out
}

// code finds the code of an SMTP answer; 0: none.
func code(err error) int {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if n, err := strconv.Atoi(strings.SplitN(e.Error()+"   ", " ", 2)[0]); err == nil && n >= 200 && n < 600 {
			return n
		}
	}
	return 0
}
