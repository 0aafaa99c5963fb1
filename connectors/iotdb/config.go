package iotdb

import (
	"cmp"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// Config says where a cluster is. One address of its REST service is enough;
// with those of several DataNodes the cluster can be asked while one is down.
type Config struct {
	fetch.Settings `yaml:",inline"` // url may be left out where urls are given

	URLs    []string  `yaml:"urls"`    // REST services of further DataNodes; any that answers is used
	Metrics []string  `yaml:"metrics"` // metrics endpoints of nodes, as 10.0.0.1:9092: only where no Prometheus scrapes them
	Between Duration  `yaml:"between"` // two scrapes of an endpoint, which give its rates; 0: 1 s
	Series  []Pattern `yaml:"series"`  // the users' own time series that are metrics of nodes
	Ports   Ports     `yaml:"ports"`

	Query Duration `yaml:"slow_query"` // running queries that have taken less are not told of; 0: 1 s
}

// Duration is a time.Duration.
type Duration = time.Duration

// Ports are the ports of the metrics endpoints, by which a node goes in
// Prometheus. The cluster does not tell them.
type Ports struct {
	ConfigNode int `yaml:"confignode"` // 0: 9091
	DataNode   int `yaml:"datanode"`   // 0: 9092
}

// Pattern names time series that are metrics of nodes. What follows the node in
// the path is the metric: of root.plant.line1.d4.temperature with the node line1
// it is d4.temperature.
type Pattern struct {
	Path string   `yaml:"path"` // as root.plant.*.temperature, with * for one level and ** for any; numbers only
	Node string   `yaml:"node"` // regular expression with one capture, on the path: the node; or the plain name of the node
	Step Duration `yaml:"step"` // of the means that the server is asked for; 0: 15 s
	Most int      `yaml:"most"` // series; 0: 1000
}

// path is what may stand in a query: nothing in it ends the path.
var path = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("^root(\\.([\\p{L}\\p{N}_:*-]+|`[^`]+`))*\\.([\\p{L}\\p{N}_:*-]+|`[^`]+`)$")
})

// Validate says what is wrong with the configuration.
func (c *Config) Validate() error {
	if c.URL == "" && len(c.URLs) == 0 {
		return errs.New(errs.Invalid, "urls: the REST service of a DataNode is needed, as http://127.0.0.1:18080")
	}
	for _, u := range c.all() {
		s := c.Settings
		s.URL = u
		if err := s.Validate(); err != nil {
			return err
		}
	}
	for _, m := range c.Metrics {
		if _, err := endpoint(m); err != nil {
			return err
		}
	}
	switch {
	case c.Between < 0 || c.Between > time.Minute:
		return errs.New(errs.Invalid, "between: it is %v, and may be up to 1m", c.Between)
	case c.Query < 0:
		return errs.New(errs.Invalid, "slow_query: it is %v, and is not negative", c.Query)
	}
	for i := range c.Series {
		if err := c.Series[i].validate(); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pattern) validate() error {
	if !path().MatchString(p.Path) {
		return errs.New(errs.Invalid, "series: path %.100q: it is no path, as root.plant.*.temperature", p.Path)
	}
	err := connectors.CheckPattern(p.Node)
	switch {
	case p.Node == "":
		return errs.New(errs.Invalid, "series: %s: node is needed: an expression with one capture, or a name", p.Path)
	case err != nil:
		return errs.New(errs.Invalid, "series: %s: node: %v", p.Path, err)
	case p.Step != 0 && (p.Step < time.Second || p.Step > 24*time.Hour || p.Step%time.Millisecond != 0):
		return errs.New(errs.Invalid, "series: %s: step is %v, and may be 1s to 24h", p.Path, p.Step)
	case p.Most < 0 || p.Most > 20_000:
		return errs.New(errs.Invalid, "series: %s: most is %d, and may be up to 20000", p.Path, p.Most)
	}
	return nil
}

// all returns the addresses of REST services, each once.
func (c *Config) all() []string {
	var out []string
	for _, u := range append([]string{c.URL}, c.URLs...) {
		if u = strings.TrimRight(u, "/"); u != "" && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

func (c *Config) fill() {
	c.Between = cmp.Or(c.Between, time.Second)
	c.Query = cmp.Or(c.Query, time.Second)
	c.Ports.ConfigNode = cmp.Or(c.Ports.ConfigNode, 9091)
	c.Ports.DataNode = cmp.Or(c.Ports.DataNode, 9092)
	c.Series = slices.Clone(c.Series)
	for i := range c.Series {
		p := &c.Series[i]
		p.Step, p.Most = cmp.Or(p.Step, 15*time.Second), cmp.Or(p.Most, 1000)
	}
}

// endpoint returns the URL of a metrics endpoint, given as one or as host:port.
func endpoint(s string) (*url.URL, error) {
	if host, port, err := net.SplitHostPort(s); err == nil && host != "" && port != "" {
		return &url.URL{Scheme: "http", Host: s, Path: "/metrics"}, nil
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return nil, errs.New(errs.Invalid, "metrics: %.100q is neither host:port nor the URL of a metrics endpoint", s)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/metrics"
	}
	return u, nil
}
