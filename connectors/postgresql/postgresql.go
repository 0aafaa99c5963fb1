// Package postgresql reads what PostgreSQL nodes and Patroni know of themselves:
// who leads, who waits for whom, how far standbys are behind, what is slow, what
// restarted and when leadership moved.
//
// PostgreSQL keeps no history. Its counters and sessions are looked at once a
// second for a short while, so what comes of them is the present: the end of the
// span that is asked for, or nothing if that is over. What it says of the past
// (since when a session waits, when the server started, Patroni's list of
// failovers) and what this source saw itself when it was asked before is handed
// over with its own time.
//
// Every node is asked by itself, over sessions that cannot write, wait for no
// lock and end statements that take long; at most two at a time, none between
// calls.
package postgresql

import (
	"crypto/tls"
	"embed"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"triagent/connectors"
	"triagent/connectors/fetch"
)

//go:embed sql
var files embed.FS

// text is a statement, with what stands in {{}} replaced.
func text(name string, pairs ...string) string {
	b, err := files.ReadFile("sql/" + name + ".sql")
	if err != nil {
		panic("postgresql: " + err.Error()) // a statement that was not built in
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		b = []byte(strings.ReplaceAll(string(b), "{{"+pairs[i]+"}}", pairs[i+1]))
	}
	return strings.TrimSpace(string(b))
}

// Source asks the nodes of one system. It is safe for concurrent use.
type Source struct {
	c       Config
	dial    *pgx.ConnConfig
	tls     *tls.Config // nil: not encrypted
	near    func(host string) bool
	nodes   []*node
	patroni []*fetch.Client
	memory  memory

	requests, bytes atomic.Int64
}

// node is one configured node.
type node struct {
	at    address
	slots *semaphore.Weighted // connections
}

// sessions is how many connections a node has of us, at most.
const sessions = 2

// atOnce is how many nodes are asked at once.
const atOnce = 16

var _ connectors.Source = (*Source)(nil)

// New checks the configuration, reads the files it names and connects to nothing.
func New(c Config) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.fill()
	s := &Source{c: c, near: loopback}
	var err error
	if s.dial, err = dialConfig(&c); err != nil {
		return nil, err
	}
	if s.tls, err = tlsOf(&c.TLS); err != nil {
		return nil, err
	}
	for _, h := range c.Hosts {
		at, err := addressOf(h)
		if err != nil {
			return nil, err
		}
		s.nodes = append(s.nodes, &node{at: at, slots: semaphore.NewWeighted(sessions)})
	}
	for _, p := range c.Patroni.list() {
		client, err := fetch.New(p)
		if err != nil {
			return nil, err
		}
		s.patroni = append(s.patroni, client)
	}
	return s, nil
}

// Close ends what connections to Patroni are idle; sessions of nodes end with
// each call.
func (s *Source) Close() error {
	for _, p := range s.patroni {
		_ = p.Close() // closes idle connections only
	}
	return nil
}

// Load is how many statements and requests were sent, log-ins included, and how
// many bytes came back.
func (s *Source) Load() connectors.Load {
	l := connectors.Load{Requests: s.requests.Load(), Bytes: s.bytes.Load()}
	for _, p := range s.patroni {
		x := p.Load()
		l.Requests, l.Bytes, l.Retries = l.Requests+x.Requests, l.Bytes+x.Bytes, l.Retries+x.Retries
	}
	return l
}

// grant is the statement that gives our account what it lacks.
func (s *Source) grant() string {
	return fmt.Sprintf("GRANT pg_monitor TO %s;", pgx.Identifier{s.c.User}.Sanitize())
}

// each calls f for every node, several at once, and waits for all.
func each(nodes []*node, f func(i int, n *node)) {
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, n := range nodes {
		g.Go(func() error {
			f(i, n)
			return nil
		})
	}
	_ = g.Wait() // f gives no error
}
