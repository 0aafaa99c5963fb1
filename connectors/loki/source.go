package loki

import (
	"cmp"
	"errors"
	"maps"
	"regexp"
	"sync"
	"sync/atomic"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// SourceConfig says which Loki is asked for log lines, and for which. Only URL
// is needed.
type SourceConfig struct {
	fetch.Settings `yaml:",inline"`
	Match          string   `yaml:"match"`         // selector of streams that narrows every query, as {cluster="plant"}; empty: all that name a node
	NodeLabels     []string `yaml:"node_labels"`   // labels that name the node, the first that a stream has counts; empty: instance, host, hostname, node_name, pod
	ServiceLabel   string   `yaml:"service_label"` // label that says what a node is an instance of; empty: service_name, service, app, job
	Tenant         string   `yaml:"tenant"`        // X-Scope-OrgID; empty: none
	MaxLines       int64    `yaml:"max_lines"`     // lines that are handed over, at most; 0: as many as are asked for
}

// The labels that name nodes and services where the settings name none.
var (
	usualNodes    = []string{"instance", "host", "hostname", "node_name", "pod"}
	usualServices = []string{"service_name", "service", "app", "job"}
)

// label is what Loki takes for the name of a label.
var label = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
})

// Validate says what is wrong with the settings.
func (c *SourceConfig) Validate() error {
	if err := c.Settings.Validate(); err != nil {
		return err
	}
	if _, err := parseSelector(c.Match); err != nil {
		return err
	}
	for _, l := range c.NodeLabels {
		if !label().MatchString(l) {
			return errs.New(errs.Invalid, "node_labels: %.40q is no name of a label", l)
		}
	}
	switch {
	case len(c.NodeLabels) > 10:
		return errs.New(errs.Invalid, "node_labels: there are %d, and at most 10 are looked at", len(c.NodeLabels))
	case c.ServiceLabel != "" && !label().MatchString(c.ServiceLabel):
		return errs.New(errs.Invalid, "service_label: %.40q is no name of a label", c.ServiceLabel)
	case !goodTenant().MatchString(c.Tenant):
		return errs.New(errs.Invalid, "tenant: %.40q is no name of a tenant", c.Tenant)
	case c.MaxLines < 0 || c.MaxLines > 100_000_000:
		return errs.New(errs.Invalid, "max_lines: it is %d, and may be up to 100000000", c.MaxLines)
	}
	return nil
}

// Source reads the log lines of one Loki. It is safe for concurrent use; Close it.
type Source struct {
	c     SourceConfig
	match selector
	http  *fetch.Client
	page  atomic.Int64 // lines of one answer: what the server is known to give
}

var _ connectors.Source = (*Source)(nil)

// NewSource checks the configuration and connects to nothing.
func NewSource(c SourceConfig) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	match, err := parseSelector(c.Match)
	if err != nil {
		return nil, err
	}
	if len(c.NodeLabels) == 0 {
		c.NodeLabels = usualNodes
	}
	c.AtOnce = cmp.Or(c.AtOnce, 4)
	if c.Tenant != "" {
		c.Headers = maps.Clone(c.Headers)
		if c.Headers == nil {
			c.Headers = make(map[string]connectors.Secret)
		}
		c.Headers["X-Scope-OrgID"] = connectors.Secret(c.Tenant)
	}
	client, err := fetch.New(c.Settings)
	if err != nil {
		return nil, err
	}
	s := &Source{c: c, match: match, http: client}
	s.page.Store(firstPage)
	return s, nil
}

// Close ends idle connections.
func (s *Source) Close() error { return s.http.Close() }

// Load is what was asked since the source was made.
func (s *Source) Load() connectors.Load { return s.http.Load() }

// Clock is how the server's clock stands to ours; false: not known.
func (s *Source) Clock() (connectors.Clock, bool) { return s.http.Clock() }

// hint adds to a refusal what only Loki needs: the name of a tenant.
func (s *Source) hint(err error) error {
	var e *errs.Error
	if errors.As(err, &e) && e.Kind == errs.Denied && s.c.Tenant == "" {
		return &errs.Error{Op: e.Op, Kind: e.Kind, Err: e.Err, Remedy: e.Remedy + "; a Loki of several tenants wants tenant"}
	}
	return err
}
