// Package jaeger asks a Jaeger, or a Grafana Tempo, for traces.
//
// Traces are many and few of them tell anything, so that questions are planned:
// first for traces with failed spans, then for an even sample of the whole span
// of time (a bounded number from each of its slices), then for those that took
// longer than nine in ten of the sample. Traces come whole and once. What was
// left out is said.
//
// Of Jaeger the HTTP API of its own page is used (/api/services, /api/traces,
// /api/dependencies): Jaeger 1 and 2 have it, and so have servers that answer
// like one; it filters by tags and tells who calls whom. /api/v3 gives OTLP, but
// as text/plain and without dependencies. Of Tempo (from 2.0) /api/search with
// TraceQL and /api/traces/{id} in protobuf are used: its JSON is, by its own
// words, only mostly that of OTLP.
package jaeger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// Config says which server is asked, and for how much. Only URL is needed.
type Config struct {
	fetch.Settings `yaml:",inline"`
	Flavour        string   `yaml:"flavour"`    // "jaeger", "tempo"; empty or "auto": the server tells
	Services       []string `yaml:"services"`   // whose traces are wanted; empty: all
	MaxTraces      int      `yaml:"max_traces"` // of one incident; 0: 2000 of Jaeger, 300 of Tempo, where each takes a request
	Tenant         string   `yaml:"tenant"`     // of Tempo: X-Scope-OrgID; empty: none is sent
}

// The flavours.
const (
	auto       = "auto"
	flavJaeger = "jaeger"
	flavTempo  = "tempo"
)

// Validate says what is wrong with the settings.
func (c *Config) Validate() error {
	if err := c.Settings.Validate(); err != nil {
		return err
	}
	switch cmp.Or(c.Flavour, auto) {
	case auto, flavJaeger, flavTempo:
	default:
		return errs.New(errs.Invalid, "flavour: it is %.40q, and may be auto, jaeger or tempo", c.Flavour)
	}
	switch {
	case c.MaxTraces < 0 || c.MaxTraces > 100_000:
		return errs.New(errs.Invalid, "max_traces: it is %d, and may be up to 100000", c.MaxTraces)
	case len(c.Services) > maxServices:
		return errs.New(errs.Invalid, "services: there are %d, and may be up to %d", len(c.Services), maxServices)
	}
	return nil
}

// Source is one Jaeger or Tempo. It is safe for concurrent use; Close it.
type Source struct {
	c     Config
	http  *fetch.Client
	tempo atomic.Int32 // 0: not known, 1: it is Jaeger, 2: it is Tempo
}

var _ connectors.Source = (*Source)(nil)

// New checks the configuration and connects to nothing.
func New(c Config) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Tenant != "" {
		headers := map[string]connectors.Secret{"X-Scope-OrgID": connectors.Secret(c.Tenant)}
		for k, v := range c.Headers {
			headers[k] = v
		}
		c.Headers = headers
	}
	c.AtOnce = cmp.Or(c.AtOnce, 4)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	client, err := fetch.New(c.Settings)
	if err != nil {
		return nil, err
	}
	s := &Source{c: c, http: client}
	switch c.Flavour {
	case flavJaeger:
		s.tempo.Store(1)
	case flavTempo:
		s.tempo.Store(2)
	}
	return s, nil
}

// Close ends idle connections.
func (s *Source) Close() error { return s.http.Close() }

// Load is what was asked since the source was made.
func (s *Source) Load() connectors.Load { return s.http.Load() }

// Clock is how the server's clock stands to ours; false: not known.
func (s *Source) Clock() (connectors.Clock, bool) { return s.http.Clock() }

// isTempo finds out which of the two it is, once.
func (s *Source) isTempo(ctx context.Context) (bool, error) {
	switch s.tempo.Load() {
	case 1:
		return false, nil
	case 2:
		return true, nil
	}
	_, err := s.services(ctx)
	if err == nil {
		s.tempo.Store(1)
		return false, nil
	}
	if errs.KindOf(err) != errs.Invalid { // it does not answer at all
		return false, err
	}
	other := s.echo(ctx)
	switch {
	case other == nil:
		s.tempo.Store(2)
		return true, nil
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	}
	return false, neither(err)
}

// neither says that a server is none of the two, and how it answers as a Jaeger.
func neither(err error) error {
	var e *errs.Error
	if !errors.As(err, &e) {
		return err
	}
	return &errs.Error{Op: e.Op, Kind: errs.Invalid, Err: fmt.Errorf("it answers neither like Jaeger nor like Tempo: %w", e.Err), Remedy: cmp.Or(e.Remedy, "check the URL")}
}
