// Package email sends messages by SMTP, as text with an HTML alternative. All
// mails about one incident refer to the same message, so that mail programs
// show them as one thread. The Message-ID is made from the message's ID and is
// the same for every try.
//
// The connection is encrypted by STARTTLS or TLS; without encryption only to
// this machine. A recipient that the server refuses for good does not keep the
// others from getting the mail; it is logged.
package email

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"triagent/connectors"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
)

// maxRecipients is how many addresses one mail may go to.
const maxRecipients = 50

// Security is how the connection to the server is encrypted.
type Security string

// The ways. The default is STARTTLS.
const (
	STARTTLS Security = "starttls"
	TLS      Security = "tls"
	None     Security = "none" // to a loopback address only
)

// Server says how mail leaves the house. The zero Server says that it does not.
type Server struct {
	Host     string            // empty: no mail is sent
	Port     int               // 0: 587 for STARTTLS, 465 for TLS, 25 for None
	Security Security          // empty: STARTTLS
	User     string            // empty: no log-in
	Password connectors.Secret // of User
	From     string            // as "Triagent <triagent@example.org>"
	Hello    string            // name to greet with; empty: that of this machine
	Timeout  time.Duration     // of a whole mail; 0: 30 s
	TLS      *tls.Config       // nil: the system's authorities
	Guard    outgoing.Guard    // which addresses may be connected to
}

// Set says whether mail can be sent.
func (s Server) Set() bool { return s.Host != "" }

// Validate says what is wrong, of kind errs.Invalid.
func (s Server) Validate() error {
	switch s.Security {
	case "", STARTTLS, TLS:
	case None:
		if !loopback(s.Host) {
			return errs.New(errs.Invalid, "smtp: without encryption mail may only go to this machine, and %q is another", s.Host)
		}
	default:
		return errs.New(errs.Invalid, "smtp: security %q is none of starttls, tls, none", s.Security)
	}
	if s.Host == "" || strings.ContainsAny(s.Host, " /@") {
		return errs.New(errs.Invalid, "smtp: %q is no host", s.Host)
	}
	if s.Port < 0 || s.Port > 65535 {
		return errs.New(errs.Invalid, "smtp: %d is no port", s.Port)
	}
	if _, err := mail.ParseAddress(s.From); err != nil {
		return errs.New(errs.Invalid, "smtp: from: %q is no address", s.From)
	}
	if s.Password != "" && s.User == "" {
		return errs.New(errs.Invalid, "smtp: there is a password and no user")
	}
	return nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// Config says by what server and to whom to send.
type Config struct {
	Server Server
	To     []string     // addresses; 1 to 50
	Log    *slog.Logger // nil: slog.Default
}

// Validate says what is wrong, of kind errs.Invalid.
func (c Config) Validate() error {
	if !c.Server.Set() {
		return &errs.Error{Kind: errs.Invalid, Err: errors.New("no mail server is configured"), Remedy: "set smtp in the configuration file"}
	}
	if err := c.Server.Validate(); err != nil {
		return err
	}
	return CheckAddresses(c.To)
}

// CheckAddresses says whether mail can go to a list, of kind errs.Invalid.
func CheckAddresses(to []string) error {
	if len(to) == 0 || len(to) > maxRecipients {
		return errs.New(errs.Invalid, "to: there are %d addresses, and 1 to %d can be used", len(to), maxRecipients)
	}
	for _, a := range to {
		if _, err := mail.ParseAddress(a); err != nil || strings.ContainsAny(a, "\r\n") {
			return errs.New(errs.Invalid, "to: %q is no address", outgoing.Clip(outgoing.Line(a), 80))
		}
	}
	return nil
}

type sender struct {
	Config
	domain string // right side of message IDs
}

var _ connectors.Sender = (*sender)(nil)

// New returns a sender to some addresses. It connects for each mail anew.
func New(c Config) (connectors.Sender, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Server.Timeout <= 0 {
		c.Server.Timeout = 30 * time.Second
	}
	from, err := mail.ParseAddress(c.Server.From)
	if err != nil {
		return nil, err // unreachable: it was validated
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	return &sender{Config: c, domain: domain}, nil
}

// Send mails m. The receipt is the Message-ID of the first mail about an
// incident, which the later ones answer.
func (s *sender) Send(ctx context.Context, m connectors.Message, before connectors.Receipt) (connectors.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Server.Timeout)
	defer cancel()
	to := slices.Clone(s.To)
	for {
		id, refused, err := s.try(ctx, m, before, to)
		if err == nil || len(refused) == 0 || len(refused) == len(to) {
			return id, err
		}
		s.Log.WarnContext(ctx, "mail recipient refused", slog.Any("refused", refused), slog.Any("error", err))
		to = slices.DeleteFunc(to, func(a string) bool { return slices.Contains(refused, a) })
	}
}

// try sends one mail to all of to, or to none. Refused are those that the
// server will never take.
func (s *sender) try(ctx context.Context, m connectors.Message, before connectors.Receipt, to []string) (id connectors.Receipt, refused []string, err error) {
	msg, id, err := s.compose(m, before, to)
	if err != nil {
		return "", nil, err
	}
	client, drop, err := s.client(ctx)
	if err != nil {
		return "", nil, err
	}
	defer drop()
	if err := client.DialWithContext(ctx); err != nil {
		return "", nil, dialing(ctx, err)
	}
	err = client.Send(msg)
	if msg.IsDelivered() {
		// The server has taken it: how the connection ends changes nothing, and
		// trying again would send it twice.
		err = nil
	}
	if err != nil {
		return "", s.refused(err, to), sending(ctx, err)
	}
	return id, nil, nil
}

// client returns a client, and a function that closes its connection, which
// also happens when ctx ends.
func (s *sender) client(ctx context.Context) (client *gomail.Client, drop func(), err error) {
	opts := []gomail.Option{gomail.WithTimeout(s.Server.Timeout), gomail.WithoutNoop()}
	port := s.Server.Port
	switch s.Server.Security {
	case TLS:
		opts = append(opts, gomail.WithSSL())
		port = or(port, 465)
	case None:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
		port = or(port, 25)
	default:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
		port = or(port, 587)
	}
	opts = append(opts, gomail.WithPort(port))
	if s.Server.User != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if s.Server.Security == None { // this machine only: nobody listens
			auth = gomail.SMTPAuthPlainNoEnc
		}
		opts = append(opts, gomail.WithSMTPAuth(auth), gomail.WithUsername(s.Server.User), gomail.WithPassword(string(s.Server.Password)))
	}
	if s.Server.Hello != "" {
		opts = append(opts, gomail.WithHELO(s.Server.Hello))
	}
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.Server.TLS != nil {
		tlsConfig = s.Server.TLS.Clone()
	}
	tlsConfig.ServerName = s.Server.Host
	opts = append(opts, gomail.WithTLSConfig(tlsConfig))
	var conn net.Conn
	stop := func() bool { return true }
	opts = append(opts, gomail.WithDialContextFunc(func(dial context.Context, network, address string) (net.Conn, error) {
		c, err := s.Server.Guard.Dial(dial, network, address)
		if err != nil {
			return nil, err
		}
		conn = c
		stop = context.AfterFunc(ctx, func() { c.Close() }) //nolint:errcheck // whoever waits on it is told
		if s.Server.Security == TLS {
			return tls.Client(c, tlsConfig), nil
		}
		return c, nil
	}))
	client, err = gomail.NewClient(s.Server.Host, opts...)
	if err != nil {
		return nil, nil, errs.New(errs.Invalid, "smtp: %v", err)
	}
	return client, func() {
		if conn != nil && stop() {
			client.Close() //nolint:errcheck // QUIT is a courtesy
			conn.Close()   //nolint:errcheck // it may be closed already
		}
	}, nil
}

func or(port, byDefault int) int {
	if port == 0 {
		return byDefault
	}
	return port
}

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
var temporary = regexp.MustCompile(`[:,] 4[0-9][0-9][ -]`)

// refused finds the recipients that the server refuses for good.
func (s *sender) refused(err error, to []string) []string {
	var e *gomail.SendError
	if !errors.As(err, &e) || e.Reason != gomail.ErrSMTPRcptTo || e.IsTemp() {
		return nil
	}
	text := e.Error()
	if temporary.MatchString(text) { // some may be taken later: then all wait
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
