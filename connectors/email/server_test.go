package email_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"triagent/connectors/email"
)

// settings say how a server behaves.
type settings struct {
	tls, implicit  bool
	user, password string         // log-in that is asked for
	from, data     int            // code that the command is refused with; 0: taken
	to             map[string]int // code that an address is refused with
	breakData      bool           // the connection ends amid the data
	breakAfter     bool           // the connection ends once the data were taken
}

// server is a real SMTP server in this process.
type server struct {
	settings
	port  int
	roots *x509.CertPool

	mu  sync.Mutex
	got []taken
}

// taken is a mail that the server took.
type taken struct {
	from string
	to   []string
	data []byte
}

func newServer(t *testing.T, set settings) *server {
	t.Helper()
	s := &server{settings: set}
	srv := smtp.NewServer(s)
	srv.Domain, srv.AllowInsecureAuth = "localhost", true
	srv.ErrorLog = quiet{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	config, roots := certificate(t)
	s.roots = roots
	if set.tls {
		srv.TLSConfig = config
	}
	if set.implicit {
		l = tls.NewListener(l, config)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.Serve(l) }) // ends when it is closed
	t.Cleanup(func() {
		_ = srv.Close()
		wg.Wait()
	})
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (s *server) mails() []taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]taken(nil), s.got...)
}

const from = "Triagent <triagent@example.org>"

func (s *server) plain() email.Server {
	return email.Server{Host: "127.0.0.1", Port: s.port, Security: email.None, From: from, Timeout: 10 * time.Second}
}

func (s *server) starttlsOnly() email.Server {
	c := s.plain()
	c.Security, c.TLS = email.STARTTLS, &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}
	return c
}

func (s *server) starttls() email.Server {
	c := s.starttlsOnly()
	c.User, c.Password = "u", "GEHEIM"
	return c
}

func (s *server) implicit() email.Server {
	c := s.starttls()
	c.Security = email.TLS
	return c
}

func (s *server) untrusted() email.Server {
	c := s.starttls()
	c.TLS = nil
	return c
}

// NewSession makes a session.
func (s *server) NewSession(c *smtp.Conn) (smtp.Session, error) { return &session{s: s, c: c}, nil }

type session struct {
	s  *server
	c  *smtp.Conn
	to []string
	fr string
}

func refusal(code int) error {
	if code == 0 {
		return nil
	}
	return &smtp.SMTPError{Code: code, Message: "refused by test"}
}

func (x *session) AuthMechanisms() []string {
	if x.s.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (x *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != x.s.user || password != x.s.password {
			return &smtp.SMTPError{Code: 535, Message: "wrong"}
		}
		return nil
	}), nil
}

func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	x.fr = from
	return refusal(x.s.from)
}

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := refusal(x.s.to[to]); err != nil {
		return err
	}
	x.to = append(x.to, to)
	return nil
}

func (x *session) Data(r io.Reader) error {
	if x.s.breakData {
		_, _ = io.CopyN(io.Discard, r, 1000) // some of it came
		_ = x.c.Conn().Close()
		return errors.New("broken")
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := refusal(x.s.data); err != nil {
		return err
	}
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.got = append(x.s.got, taken{x.fr, x.to, b})
	return nil
}

// Reset is called by RSET, which comes after a mail was taken.
func (x *session) Reset() {
	if x.s.breakAfter && len(x.s.mails()) > 0 {
		_ = x.c.Conn().Close()
	}
	x.to, x.fr = nil, ""
}

func (x *session) Logout() error { return nil }

// certificate makes one for 127.0.0.1.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, pool
}

// silent listens and says nothing.
func silent(t *testing.T) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// free is a port that nobody uses.
func free(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
