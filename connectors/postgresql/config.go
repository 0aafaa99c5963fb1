package postgresql

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// Config says which PostgreSQL nodes are asked and how gently. Only Hosts and
// User are needed.
type Config struct {
	Hosts    []string          `yaml:"hosts"`    // host or host:port of every node; without a port: 5432
	User     string            `yaml:"user"`     // member of pg_monitor
	Password connectors.Secret `yaml:"password"` // empty: none is sent
	Database string            `yaml:"database"` // where pg_stat_statements is, if it is anywhere; empty: postgres
	TLS      TLS               `yaml:"tls"`
	Patroni  Patroni           `yaml:"patroni"`

	ConnectTimeout time.Duration `yaml:"connect_timeout"` // of one connection, log-in included; 0: 5 s
	Timeout        time.Duration `yaml:"timeout"`         // statement_timeout of our sessions; 0: 5 s
	LockTimeout    time.Duration `yaml:"lock_timeout"`    // lock_timeout of our sessions; 0: 500 ms
	Sample         time.Duration `yaml:"sample"`          // how long the present is watched, once a second; 0: 3 s
	Slow           time.Duration `yaml:"slow"`            // age from which a statement or a transaction is told of; 0: 5 s
	Statements     int           `yaml:"statements"`      // slowest and heaviest statements, so many of each; 0: 20
	Databases      int           `yaml:"databases"`       // busiest databases of a node that are counted; 0: 20
	KeepLiterals   bool          `yaml:"keep_literals"`   // show statements with their literals, which may be secret
}

// TLS says how connections are encrypted.
type TLS struct {
	// Mode is "off", "prefer" (encrypted where the server can, its certificate
	// not looked at; where it cannot, and is not on this machine, a password is
	// given by scram-sha-256 alone), "require" (encrypted, the certificate not looked at) or
	// "verify". Empty: "verify" if another key of tls is set, "prefer" otherwise.
	Mode      string `yaml:"mode"`
	fetch.TLS `yaml:",inline"`
}

// Patroni says where Patroni's REST API is. The zero Patroni is none.
type Patroni struct {
	URLs           []string         `yaml:"urls"` // of all members, as http://10.0.0.1:8008; the first that answers is asked
	fetch.Settings `yaml:",inline"` // of all URLs; url is one more of them; a zero timeout is 5 s
}

// The bounds of what may be asked for.
const (
	maxHosts      = 64
	maxStatements = 200
	maxDatabases  = 200
	maxPatroni    = 16
)

// Validate says what is wrong with the configuration; files of TLS are read by
// New.
func (c *Config) Validate() error {
	if len(c.Hosts) == 0 {
		return errs.New(errs.Invalid, "hosts: at least one is needed, as 10.0.0.1:5432")
	}
	if len(c.Hosts) > maxHosts {
		return errs.New(errs.Invalid, "hosts: they are %d, and may be up to %d", len(c.Hosts), maxHosts)
	}
	seen := make(map[string]bool)
	for i, h := range c.Hosts {
		a, err := addressOf(h)
		if err != nil {
			return errs.New(errs.Invalid, "hosts[%d]: %v", i, err)
		}
		if seen[a.String()] {
			return errs.New(errs.Invalid, "hosts[%d]: %s is there twice", i, a)
		}
		seen[a.String()] = true
	}
	switch {
	case c.User == "":
		return errs.New(errs.Invalid, "user: it is needed; a member of pg_monitor sees what is wanted")
	case !slices.Contains([]string{"", "off", "prefer", "require", "verify"}, c.TLS.Mode):
		return errs.New(errs.Invalid, "tls: mode: %.20q is none of off, prefer, require, verify", c.TLS.Mode)
	case c.TLS.mode() != "verify" && (c.TLS.CA != "" || c.TLS.ServerName != ""):
		return errs.New(errs.Invalid, "tls: ca and server_name count only with mode: verify")
	case (c.TLS.Cert == "") != (c.TLS.Key == ""):
		return errs.New(errs.Invalid, "tls: cert and key belong together")
	case c.Statements < 0 || c.Statements > maxStatements:
		return errs.New(errs.Invalid, "statements: it is %d, and may be up to %d", c.Statements, maxStatements)
	case c.Databases < 0 || c.Databases > maxDatabases:
		return errs.New(errs.Invalid, "databases: it is %d, and may be up to %d", c.Databases, maxDatabases)
	}
	for _, d := range []struct {
		key      string
		is, most time.Duration
	}{
		{"connect_timeout", c.ConnectTimeout, time.Minute},
		{"timeout", c.Timeout, time.Minute},
		{"lock_timeout", c.LockTimeout, time.Minute},
		{"sample", c.Sample, time.Minute},
		{"slow", c.Slow, 24 * time.Hour},
	} {
		if d.is < 0 || d.is > d.most || d.is > 0 && d.is < time.Millisecond {
			return errs.New(errs.Invalid, "%s: it is %v, and may be 1ms to %v", d.key, d.is, d.most)
		}
	}
	return c.Patroni.validate()
}

func (p *Patroni) validate() error {
	list := p.list()
	if len(list) > maxPatroni {
		return errs.New(errs.Invalid, "patroni: urls: they are %d, and may be up to %d", len(list), maxPatroni)
	}
	for _, s := range list {
		if err := s.Validate(); err != nil {
			return errs.New(errs.Invalid, "patroni: %v", err)
		}
	}
	return nil
}

// list is the settings of each URL; those that lie without url or urls are none.
func (p *Patroni) list() []fetch.Settings {
	urls := p.URLs
	if p.URL != "" {
		urls = append([]string{p.URL}, urls...)
	}
	out := make([]fetch.Settings, len(urls))
	for i, u := range urls {
		out[i] = p.Settings
		out[i].URL = u
		if out[i].Timeout == 0 {
			out[i].Timeout = 5 * time.Second
		}
		if out[i].Retries == 0 && len(urls) > 1 {
			out[i].Retries = -1 // the next one is asked instead
		}
	}
	return out
}

func (c *Config) fill() {
	for _, d := range []struct {
		at *time.Duration
		is time.Duration
	}{
		{&c.ConnectTimeout, 5 * time.Second},
		{&c.Timeout, 5 * time.Second},
		{&c.LockTimeout, 500 * time.Millisecond},
		{&c.Sample, 3 * time.Second},
		{&c.Slow, 5 * time.Second},
	} {
		if *d.at == 0 {
			*d.at = d.is
		}
	}
	if c.Database == "" {
		c.Database = "postgres"
	}
	if c.Statements == 0 {
		c.Statements = 20
	}
	if c.Databases == 0 {
		c.Databases = 20
	}
}

func (t *TLS) mode() string {
	switch {
	case t.Mode != "":
		return t.Mode
	case t.TLS != fetch.TLS{}:
		return "verify"
	}
	return "prefer"
}

// address is where a node listens.
type address struct {
	host string
	port uint16
}

// String is host:port.
func (a address) String() string { return net.JoinHostPort(a.host, strconv.Itoa(int(a.port))) }

// addressOf reads host, host:port or [v6]:port.
func addressOf(s string) (address, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), "5432"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	switch {
	case host == "" || len(host) > 253 || strings.ContainsAny(host, "/@ ,?\x00"):
		return address{}, errs.New(errs.Invalid, "%.80q is no host:port", s)
	case strings.Contains(host, ":") && net.ParseIP(host) == nil:
		return address{}, errs.New(errs.Invalid, "%.80q is no host:port", s)
	case err != nil || n == 0:
		return address{}, errs.New(errs.Invalid, "%.80q has no port of 1 to 65535", s)
	}
	return address{host, uint16(n)}, nil
}
