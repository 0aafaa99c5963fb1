// Package iotdb reads an Apache IoTDB cluster over its REST service: who its
// nodes are, who leads which region, what runs at the moment and what is not as
// it should be; on demand the metrics endpoints of its nodes, and time series of
// users that are metrics of nodes. It sends SHOW and SELECT statements only.
//
// The cluster knows of the present alone: roles, status and running queries are
// those of the moment of asking. What was before stands in logs and metrics.
package iotdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"triagent/connectors"
	"triagent/connectors/fetch"
	"triagent/internal/errs"
)

// Source is one cluster. It is safe for concurrent use.
type Source struct {
	c       Config
	rest    []*fetch.Client // one for each address
	metrics []*fetch.Client // one for each endpoint

	mu   sync.Mutex
	last int // index in rest of the one that answered last
	own  own // what was asked of late
}

var _ connectors.Source = (*Source)(nil)

// New checks the configuration and connects to nothing.
func New(c Config) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.fill()
	s := &Source{c: c}
	for _, u := range c.all() {
		at := c.Settings
		at.URL = u
		f, err := fetch.New(at)
		if err != nil {
			return nil, err
		}
		s.rest = append(s.rest, f)
	}
	for _, m := range c.Metrics {
		u, err := endpoint(m)
		if err != nil {
			return nil, err
		}
		at := c.Settings
		at.URL = u.String()
		at.User, at.Password, at.Token, at.Headers = "", "", "", nil // they are the REST service's
		f, err := fetch.New(at)
		if err != nil {
			return nil, err
		}
		s.metrics = append(s.metrics, f)
	}
	return s, nil
}

// Close ends connections.
func (s *Source) Close() error {
	var all []error
	for _, f := range append(s.rest, s.metrics...) {
		all = append(all, f.Close())
	}
	return errors.Join(all...)
}

// Load is what was asked so far, of all addresses together.
func (s *Source) Load() connectors.Load {
	var sum connectors.Load
	for _, list := range [][]*fetch.Client{s.rest, s.metrics} {
		for _, f := range list {
			l := f.Load()
			sum.Requests += l.Requests
			sum.Bytes += l.Bytes
			sum.Retries += l.Retries
		}
	}
	return sum
}

// longestAnswer bounds an answer, in bytes: a page of series has 10 MB, twenty
// thousand replicas 5 MB.
const longestAnswer = 24 << 20

// patience is how long one address of several may take before the next is asked.
var patience = 3 * time.Second

var errSlow = errors.New("it was slow")

// ask sends a statement to whichever address answers: the one that answered last
// first, each once and for a short while, then each with the patience that is
// configured. An answer that is a refusal is an answer.
func (s *Source) ask(ctx context.Context, sql string) (*answer, error) {
	s.mu.Lock()
	first := s.last
	s.own.add(sql, time.Now())
	s.mu.Unlock()
	var failed error
	for _, quick := range []bool{true, false} {
		if quick && len(s.rest) == 1 {
			continue
		}
		for i := range s.rest {
			at := (first + i) % len(s.rest)
			a, err := s.askOne(ctx, s.rest[at], sql, quick)
			if err == nil || ctx.Err() != nil || errs.KindOf(err) != errs.Unavailable && !errors.Is(err, errSlow) {
				s.mu.Lock()
				s.last = at
				s.mu.Unlock()
				return a, err
			}
			failed = err
		}
	}
	return nil, failed
}

func (s *Source) askOne(ctx context.Context, f *fetch.Client, sql string, quick bool) (*answer, error) {
	body, err := json.Marshal(map[string]string{"sql": sql})
	if err != nil {
		return nil, err
	}
	if quick {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, patience, errSlow)
		defer cancel()
	}
	var a *answer
	err = f.Read(ctx, fetch.Request{Path: "/rest/v2/query", Body: body, Accept: "application/json", Max: longestAnswer, Once: quick}, func(r io.Reader) error {
		var err error
		a, err = decode(r)
		return err
	})
	var e *errs.Error
	if errors.As(err, &e) && e.Op == "" { // a code: it does not say who said it
		e.Op = fmt.Sprintf("%s: %.80s", f.URL(), sql)
	}
	return a, err
}
