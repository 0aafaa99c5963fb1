// Package prometheus asks a Prometheus, or a server that answers like one
// (VictoriaMetrics, Mimir, Thanos), what it remembers of the nodes of a system.
//
// A node is what one label tells apart, "instance" unless the settings say
// otherwise. Its samples are fetched as they were scraped, by selectors with a
// range, not evaluated on a grid: that is the cheapest question there is, no
// sample is lost or asked for twice, and a gap stays a gap, which a grid fills
// for five minutes. They stand at the times of the node's scrapes.
//
// Counters, histograms and summaries are fetched as they are and become rates
// and means here, so that one question gives both; every series carries the
// PromQL that gives the same numbers at the same times.
package prometheus

import (
	"errors"
	"regexp"
	"sync"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// Config says which server is asked, and for what. Only URL is needed.
type Config struct {
	fetch.Settings `yaml:",inline"`
	Match          string        `yaml:"match"`         // selector that narrows every query, as {cluster="plant"}; empty: all that is there
	NodeLabel      string        `yaml:"node_label"`    // label that tells nodes apart; empty: instance
	ServiceLabel   string        `yaml:"service_label"` // label that says what a node is an instance of; empty: job
	Step           time.Duration `yaml:"step"`          // spacing of samples; 0: as they were scraped
	MaxSeries      int           `yaml:"max_series"`    // of a node; 0: 5000
	Monitoring     bool          `yaml:"monitoring"`    // take what watches for nodes too: Prometheus, Grafana, Triagent and their like
}

// label is what Prometheus takes for the name of a label.
var label = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
})

// Validate says what is wrong with the settings.
func (c *Config) Validate() error {
	if err := c.Settings.Validate(); err != nil {
		return err
	}
	if _, err := parseSelector(c.Match); err != nil {
		return err
	}
	switch {
	case c.NodeLabel != "" && !label().MatchString(c.NodeLabel):
		return errs.New(errs.Invalid, "node_label: %.40q is no name of a label", c.NodeLabel)
	case c.ServiceLabel != "" && !label().MatchString(c.ServiceLabel):
		return errs.New(errs.Invalid, "service_label: %.40q is no name of a label", c.ServiceLabel)
	case c.Step != 0 && (c.Step < time.Second || c.Step > time.Hour || c.Step%time.Second != 0):
		return errs.New(errs.Invalid, "step: it is %v, and may be whole seconds up to 1h, or 0 for the scrape interval", c.Step)
	case c.MaxSeries < 0 || c.MaxSeries > 100_000:
		return errs.New(errs.Invalid, "max_series: it is %d, and may be up to 100000", c.MaxSeries)
	}
	return nil
}

// errMore says that the bound of an Ask was reached.
var errMore = errors.New("there are more samples than are wanted")

// Source is one Prometheus. It is safe for concurrent use; Close it.
type Source struct {
	c     Config
	match selector
	http  *fetch.Client
}

var _ connectors.Source = (*Source)(nil)

// New checks the configuration and connects to nothing.
func New(c Config) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	match, err := parseSelector(c.Match)
	if err != nil {
		return nil, err
	}
	if c.NodeLabel == "" {
		c.NodeLabel = "instance"
	}
	if c.ServiceLabel == "" {
		c.ServiceLabel = "job"
	}
	if c.MaxSeries == 0 {
		c.MaxSeries = 5000
	}
	if c.AtOnce == 0 {
		c.AtOnce = 4
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	client, err := fetch.New(c.Settings)
	if err != nil {
		return nil, err
	}
	return &Source{c: c, match: match, http: client}, nil
}

// Close ends idle connections.
func (s *Source) Close() error { return s.http.Close() }

// Load is what was asked since the source was made.
func (s *Source) Load() connectors.Load { return s.http.Load() }
