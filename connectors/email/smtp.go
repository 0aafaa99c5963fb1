package email

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/mail"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"triagent/connectors"
	"triagent/internal/errs"
)

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

// options say how to speak with the server, but for the connection itself.
func (s *sender) options(tlsConfig *tls.Config) []gomail.Option {
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
		auth := gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover)
		switch s.Server.Security {
		case None: // this machine only: nobody listens
			auth = gomail.WithSMTPAuth(gomail.SMTPAuthPlainNoEnc)
		case TLS: // discovery does not see that a connection dialled by us is encrypted
			auth = gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin)
		}
		opts = append(opts, auth, gomail.WithUsername(s.Server.User), gomail.WithPassword(string(s.Server.Password)))
	}
	if s.Server.Hello != "" {
		opts = append(opts, gomail.WithHELO(s.Server.Hello))
	}
	return append(opts, gomail.WithTLSConfig(tlsConfig))
}

// client returns a client, and a function that closes its connection, which
// also happens when ctx ends.
func (s *sender) client(ctx context.Context) (client *gomail.Client, drop func(), err error) {
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.Server.TLS != nil {
		tlsConfig = s.Server.TLS.Clone()
	}
	tlsConfig.ServerName = s.Server.Host
	opts := s.options(tlsConfig)
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
