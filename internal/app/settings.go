package app

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"

	"triagent/api/account"
	"triagent/api/intake"
	"triagent/connectors"
	"triagent/connectors/email"
	"triagent/internal/errs"
	"triagent/internal/settings"
)

// Settings are what an installation may say about its service, in one YAML
// file. The zero Settings, with defaults filled in, are a working service on
// one machine.
type Settings struct {
	Listen    string   `yaml:"listen"`     // host:port; default 127.0.0.1:8080
	Data      string   `yaml:"data"`       // folder of the service's state; default: see DefaultData
	Database  string   `yaml:"database"`   // postgres:// URL; empty: SQLite in the data folder
	PublicURL string   `yaml:"public_url"` // how people reach the page, for links in messages; empty: http(s)://Listen
	Proxies   []string `yaml:"proxies"`    // addresses (CIDR) of reverse proxies whose X-Forwarded-For and -Proto are believed
	Lang      string   `yaml:"lang"`       // language of messages: en (default) or zh

	TLS struct {
		Cert string `yaml:"cert"` // PEM files; both or none
		Key  string `yaml:"key"`
	} `yaml:"tls"`
	Diagnosis struct {
		Workers   int      `yaml:"workers"`       // diagnoses at once; 0: one a processor, at most 4
		Queue     int      `yaml:"queue"`         // diagnoses that may wait; 0: 1000
		Knowledge []string `yaml:"knowledge"`     // folders that extend the built-in knowledge
		MaxBundle int64    `yaml:"max_bundle_mb"` // of an uploaded bundle; 0: 2048
		Learn     *bool    `yaml:"learn"`         // from what people say of diagnoses; nil: yes
	} `yaml:"diagnosis"`
	Log struct {
		Level  string `yaml:"level"`  // debug, info (default), warn, error
		Format string `yaml:"format"` // text (default) or json
	} `yaml:"log"`
	OTLP struct {
		Endpoint string `yaml:"endpoint"` // http(s)://host:port of an OTLP/HTTP receiver; empty: traces are not sent
	} `yaml:"otlp"`
	SMTP     SMTPSettings       `yaml:"smtp"`    // how e-mail leaves; without a host it does not
	OIDC     []account.Provider `yaml:"oidc"`    // identity providers to log in with
	Hooks    intake.Config      `yaml:"hooks"`   // how alerts come in
	Systems  []SystemSettings   `yaml:"systems"` // what is watched, and where to ask about it
	Outgoing struct {
		RefusePrivate bool `yaml:"refuse_private"` // no message to private addresses
	} `yaml:"outgoing"`

	Demo    bool   `yaml:"-"` // bundled incidents are replayed and people on this machine are let in
	Version string `yaml:"-"` // of the program
	File    string `yaml:"-"` // where the settings came from; empty: no file
}

// SMTPSettings say how e-mail leaves. Without a host it does not.
type SMTPSettings struct {
	Host     string            `yaml:"host"`
	Port     int               `yaml:"port"`     // 0: 587, or what security implies
	Security email.Security    `yaml:"security"` // starttls (default), tls, or none, to this machine only
	User     string            `yaml:"user"`
	Password connectors.Secret `yaml:"password"`
	From     string            `yaml:"from"` // as "Triagent <triagent@example.org>"
}

// server is what connectors/email needs of them.
func (s SMTPSettings) server() email.Server {
	return email.Server{Host: s.Host, Port: s.Port, Security: s.Security, User: s.User, Password: s.Password, From: s.From}
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
	return s
}

// ReadSettings reads the file of settings, as settings.Read does.
func ReadSettings(ctx context.Context, file string) (Settings, error) {
	s := Settings{File: file}
	if err := settings.Read(ctx, file, &s, s.rules()); err != nil {
		return Settings{}, err
	}
	return s, nil
}

// rules are what a file is held against.
func (s *Settings) rules() settings.Rules {
	sources := settings.Variant{Of: "source", Kinds: make(map[string]reflect.Type)}
	for name, k := range sourceKinds {
		sources.Kinds[name] = k.settings
	}
	return settings.Rules{
		Variants: map[reflect.Type]settings.Variant{reflect.TypeFor[SourceSettings](): sources},
		Check:    func() []settings.Problem { return s.problems() },
	}
}

// problems lists the settings that are wrong in themselves, in the order of the
// file. Whether what they name can be reached is not asked.
func (s Settings) problems() []settings.Problem {
	s = s.withDefaults()
	var out []settings.Problem
	bad := func(key, format string, args ...any) {
		out = append(out, settings.Problem{Key: key, Text: fmt.Sprintf(format, args...)})
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		bad("listen", "%q is not host:port, as 127.0.0.1:8080", s.Listen)
	}
	if s.Database != "" {
		if u, err := url.Parse(s.Database); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			bad("database", "it is no URL as postgres://user:password@host/db")
		}
		if ambiguous(s.Database) {
			bad("database", "user or password holds one of @ : / ?, which has to be written %%40 %%3A %%2F %%3F there")
		}
	}
	isURL := func(key, v string) {
		if u, err := url.Parse(v); v != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			bad(key, "%q is not an http:// or https:// URL, as https://triagent.example.com", v)
		}
	}
	isURL("public_url", s.PublicURL)
	isURL("otlp.endpoint", s.OTLP.Endpoint)
	for i, p := range s.Proxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			bad(fmt.Sprintf("proxies[%d]", i), "%q is no range of addresses, as 10.0.0.0/8 or 127.0.0.1/32", p)
		}
	}
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
		bad("diagnosis.workers", "%d is not in 0..256, where 0 is one a processor", s.Diagnosis.Workers)
	}
	if s.Diagnosis.Queue < 1 || s.Diagnosis.Queue > 1_000_000 {
		bad("diagnosis.queue", "%d is not in 1..1000000", s.Diagnosis.Queue)
	}
	if s.SMTP.Host != "" {
		if err := s.SMTP.server().Validate(); err != nil {
			out = append(out, settings.Problems("smtp", err)...)
		}
	}
	if err := s.Hooks.Validate(); err != nil {
		out = append(out, settings.Problems("hooks", err)...)
	}
	out = append(out, s.systemProblems()...)
	for i := range s.OIDC {
		if err := s.OIDC[i].Validate(); err != nil {
			out = append(out, settings.Problems(fmt.Sprintf("oidc[%d]", i), err)...)
		}
	}
	return out
}

// systemProblems lists what is wrong with the declared systems.
func (s Settings) systemProblems() []settings.Problem {
	if len(s.Systems) == 0 {
		return nil
	}
	var out []settings.Problem
	kinds, err := systemKinds(s.Diagnosis.Knowledge)
	if err != nil {
		return []settings.Problem{{Key: "diagnosis.knowledge", Text: err.Error(), Remedy: "docs/extend.md tells what may be in such a folder"}}
	}
	names := make(map[string]bool)
	for i := range s.Systems {
		key, sys := fmt.Sprintf("systems[%d]", i), &s.Systems[i]
		if name := strings.ToLower(sys.Name); name == "" || names[name] {
			out = append(out, settings.Problem{
				Key: key + ".name", Text: fmt.Sprintf("%.60q: every system needs a name of its own", sys.Name),
				Remedy: "write the name that alerts have in their system or cluster label",
			})
		}
		names[strings.ToLower(sys.Name)] = true
		out = append(out, sys.problems(key, kinds)...)
	}
	return out
}

// ambiguous reports whether a URL has more of what separates its parts than it
// can have parts.
func ambiguous(url string) bool {
	_, rest, _ := strings.Cut(url, "://")
	at := strings.LastIndex(rest, "@")
	if at < 0 {
		return false
	}
	return strings.Count(rest[:at], ":") > 1 || strings.ContainsAny(rest[:at], "@/?")
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

// proxies are the ranges of Proxies, which Validate has found to be sound.
func (s Settings) proxies() []netip.Prefix {
	var out []netip.Prefix
	for _, p := range s.Proxies {
		if r, err := netip.ParsePrefix(p); err == nil {
			out = append(out, r)
		}
	}
	return out
}

// learns reports whether diagnoses learn from what people say of earlier ones.
func (s Settings) learns() bool { return s.Diagnosis.Learn == nil || *s.Diagnosis.Learn }

// path names a file of the data folder.
func (s Settings) path(name string) string { return filepath.Join(s.Data, name) }

// Validate returns the first setting that is wrong in itself, of kind
// errs.Invalid.
func (s Settings) Validate() error {
	if p := s.problems(); len(p) > 0 {
		return errs.New(errs.Invalid, "setting %s: %s", p[0].Key, p[0].Text)
	}
	return nil
}

// Summary is the settings in a few lines for the log; it holds no secret.
func (s Settings) Summary() string {
	s = s.withDefaults()
	db := "SQLite in " + s.Data
	if s.Database != "" {
		db = "PostgreSQL"
	}
	out := fmt.Sprintf("listen %s, data %s, database %s, %d workers, queue %d", s.Listen, s.Data, db, s.Diagnosis.Workers, s.Diagnosis.Queue)
	if !s.learns() {
		out += ", learns nothing"
	}
	return out
}
