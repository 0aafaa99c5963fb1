package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"triagent/api"
	"triagent/api/account"
	"triagent/api/intake"
	"triagent/api/outbox"
	"triagent/api/work"
	"triagent/collect"
	"triagent/connectors/outgoing"
	"triagent/internal/errs"
	"triagent/internal/seal"
	"triagent/knowledge"
	"triagent/report"
	"triagent/store"
)

// Parts are what the service gets from its caller, beside Settings.
type Parts struct {
	Log       *slog.Logger  // nil: discard
	Evaluator api.Evaluator // nil: evaluations can only be uploaded
}

// Service is the whole service in one process: REST, page, intake of alerts,
// diagnoses and messages. Make one with OpenService, then Run it, then Close it.
type Service struct {
	set   Settings
	log   *slog.Logger
	parts Parts

	engine    *App
	words     *knowledge.Base
	store     *store.Store
	sealer    *seal.Sealer
	accounts  *account.Accounts
	intake    *intake.Intake
	outbox    *outbox.Outbox
	pool      *work.Pool
	learner   *learner
	server    *api.Server
	systems   *systems
	receivers []sender
	live      *liveSettings
	meter     *meter
	tracer    trace.Tracer
	pair      *keyPair
	listener  net.Listener
	link      string

	closers []closer // what Close does, last first
}

type closer struct {
	name string
	do   func() error
}

// OpenService opens everything that the service needs and takes its port, but
// answers nothing before Run. Errors are of kind errs.Invalid where the settings
// or what they name are at fault.
func OpenService(ctx context.Context, set Settings, parts Parts) (*Service, error) {
	if parts.Log == nil {
		parts.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{set: set.withDefaults(), log: parts.Log, parts: parts, meter: newMeter()}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"data folder", s.openData},
		{"engine", s.openEngine},
		{"port", s.openPort},
		{"store", s.openStore},
		{"accounts", s.openAccounts},
		{"alerts", s.openIntake},
		{"systems", s.openSystems},
		{"messages", s.openOutbox},
		{"diagnoses", s.openPool},
		{"REST", s.openServer},
	} {
		if err := step.do(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("open the service: %s: %w", step.name, err), s.Close())
		}
	}
	return s, nil
}

func (s *Service) closeWith(name string, do func() error) {
	s.closers = append(s.closers, closer{name, do})
}

// Close releases everything, what was opened last first.
func (s *Service) Close() error {
	var all []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		if err := s.closers[i].do(); err != nil {
			all = append(all, fmt.Errorf("close %s: %w", s.closers[i].name, err))
		}
	}
	s.closers = nil
	return errors.Join(all...)
}

func (s *Service) openData(context.Context) error {
	if err := os.MkdirAll(s.set.Data, 0o700); err != nil {
		return &errs.Error{Kind: errs.Invalid, Err: err, Remedy: "name a folder that can be written, with --data or in the settings"}
	}
	return nil
}

func (s *Service) openEngine(ctx context.Context) error {
	folders, err := Folders(s.set.Diagnosis.Knowledge)
	if err != nil {
		return err
	}
	if s.words, err = knowledge.Load(folders...); err != nil {
		return err
	}
	if s.engine, err = New(Config{Knowledge: folders, Jobs: 1}); err != nil {
		return err
	}
	s.closeWith("engine", s.engine.Close)
	tracer, end, err := newTracer(ctx, s.set.OTLP.Endpoint, s.set.Version)
	if err != nil {
		return err
	}
	s.tracer = tracer
	s.closeWith("traces", func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if err := end(ctx); err != nil {
			s.log.Warn("the last traces were not sent", slog.Any("error", err))
		}
		return nil
	})
	return nil
}

func (s *Service) openPort(ctx context.Context) error {
	var err error
	if s.set.TLS.Cert != "" {
		if s.pair, err = newKeyPair(s.set.TLS.Cert, s.set.TLS.Key, s.log); err != nil {
			return err
		}
	}
	if s.listener, err = listen(ctx, s.set.Listen, s.set.Demo); err != nil {
		return err
	}
	s.closeWith("port", func() error {
		if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	if s.set.Demo && !loopback(s.listener) {
		return errs.New(errs.Invalid, "the demonstration lets everybody in who reaches it, so it answers on this machine only; %s is reached from outside", s.set.Listen)
	}
	s.set.Listen = s.listener.Addr().String()
	return nil
}

func (s *Service) openStore(ctx context.Context) error {
	var err error
	if s.sealer, err = seal.Open(s.set.path("keys.json")); err != nil {
		return err
	}
	keys, err := s.sealer.Derive(forAudit)
	if err != nil {
		return err
	}
	s.store, err = store.New(ctx, s.set.storeConfig(keys, func(c store.Change) {
		if s.server == nil {
			return // nobody can have been watching
		}
		s.server.Changed(c)
		if c.Kind == "queue" {
			s.pool.Wake()
		}
		if c.Kind == "incident" || c.Kind == "delivery" {
			s.outbox.Wake()
		}
	}, s.log))
	if err != nil && s.set.Database != "" {
		return &errs.Error{Kind: errs.KindOf(err), Err: err, Remedy: "look at host, port, user, password and name in the setting database, and whether PostgreSQL answers there"}
	}
	if err != nil {
		return err
	}
	s.closeWith("store", s.store.Close)
	s.live = &liveSettings{store: s.store, base: s.set}
	return s.store.SignAudit(ctx, robot)
}

// What keys are derived for.
const (
	forAudit  = "audit head"
	forLogins = "names at log-in"
)

// storeConfig is where the state is kept.
func (s Settings) storeConfig(keys [][]byte, changed func(store.Change), log *slog.Logger) store.Config {
	return store.Config{
		Path: s.path("triagent.db"), URL: s.Database, Blobs: s.path("bundles"), MaxQueued: s.Diagnosis.Queue, Changed: changed, Log: log,
		Announced: 4 * s.Diagnosis.MaxBundle << 20, AuditKeys: keys, AuditMark: s.path("audit.signed"),
	}
}

func (s *Service) openAccounts(ctx context.Context) error {
	keys, err := s.sealer.Derive(forLogins)
	if err != nil {
		return err
	}
	s.accounts, err = account.New(account.Config{
		PublicURL: s.live.publicURL, Version: s.set.Version, Demo: s.set.Demo, OIDC: s.set.OIDC, Log: s.log,
		Proxies: s.set.proxies(), NameKey: keys[0],
	}, s.store)
	if err != nil || s.set.Demo {
		return err
	}
	s.link, err = s.accounts.Setup(ctx)
	return err
}

func (s *Service) openIntake(ctx context.Context) error {
	c := s.set.Hooks
	c.PublicURL, c.Log = s.live.publicURL, s.log
	c.Allowed = func(ctx context.Context) bool { return account.From(ctx).May(account.ScopeHooks) }
	var err error
	if s.intake, err = intake.New(c, s.store); err != nil {
		return err
	}
	return s.intake.Load(ctx)
}

func (s *Service) openSystems(context.Context) error {
	var err error
	if s.systems, err = openSystems(s.set.Systems, s.log); err != nil {
		return err
	}
	for _, sys := range s.systems.list {
		for i := range sys.Sources {
			sys.Sources[i].Source = collect.Guard(sys.Sources[i].Source)
		}
	}
	s.closeWith("systems", s.systems.close)
	return s.openReceivers()
}

func (s *Service) openOutbox(context.Context) error {
	var err error
	s.outbox, err = outbox.New(outbox.Config{
		Lang: report.Lang(s.set.Lang), Words: s.words.Word, PublicURL: s.live.publicURL, SMTP: s.set.SMTP.server(), Log: s.log,
		Guard: outgoing.Guard{RefusePrivate: s.set.Outgoing.RefusePrivate},
		Actor: func(ctx context.Context) store.Actor { return account.From(ctx).Actor },
		Sent:  func(kind, outcome string) { s.meter.sent.WithLabelValues(kind, outcome).Inc() },
	}, s.store, s.sealer)
	return err
}

func (s *Service) openPool(context.Context) error {
	s.learner = newLearner(s)
	host, err := os.Hostname()
	if err != nil {
		host = "worker"
	}
	s.pool, err = work.New(work.Config{
		Queue: s.store, Diagnose: s.diagnose, Bundle: s.bundleIfRoom, Workers: s.set.Diagnosis.Workers, Lease: 10 * time.Second,
		Name: fmt.Sprintf("%s-%d", host, os.Getpid()), Log: s.log,
	})
	return err
}

// bundleIfRoom is bundle, unless one would have to be made and the disk is full.
func (s *Service) bundleIfRoom(ctx context.Context, j store.Job) (string, func(), error) {
	if j.Bundle == "" || strings.HasPrefix(j.Bundle, collected) {
		if err := s.store.HasRoom(0); err != nil {
			return "", nil, err
		}
	}
	return s.bundle(ctx, j)
}

func (s *Service) openServer(context.Context) error {
	var err error
	s.server, err = api.New(api.Config{ //nolint:contextcheck // requests bring their own
		Store: s.store, Knowledge: s.words, Evaluator: s.parts.Evaluator, Log: s.log, Version: s.set.Version,
		MaxBundle: s.set.Diagnosis.MaxBundle << 20,
		Guard:     s.accounts.Guard, Principal: principal, Follow: s.accounts.Follow, Still: s.accounts.Still,
		Middleware: []func(http.Handler) http.Handler{s.meter.middleware, s.accounts.Middleware},
		Routes:     []func(huma.API){s.accounts.Routes, s.intake.Routes, s.outbox.Routes},
		Metrics:    s.accounts.Need(store.Viewer, "metrics")(s.meter.handler()),
		Queued:     s.pool.Wake, Checks: s.checks, Lessons: s.learner.file,
	})
	if err != nil {
		return err
	}
	s.watch() //nolint:contextcheck // asked at every scrape, which brings no context
	return nil
}

// principal tells the server who asks.
func principal(ctx context.Context) api.Principal {
	p := account.From(ctx)
	return api.Principal{Actor: p.Actor, Role: p.Role}
}

// watch adds the metrics whose values are asked for.
func (s *Service) watch() {
	queue := func(pick func(queued, running, capacity int) int) func() float64 {
		return func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			q, r, c, err := s.store.QueueState(ctx)
			if err != nil {
				return -1
			}
			return float64(pick(q, r, c))
		}
	}
	s.meter.gauge("triagent_queue_waiting", "Diagnoses that wait.", nil, queue(func(q, _, _ int) int { return q }))
	s.meter.gauge("triagent_queue_running", "Diagnoses under way.", nil, queue(func(_, r, _ int) int { return r }))
	s.meter.gauge("triagent_queue_capacity", "Diagnoses that may wait.", nil, queue(func(_, _, c int) int { return c }))
	s.meter.gauge("triagent_streams", "Pages that hold a stream of events.", nil, func() float64 { return float64(s.server.Watching()) })
}

// Run serves until ctx ends, or a part fails for good. It returns nil when it
// was asked to end: what was being diagnosed then is given back, and taken up
// again at the next start.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serve(ctx, s.listener, s.server.Handler(), s.pair, s.log) })
	for _, run := range []func(context.Context) error{s.server.Run, s.accounts.Run, s.outbox.Run, s.pool.Run, s.follow, s.forget, s.lookAtSources, s.learner.run} {
		g.Go(func() error { return run(ctx) })
	}
	for _, r := range s.receivers {
		g.Go(func() error { return r.Run(ctx) })
	}
	if s.set.Demo {
		g.Go(func() error { return s.replay(ctx) })
	}
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// Keeps says where the state is, for people.
func (s *Service) Keeps() string {
	data := s.set.Data
	if abs, err := filepath.Abs(data); err == nil {
		data = abs
	}
	if s.set.Database != "" {
		return "PostgreSQL, with bundles in " + data
	}
	return data
}

// URL is where the page is.
func (s *Service) URL() string { return s.set.publicURL() }

// Handler answers the requests of the service, for tests.
func (s *Service) Handler() http.Handler { return s.server.Handler() }

// SetupLink is the one-time link that makes the first account; empty if there is
// one already.
func (s *Service) SetupLink() string {
	if strings.HasPrefix(s.link, "/") {
		return s.URL() + s.link
	}
	return s.link
}
