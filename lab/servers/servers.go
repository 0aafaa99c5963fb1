// Package servers installs and starts real servers on free ports of the
// loopback, with their data in a folder of its own, and ends them for sure: when
// the test ends, and when this process ends, however it does.
//
// Quick ones are programs of Debian's packages, installed by apt-get where this
// process is root's. Slow ones are built or fetched once, for minutes, into a
// cache (see Cache), and used only where TRIAGENT_TEST_ALL is 1. A server that
// cannot be had skips the test, and says why. Programs under other licences run
// as processes of their own and are never linked.
package servers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"triagent/lab/process"
)

// Kind is a kind of server.
type Kind string

// The servers. The quick ones come first.
const (
	PostgreSQL    Kind = "postgresql"
	Prometheus    Kind = "prometheus"
	Alertmanager  Kind = "alertmanager"
	Etcd          Kind = "etcd"
	Loki          Kind = "loki"
	Jaeger        Kind = "jaeger"
	MinIO         Kind = "minio"
	Kubernetes    Kind = "kubernetes" // etcd and kube-apiserver: no kubelet, no scheduler
	Elasticsearch Kind = "elasticsearch"
	OpenSearch    Kind = "opensearch"
)

// Kinds are all kinds of server, ascending.
func Kinds() []Kind {
	var out []Kind
	for k := range recipes {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Options are what may differ between two servers of a kind.
type Options struct {
	// Config stands in place of the server's own configuration file; empty: one
	// that needs nobody else. Of Prometheus, Alertmanager and Loki.
	Config string
	Args   []string // further arguments of the program
	// Version of OpenSearch: "2.19.4" or "3.8.0"; empty: the former.
	Version string
	Dir     string // for its data; empty: a new one, which is removed at the end
	// Ports that are wanted by name, as "http"; the others are free ones.
	Ports map[string]int
}

// Server is a server that runs.
type Server struct {
	Kind  Kind
	URL   string         // base URL of its API; of PostgreSQL one without a database's name
	Dir   string         // holds its data and its log
	Ports map[string]int // by name: "http" is that of URL
	CA    string         // PEM file of the authority of an https URL; empty: it is http
	Token string         // lets in as administrator; empty: nobody is asked

	o     Options
	temp  bool
	procs []*process.Process
}

// Addr is host:port of a port by name.
func (s *Server) Addr(port string) string { return "127.0.0.1:" + strconv.Itoa(s.Ports[port]) }

// recipe is how a kind of server is had, started and asked whether it is ready.
type recipe struct {
	slow    bool
	get     func(ctx context.Context, o *Options) (programs, error)
	ports   []string // "http" first
	scheme  string   // "": http
	unroot  bool     // refuses root: becomes user nobody
	prepare func(ctx context.Context, s *Server, p programs) error
	// commands are started in this order; all must stay.
	commands func(s *Server, p programs) []process.Command
	ready    func(ctx context.Context, s *Server) error
	within   time.Duration // until it is ready
}

// programs are paths of programs by name.
type programs map[string]string

var recipes = map[Kind]recipe{
	PostgreSQL: postgresql, Prometheus: prometheus, Alertmanager: alertmanager, Etcd: etcd,
	Loki: loki, Jaeger: jaeger, MinIO: minio, Kubernetes: kubernetes, Elasticsearch: elasticsearch, OpenSearch: opensearch,
}

// absent says that a server cannot be had on this machine.
type absent struct{ err error }

func (a *absent) Error() string { return a.err.Error() }
func (a *absent) Unwrap() error { return a.err }

// Absent reports whether an error says that a server cannot be had here, rather
// than that it does not start.
func Absent(err error) bool {
	var a *absent
	return errors.As(err, &a)
}

func lacks(format string, args ...any) error { return &absent{fmt.Errorf(format, args...)} }

// Start starts a server that lives as long as the test. It skips the test where
// the server cannot be had, or is a slow one and TRIAGENT_TEST_ALL is not 1.
func Start(t testing.TB, kind Kind, o Options) *Server {
	t.Helper()
	Need(t, kind)
	s, err := Run(context.WithoutCancel(t.Context()), kind, o)
	switch {
	case Absent(err):
		t.Skipf("no %s: %v", kind, err)
	case err != nil:
		t.Fatalf("start %s: %v", kind, err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stop %s: %v", kind, err)
		}
	})
	return s
}

// Need skips a test that needs a slow server where those are not wanted.
func Need(t testing.TB, kind Kind) {
	t.Helper()
	if recipes[kind].slow && os.Getenv("TRIAGENT_TEST_ALL") != "1" {
		t.Skipf("%s takes minutes to be had: set TRIAGENT_TEST_ALL=1", kind)
	}
}

// Get installs, fetches or builds what a server needs and is not there yet.
func Get(ctx context.Context, kind Kind, o Options) error {
	r, ok := recipes[kind]
	if !ok {
		return lacks("no server is called %q", kind)
	}
	_, err := r.get(ctx, &o)
	return err
}

// Run starts a server and waits until it is ready; Stop it. ctx bounds getting
// and starting it, not its life.
func Run(ctx context.Context, kind Kind, o Options) (*Server, error) {
	r, ok := recipes[kind]
	if !ok {
		return nil, lacks("no server is called %q", kind)
	}
	programs, err := r.get(ctx, &o)
	if err != nil {
		return nil, err
	}
	s := &Server{Kind: kind, Dir: o.Dir, o: o}
	if err := s.place(&r); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if err := s.start(ctx, &r, programs); err != nil {
		said := s.said()
		return nil, errors.Join(fmt.Errorf("%w%s", err, said), s.Stop())
	}
	return s, nil
}

// place makes the folder and finds ports.
func (s *Server) place(r *recipe) (err error) {
	if s.Dir == "" {
		if s.Dir, err = os.MkdirTemp("", "triagent-"+string(s.Kind)+"-"); err != nil {
			return err
		}
		s.temp = true
		if err := os.Chmod(s.Dir, 0o755); err != nil { //nolint:gosec // user nobody goes through it
			return err
		}
	}
	if s.Dir, err = filepath.Abs(s.Dir); err != nil {
		return err
	}
	if s.Ports, err = freePorts(r.ports, s.o.Ports); err != nil {
		return err
	}
	scheme := r.scheme
	if scheme == "" {
		scheme = "http"
	}
	s.URL = scheme + "://" + s.Addr(r.ports[0])
	return nil
}

func (s *Server) start(ctx context.Context, r *recipe, p programs) error {
	if r.prepare != nil {
		if err := r.prepare(ctx, s, p); err != nil {
			return err
		}
	}
	who, err := identity(r.unroot, s.Dir)
	if err != nil {
		return err
	}
	for _, c := range r.commands(s, p) {
		c.As = who
		proc, err := process.Begin(c, s.Dir)
		if err != nil {
			return err
		}
		s.procs = append(s.procs, proc)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, r.within, fmt.Errorf("it is not ready after %v", r.within))
	defer cancel()
	return s.await(ctx, r)
}

// await waits until the server is ready, and looks that it is ours: an older one
// on the port would answer too.
func (s *Server) await(ctx context.Context, r *recipe) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, p := range s.procs {
			if p.Ended() {
				return fmt.Errorf("%s ended by itself: %w", p.Name, p.Err())
			}
		}
		err := r.ready(ctx, s)
		if err == nil {
			return s.own(r)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}

func (s *Server) own(r *recipe) error {
	for _, name := range r.ports {
		ours, known := holds(s.Pids(), s.Ports[name])
		if known && !ours {
			return fmt.Errorf("another program answers on port %d", s.Ports[name])
		}
	}
	return nil
}

// said is the end of the server's logs.
func (s *Server) said() string {
	var out string
	for _, p := range s.procs {
		if b, err := os.ReadFile(p.Log); err == nil && len(b) > 0 {
			out += fmt.Sprintf("\n%s says: ...%s", p.Name, b[max(0, len(b)-1500):])
		}
	}
	return out
}

// Stop ends the server, the last part first, and removes its folder if it was
// made for it. It may be called twice.
func (s *Server) Stop() error {
	var failed []error
	for _, p := range slices.Backward(s.procs) {
		failed = append(failed, p.Stop(15*time.Second))
	}
	if s.temp {
		failed = append(failed, os.RemoveAll(s.Dir))
	}
	return errors.Join(failed...)
}

// Kill ends the server at once, as kill -9 does. Its folder stays until Stop.
func (s *Server) Kill() {
	for _, p := range slices.Backward(s.procs) {
		p.Kill()
	}
}

// Pids are the process IDs of its programs, in the order of their start.
func (s *Server) Pids() []int {
	var out []int
	for _, p := range s.procs {
		out = append(out, p.PID)
	}
	return out
}

// answers waits for a good answer of an address below the server's URL.
func answers(path string) func(context.Context, *Server) error {
	return func(ctx context.Context, s *Server) error { return ask(ctx, http.DefaultClient, s.URL+path) }
}

func ask(ctx context.Context, c *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Close = true // leaves no connection behind
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return nil
}
