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
	"crypto/tls"
	"errors"
	"log/slog"
	"net/mail"
	"net/netip"
	"strings"
	"time"

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
