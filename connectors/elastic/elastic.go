// Package elastic reads log documents from Elasticsearch or OpenSearch, which
// differ in how a point in time is opened, closed and paged through, and in
// nothing else that is used here.
//
// A document's node is the first of some fields that it has. All documents of a
// call are read from one point in time, so that what is indexed meanwhile moves
// no page, and sorted by their time: of nodes one after another as far as the
// index can tell them apart, and in one go where it cannot. Fields may be nested
// or written with dots, arrays, and numbers or texts.
package elastic

import (
	"cmp"
	"errors"
	"maps"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// Config says which server is asked, and for what. Only URL is needed.
type Config struct {
	fetch.Settings `yaml:",inline"`
	APIKey         connectors.Secret `yaml:"api_key"`   // of Elasticsearch, encoded as it is given out; in place of user or token
	Flavour        string            `yaml:"flavour"`   // elasticsearch, opensearch; empty or auto: found out
	Index          string            `yaml:"index"`     // indices, aliases or data streams, with * and commas; empty: logs-*,filebeat-*,logstash-*
	Query          string            `yaml:"query"`     // in the language of query strings, narrows every search; empty: all documents
	Fields         Fields            `yaml:"fields"`    // where documents have what is wanted
	MaxLines       int64             `yaml:"max_lines"` // documents that are handed over, at most; 0: as many as are asked for
}

// Fields are names of fields. Of several, the first that a document has counts.
type Fields struct {
	Time    string   `yaml:"time"`    // empty: @timestamp
	Message []string `yaml:"message"` // empty: message, log, msg, event.original, body.text, body
	Node    []string `yaml:"node"`    // empty: host.name, host.hostname, node.name, kubernetes.pod.name, agent.hostname, host, hostname, resource.attributes.host.name
	Service []string `yaml:"service"` // empty: service.name, service, kubernetes.container.name, resource.attributes.service.name
	Level   []string `yaml:"level"`   // empty: log.level, level, severity_text, severity, loglevel
	Trace   []string `yaml:"trace"`   // empty: trace.id, trace_id, traceId
	Span    []string `yaml:"span"`    // empty: span.id, span_id, spanId
}

func (f *Fields) fill() {
	f.Time = cmp.Or(f.Time, "@timestamp")
	for _, p := range []struct {
		list  *[]string
		usual string
	}{
		{&f.Message, "message,log,msg,event.original,body.text,body"},
		{&f.Node, "host.name,host.hostname,node.name,kubernetes.pod.name,agent.hostname,host,hostname,resource.attributes.host.name"},
		{&f.Service, "service.name,service,kubernetes.container.name,resource.attributes.service.name"},
		{&f.Level, "log.level,level,severity_text,severity,loglevel"},
		{&f.Trace, "trace.id,trace_id,traceId"},
		{&f.Span, "span.id,span_id,spanId"},
	} {
		if len(*p.list) == 0 {
			*p.list = strings.Split(p.usual, ",")
		}
	}
}

// The longest names, in characters. A regular expression that counts so far takes
// megabytes, and every start of the program the time to build them.
const (
	mostField = 200
	mostIndex = 500
)

var (
	goodField = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[@\pL\pN_][@\pL\pN_.\-]*$`)
	})
	goodIndex = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[\pL\pN._*:<>{}\-][\pL\pN._*:,<>{}\-]*$`)
	})
)

// Validate says what is wrong with the settings.
func (c *Config) Validate() error {
	if err := c.Settings.Validate(); err != nil {
		return err
	}
	for key, list := range map[string][]string{
		"message": c.Fields.Message, "node": c.Fields.Node, "service": c.Fields.Service, "level": c.Fields.Level,
		"trace": c.Fields.Trace, "span": c.Fields.Span, "time": {cmp.Or(c.Fields.Time, "x")},
	} {
		if len(list) > 12 {
			return errs.New(errs.Invalid, "fields: %s: there are %d, and at most 12 are looked at", key, len(list))
		}
		for _, f := range list {
			if utf8.RuneCountInString(f) > mostField || !goodField().MatchString(f) {
				return errs.New(errs.Invalid, "fields: %s: %.40q is no name of a field", key, f)
			}
		}
	}
	switch {
	case c.APIKey != "" && (c.User != "" || c.Token != ""):
		return errs.New(errs.Invalid, "api_key, user and token exclude each other")
	case c.Flavour != "" && c.Flavour != "auto" && engines[c.Flavour] == nil:
		return errs.New(errs.Invalid, "flavour: %.40q is none of auto, elasticsearch, opensearch", c.Flavour)
	case c.Index != "" && (utf8.RuneCountInString(c.Index) > mostIndex || !goodIndex().MatchString(c.Index) || strings.Contains(c.Index, "..")):
		return errs.New(errs.Invalid, "index: %.80q is no name or pattern of indices", c.Index)
	case len(c.Query) > 10_000:
		return errs.New(errs.Invalid, "query: it is longer than 10000 bytes")
	case c.MaxLines < 0 || c.MaxLines > 100_000_000:
		return errs.New(errs.Invalid, "max_lines: it is %d, and may be up to 100000000", c.MaxLines)
	}
	return nil
}

// Source is one Elasticsearch or OpenSearch. It is safe for concurrent use;
// Close it.
type Source struct {
	c      Config
	http   *fetch.Client
	engine atomic.Pointer[engine] // nil: not known yet
}

var _ connectors.Source = (*Source)(nil)

// New checks the configuration and connects to nothing.
func New(c Config) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.Fields.fill()
	c.Index = cmp.Or(c.Index, "logs-*,filebeat-*,logstash-*")
	c.AtOnce = cmp.Or(c.AtOnce, 4)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	if c.APIKey != "" {
		c.Headers = maps.Clone(c.Headers)
		if c.Headers == nil {
			c.Headers = make(map[string]connectors.Secret)
		}
		c.Headers["Authorization"] = "ApiKey " + c.APIKey
	}
	client, err := fetch.New(c.Settings)
	if err != nil {
		return nil, err
	}
	s := &Source{c: c, http: client}
	if e := engines[c.Flavour]; e != nil {
		s.engine.Store(&e)
	}
	return s, nil
}

// Close ends idle connections.
func (s *Source) Close() error { return s.http.Close() }

// Load is what was asked since the source was made.
func (s *Source) Load() connectors.Load { return s.http.Load() }

// Clock is how the server's clock stands to ours; false: not known.
func (s *Source) Clock() (connectors.Clock, bool) { return s.http.Clock() }

// hint says what to do where a server refuses what it was asked.
func hint(err error) error {
	var e *errs.Error
	if errors.As(err, &e) && e.Remedy == "" {
		return &errs.Error{Op: e.Op, Kind: e.Kind, Err: e.Err, Remedy: "check index, query and fields"}
	}
	return err
}

func notElastic(format string, args ...any) error {
	e := errs.New(errs.Invalid, format, args...)
	e.Remedy = "check that the URL is that of an Elasticsearch or OpenSearch"
	return e
}
