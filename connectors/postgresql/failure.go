package postgresql

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"triagent/internal/errs"
)

// failed says what an error of a node means. It holds no password and no
// address beside the node's own.
func (s *Source) failed(ctx context.Context, n *node, err error) error {
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errLate) {
		return context.Cause(ctx)
	}
	e := &errs.Error{Op: n.at.String(), Kind: errs.Unavailable, Remedy: "check the address, that the server runs, and that this machine may reach it"}
	var (
		pg      *pgconn.PgError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		dns     *net.DNSError
		known   *errs.Error
	)
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &pg):
		s.answered(e, pg)
	case errors.As(err, &unknown):
		denied(e, "its certificate is signed by nobody who is trusted", "name its authority with tls: ca")
	case errors.As(err, &name):
		denied(e, "its certificate is for another name", "use that name in hosts, or give it with tls: server_name")
	case errors.As(err, &invalid):
		denied(e, "its certificate is not valid: "+invalid.Error(), "renew the certificate, and check the clocks")
	case strings.Contains(err.Error(), "requested md5 authentication"):
		denied(e, "it wants the password's MD5, and the line is not encrypted", "turn ssl on at the server, let it use scram-sha-256, or allow it with tls: mode: off")
	case strings.Contains(err.Error(), "require_auth"):
		denied(e, "it wants the password in clear text, and it is not certain who asks", "set tls: mode: verify, or let it use scram-sha-256")
	case strings.Contains(err.Error(), "refused TLS connection"): // pgconn has no types for these
		e.Kind, e.Err, e.Remedy = errs.Invalid, errors.New("it does not speak TLS"), "turn ssl on at the server, or set tls: mode: off"
	case strings.Contains(err.Error(), "remote error: tls"), strings.Contains(err.Error(), "tls: "):
		denied(e, "the TLS handshake failed", "give a certificate that it accepts with tls: cert and key")
	case errors.As(err, &dns):
		e.Err = fmt.Errorf("its name %s is not known", dns.Name)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), ctx.Err() != nil, isTimeout(err):
		e.Err, e.Remedy = errLate, "it may hang or be overloaded; raise connect_timeout or timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Err = errors.New("nothing listens there")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		e.Err = errors.New("no way leads there")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		e.Err, e.Remedy = errors.New("the connection broke off"), "it may be restarting or overloaded; try again"
	default:
		e.Kind, e.Err, e.Remedy = errs.Invalid, errors.New("its answer is not understood: "+oneLine(err.Error(), 200)), "check that it is PostgreSQL itself, 12 or later"
	}
	return e
}

func denied(e *errs.Error, what, remedy string) {
	e.Kind, e.Err, e.Remedy = errs.Denied, errors.New(what), remedy
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// answered says what an error that the server sent means.
func (s *Source) answered(e *errs.Error, pg *pgconn.PgError) {
	e.Err = fmt.Errorf("%s (SQLSTATE %.5s)", oneLine(pg.Message, 200), pg.Code)
	switch class := pg.Code[:min(2, len(pg.Code))]; {
	case pg.Code == "28P01", class == "28":
		e.Kind, e.Remedy = errs.Denied, fmt.Sprintf("check user and password, and that pg_hba.conf lets %s in from this machine", s.c.User)
	case pg.Code == "3D000":
		e.Kind, e.Remedy = errs.Invalid, "name a database that is there with database:"
	case pg.Code == "42501":
		e.Kind, e.Remedy = errs.Denied, s.grant()
	case pg.Code == "57014":
		e.Err, e.Remedy = errors.New("a statement of ours took too long and was ended"), "raise timeout if the server is not in trouble"
	case pg.Code == "55P03":
		e.Err, e.Remedy = errors.New("a statement of ours would have waited for a lock and was ended"), "raise lock_timeout if that is always so"
	case pg.Code == "57P03":
		e.Remedy = "it starts, stops or recovers: try again"
	case class == "53":
		e.Remedy = "it is out of connections or memory; superuser_reserved_connections keep a way in"
	case class == "57", class == "08":
		e.Remedy = "it is stopping or ended our session: try again"
	default:
		e.Kind, e.Remedy = errs.Invalid, "check that it is PostgreSQL itself, 12 or later"
	}
}

// cut parts an error that miss made into what is missing and why.
func cut(err error) (what, why string, ok bool) { return strings.Cut(err.Error(), ": ") }
