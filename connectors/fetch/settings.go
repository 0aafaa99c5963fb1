package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http/httpproxy"

	"triagent/connectors"
	"triagent/internal/errs"
)

// Settings say how a server is reached and how gently it is treated. Only URL is
// needed. They are the same for every kind of source.
type Settings struct {
	URL      string                       `yaml:"url"`      // http(s)://host:port, with the path that its API lies below, if any
	User     string                       `yaml:"user"`     // basic authentication
	Password connectors.Secret            `yaml:"password"` // of user
	Token    connectors.Secret            `yaml:"token"`    // bearer token
	Headers  map[string]connectors.Secret `yaml:"headers"`  // sent with every request, as a tenant
	TLS      TLS                          `yaml:"tls"`
	Proxy    connectors.Secret            `yaml:"proxy"`   // URL of a proxy, which may hold a log-in; "none"; empty: HTTPS_PROXY and its like say
	Timeout  time.Duration                `yaml:"timeout"` // of one request, its answer read; 0: 30 s
	AtOnce   int                          `yaml:"at_once"` // requests at once, at most; 0: 4
	Rate     float64                      `yaml:"rate"`    // requests a second, at most; 0: 20
	Retries  int                          `yaml:"retries"` // of a request that failed for a reason that passes; 0: 2; negative: none
}

// TLS says whom to trust and who we are. The zero TLS trusts the machine's
// authorities and shows no certificate.
type TLS struct {
	CA         string `yaml:"ca"`          // PEM file of authorities to trust in place of the machine's
	Cert       string `yaml:"cert"`        // PEM files of our certificate, for servers that ask for one; both or none
	Key        string `yaml:"key"`         //
	ServerName string `yaml:"server_name"` // name in the server's certificate, where it is not the URL's host
	SkipVerify bool   `yaml:"skip_verify"` // believe any certificate: only where nobody else is on the line
}

// Validate says what is wrong with the settings; files of TLS are read by New.
func (s *Settings) Validate() error {
	u, err := url.Parse(s.URL)
	switch {
	case s.URL == "":
		return errs.New(errs.Invalid, "url: it is needed, as http://127.0.0.1:9090")
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return errs.New(errs.Invalid, "url: it is no http:// or https:// address with a host") // it may hold a secret
	case u.User != nil:
		return errs.New(errs.Invalid, "url: a password does not belong there: use user and password")
	case u.RawQuery != "" || u.Fragment != "":
		return errs.New(errs.Invalid, "url: no query belongs there, only the address")
	case (s.User == "") != (s.Password == ""):
		return errs.New(errs.Invalid, "user and password belong together")
	case s.User != "" && s.Token != "":
		return errs.New(errs.Invalid, "user and token exclude each other")
	case (s.TLS.Cert == "") != (s.TLS.Key == ""):
		return errs.New(errs.Invalid, "tls: cert and key belong together")
	case s.Timeout < 0 || s.Timeout > 10*time.Minute:
		return errs.New(errs.Invalid, "timeout: it is %v, and may be up to 10m", s.Timeout)
	case s.AtOnce < 0 || s.AtOnce > 64:
		return errs.New(errs.Invalid, "at_once: it is %d, and may be 1 to 64", s.AtOnce)
	case !(s.Rate >= 0 && s.Rate <= 1000):
		return errs.New(errs.Invalid, "rate: it is %v, and may be up to 1000 a second", s.Rate)
	case s.Retries > 10:
		return errs.New(errs.Invalid, "retries: it is %d, and may be up to 10", s.Retries)
	}
	if err := s.sendable(); err != nil {
		return err
	}
	_, err = s.proxy()
	return err
}

// sendable looks that what goes into headers may: a secret that was read from a
// file may end with a line break.
func (s *Settings) sendable() error {
	if strings.Contains(s.User, ":") {
		return errs.New(errs.Invalid, "user: a colon cannot be in it")
	}
	if !httpguts.ValidHeaderFieldValue("Bearer " + string(s.Token)) {
		return errs.New(errs.Invalid, "token: it holds a line break or another character that no token has")
	}
	for k, v := range s.Headers {
		if !httpguts.ValidHeaderFieldName(k) || !httpguts.ValidHeaderFieldValue(string(v)) {
			return errs.New(errs.Invalid, "headers: %.60q or its value holds a character that no header has", k)
		}
	}
	return nil
}

func (s *Settings) fill() {
	if s.Timeout == 0 {
		s.Timeout = 30 * time.Second
	}
	if s.AtOnce == 0 {
		s.AtOnce = 4
	}
	if s.Rate == 0 {
		s.Rate = 20
	}
	if s.Retries == 0 {
		s.Retries = 2
	}
	s.Retries = max(s.Retries, 0)
}

func (s *Settings) proxy() (func(*http.Request) (*url.URL, error), error) {
	switch s.Proxy {
	case "none":
		return nil, nil
	case "":
		from := httpproxy.FromEnvironment().ProxyFunc()
		return func(r *http.Request) (*url.URL, error) { return from(r.URL) }, nil
	}
	u, err := url.Parse(string(s.Proxy))
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return nil, errs.New(errs.Invalid, "proxy: it is no URL of http, https or socks5, and not %q", "none") // it may hold a secret
	}
	return http.ProxyURL(u), nil
}

// Config reads the files that TLS names. Sources that speak no HTTP use it too.
func (t *TLS) Config() (*tls.Config, error) {
	c := &tls.Config{
		ServerName: t.ServerName, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: t.SkipVerify, //nolint:gosec // asked for in so many words
	}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, &errs.Error{Op: "tls: read ca", Kind: errs.Invalid, Err: err}
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &errs.Error{Kind: errs.Invalid, File: t.CA, Err: errors.New("tls: ca: no certificate in PEM is in it")}
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, &errs.Error{Op: "tls: read cert and key", Kind: errs.Invalid, File: t.Cert, Err: err}
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
