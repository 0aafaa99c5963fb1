package app

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"triagent/internal/errs"
)

// Settings are what an installation may say about its service, in one YAML
// file. The zero Settings, with defaults filled in, are a working service on
// one machine.
type Settings struct {
	Listen    string `yaml:"listen"`     // host:port; default 127.0.0.1:8080
	Data      string `yaml:"data"`       // folder of the service's state; default: see DefaultData
	Database  string `yaml:"database"`   // postgres:// URL; empty: SQLite in the data folder
	PublicURL string `yaml:"public_url"` // how people reach the page, for links in messages; empty: http(s)://Listen
	Lang      string `yaml:"lang"`       // language of messages: en (default) or zh

	TLS struct {
		Cert string `yaml:"cert"` // PEM files; both or none
		Key  string `yaml:"key"`
	} `yaml:"tls"`
	Diagnosis struct {
		Workers   int      `yaml:"workers"`       // diagnoses at once; 0: one a processor, at most 4
		Queue     int      `yaml:"queue"`         // diagnoses that may wait; 0: 1000
		Knowledge []string `yaml:"knowledge"`     // folders that extend the built-in knowledge
		MaxBundle int64    `yaml:"max_bundle_mb"` // of an uploaded bundle; 0: 2048
	} `yaml:"diagnosis"`
	Log struct {
		Level  string `yaml:"level"`  // debug, info (default), warn, error
		Format string `yaml:"format"` // text (default) or json
	} `yaml:"log"`
	OTLP struct {
		Endpoint string `yaml:"endpoint"` // http(s)://host:port of an OTLP/HTTP receiver; empty: traces are not sent
	} `yaml:"otlp"`
	SMTP   SMTPSettings   `yaml:"smtp"`
	OIDC   []OIDCSettings `yaml:"oidc"`
	Hooks  HookSettings   `yaml:"hooks"`
	Egress struct {
		RefusePrivate bool `yaml:"refuse_private"` // no notification to private addresses
	} `yaml:"egress"`

	Demo    bool   `yaml:"-"` // bundled incidents are replayed and people on this machine are let in
	Version string `yaml:"-"` // of the program
	File    string `yaml:"-"` // where the settings came from; empty: no file
}

// SMTPSettings say how e-mail leaves. An empty Host: it does not.
type SMTPSettings struct {
	Host     string `yaml:"host"`
	Port     int    `yaml:"port"` // 0: 587
	TLS      string `yaml:"tls"`  // starttls (default), tls or none
	From     string `yaml:"from"`
	User     string `yaml:"user"`
	Password secret `yaml:"password"`
}

// OIDCSettings are one identity provider.
type OIDCSettings struct {
	ID           string            `yaml:"id"`
	Name         string            `yaml:"name"`
	Issuer       string            `yaml:"issuer"`
	ClientID     string            `yaml:"client_id"`
	ClientSecret secret            `yaml:"client_secret"`
	Scopes       []string          `yaml:"scopes"`
	RoleClaim    string            `yaml:"role_claim"`
	RoleMap      map[string]string `yaml:"role_map"`
	DefaultRole  string            `yaml:"default_role"` // viewer, unless said otherwise
	AllowCreate  bool              `yaml:"allow_create"` // make an account at the first log-in
}

// HookSettings say how alerts come in.
type HookSettings struct {
	Slack struct {
		SigningSecret secret `yaml:"signing_secret"`
	} `yaml:"slack"`
	Generic     []GenericSettings `yaml:"generic"`
	GroupWindow duration          `yaml:"group_window"` // alerts so far apart may be one failure; default 10m
	Settle      duration          `yaml:"settle"`       // time that alerts gather before the diagnosis; default 10s
}

// GenericSettings are one sender that has its own form of alerts.
type GenericSettings struct {
	Name     string            `yaml:"name"`
	Secret   secret            `yaml:"secret"`
	List     string            `yaml:"list"`     // path of the list of alerts; empty: the body is one
	Fields   map[string]string `yaml:"fields"`   // name, severity, node, peer, system, starts, ends, status, url, group: path or ="constant"
	Labels   string            `yaml:"labels"`   // path of an object
	Resolved []string          `yaml:"resolved"` // values of status that mean it is over
}

// secret is text that prints as "***". In the file it may be ${env:NAME} or
// ${file:PATH}.
type secret string

func (s secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString hides the secret.
func (s secret) GoString() string { return s.String() }

// duration is a time.Duration, as 90s or 10m.
type duration time.Duration

// UnmarshalText reads a duration.
func (d *duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err == nil && v < 0 {
		err = errors.New("want a duration of 0 or more, as 90s or 10m")
	}
	*d = duration(v)
	return err
}

// UnmarshalText reads a secret, from where it points to.
func (s *secret) UnmarshalText(b []byte) error {
	v := string(b)
	inner, ok := strings.CutPrefix(v, "${")
	if !ok || !strings.HasSuffix(inner, "}") {
		*s = secret(v)
		return nil
	}
	how, name, _ := strings.Cut(strings.TrimSuffix(inner, "}"), ":")
	switch how {
	case "env":
		v, ok := os.LookupEnv(name)
		if !ok {
			return fmt.Errorf("the environment has no %s", name)
		}
		*s = secret(v)
		return nil
	case "file":
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read a secret: %w", err)
		}
		*s = secret(strings.TrimRight(string(text), "\r\n"))
		return nil
	}
	return fmt.Errorf("%q is neither ${env:NAME} nor ${file:PATH}", v)
}

// DefaultData is the folder of the service's state where none is given:
// triagent-data below the working folder, so that nothing is hidden.
func DefaultData() string { return "triagent-data" }

// withDefaults fills in what was left out.
func (s Settings) withDefaults() Settings {
	if s.Listen == "" {
		s.Listen = "127.0.0.1:8080"
	}
	if s.Data == "" {
		s.Data = DefaultData()
	}
	if s.Lang == "" {
		s.Lang = "en"
	}
	if s.Diagnosis.Workers == 0 {
		s.Diagnosis.Workers = min(4, runtime.GOMAXPROCS(0))
	}
	if s.Diagnosis.Queue == 0 {
		s.Diagnosis.Queue = 1000
	}
	if s.Diagnosis.MaxBundle == 0 {
		s.Diagnosis.MaxBundle = 2048
	}
	if s.Hooks.GroupWindow == 0 {
		s.Hooks.GroupWindow = duration(10 * time.Minute)
	}
	if s.Hooks.Settle == 0 {
		s.Hooks.Settle = duration(10 * time.Second)
	}
	if s.SMTP.Port == 0 {
		s.SMTP.Port = 587
	}
	if s.SMTP.TLS == "" {
		s.SMTP.TLS = "starttls"
	}
	return s
}

// problem is a setting that is wrong.
type problem struct {
	key  string // as "oidc[0].issuer"
	text string
}

// Problems lists the settings that are wrong in themselves, in the order of the
// file. Whether what they name can be reached is not asked.
func (s Settings) problems() []problem {
	s = s.withDefaults()
	var out []problem
	bad := func(key, format string, args ...any) {
		out = append(out, problem{key, fmt.Sprintf(format, args...)})
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		bad("listen", "%q is not host:port", s.Listen)
	}
	if s.Database != "" {
		if u, err := url.Parse(s.Database); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			bad("database", "not a postgres:// URL")
		}
	}
	isURL := func(key, v string) {
		if u, err := url.Parse(v); v != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			bad(key, "%q is not an http:// or https:// URL", v)
		}
	}
	isURL("public_url", s.PublicURL)
	isURL("otlp.endpoint", s.OTLP.Endpoint)
	oneOf := func(key, v string, allowed ...string) {
		for _, a := range allowed {
			if v == a {
				return
			}
		}
		bad(key, "%q is not one of %s", v, strings.Join(allowed, ", "))
	}
	oneOf("lang", s.Lang, "en", "zh")
	oneOf("log.level", s.Log.Level, "", "debug", "info", "warn", "error")
	oneOf("log.format", s.Log.Format, "", "text", "json")
	oneOf("smtp.tls", s.SMTP.TLS, "starttls", "tls", "none")
	if (s.TLS.Cert == "") != (s.TLS.Key == "") {
		bad("tls", "cert and key are needed both, or none")
	}
	for _, f := range []struct{ key, path string }{{"tls.cert", s.TLS.Cert}, {"tls.key", s.TLS.Key}} {
		if f.path != "" {
			if _, err := os.Stat(f.path); err != nil {
				bad(f.key, "%v", err)
			}
		}
	}
	if s.Diagnosis.Workers < 0 || s.Diagnosis.Workers > 256 {
		bad("diagnosis.workers", "%d is not in 0..256", s.Diagnosis.Workers)
	}
	if s.Diagnosis.Queue < 1 || s.Diagnosis.Queue > 1_000_000 {
		bad("diagnosis.queue", "%d is not in 1..1000000", s.Diagnosis.Queue)
	}
	if s.SMTP.Host != "" && s.SMTP.From == "" {
		bad("smtp.from", "an address is needed to send from")
	}
	return out
}

// publicURL is where people find the page.
func (s Settings) publicURL() string {
	if s.PublicURL != "" {
		return strings.TrimRight(s.PublicURL, "/")
	}
	scheme := "http"
	if s.TLS.Cert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// path names a file of the data folder.
func (s Settings) path(name string) string { return filepath.Join(s.Data, name) }

// Validate returns the first setting that is wrong in itself, of kind
// errs.Invalid.
func (s Settings) Validate() error {
	if p := s.problems(); len(p) > 0 {
		return errs.New(errs.Invalid, "setting %s: %s", p[0].key, p[0].text)
	}
	return nil
}
