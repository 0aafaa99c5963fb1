// Package api is the REST service: the routes of /api/v1 but for accounts, hooks
// and channels, which register themselves (Config.Routes), health, the OpenAPI
// document, live events and the page's files.
//
// Every operation says who may call it and which answers it gives; what goes
// wrong is told as application/problem+json. Lists and the like are kept while
// no incident changes, so that many pages cost one query. Large bodies and
// answers are streamed. What is told of an error is for the caller, the cause is
// for the log, under the ID that every answer has in X-Request-Id.
//
// A Server is safe for concurrent use. Run carries changes to the pages that
// watch; without it nothing is live and kept answers do not see what other
// processes write.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"golang.org/x/sync/errgroup"

	"triagent/api/live"
	"triagent/api/raw"
	"triagent/internal/errs"
	"triagent/knowledge"
	"triagent/store"
	"triagent/telemetry"
	"triagent/web"
)

// Principal is who asks, as the accounts know them.
type Principal struct {
	Actor store.Actor // for the audit
	Role  store.Role  // empty: nobody is logged in
}

// Config sets up a Server. Store is needed, all else has defaults.
type Config struct {
	Store     Store
	Knowledge *knowledge.Base // names of faults, and the vocabulary; nil: faults name themselves
	Evaluator Evaluator       // runs evaluations; nil: they can only be uploaded
	Web       fs.FS           // the built page; nil: that of the program
	Log       *slog.Logger    // nil: discard
	Version   string          // of the program, for the OpenAPI document

	MaxBundle int64            // bytes of an uploaded bundle as sent; 0: 8 GiB
	Limits    telemetry.Limits // on reading bundles; zero: the defaults
	Streams   int              // pages that may watch at once; 0: 20,000

	// Who may do what. Guard is asked before every operation, with its metadata
	// (see MetaRole, MetaScope); nil lets everybody do everything, for tests.
	Guard     func(huma.API) func(huma.Context, func(huma.Context))
	Principal func(context.Context) Principal // nil: nobody, as admin
	// Follow gives a context for a stream that ends with the right to read it,
	// Still tells now and then whether the right is still there; nil: it is.
	Follow func(context.Context) (context.Context, context.CancelFunc)
	Still  func(context.Context) bool

	Middleware []func(http.Handler) http.Handler // around every request, the first outermost
	Routes     []func(huma.API)                  // further operations below /api/v1
	Metrics    http.Handler                      // answers /metrics; nil: there is none

	// Queued is told when a job was put into the queue; nil: nobody cares.
	Queued func()
	// Ready says why the service cannot serve now; nil or no error: it can. The
	// store is asked in any case.
	Ready func(context.Context) error
	// Lessons gives what was learned of a system as a file for triagent diagnose
	// --memory; nil: nothing is.
	Lessons func(ctx context.Context, system string) ([]byte, error)
	// Checks is the self-diagnosis beside what the server itself can check.
	Checks func(context.Context) []Check
}

// Server is the REST service.
type Server struct {
	c       Config
	handler http.Handler
	hub     *live.Hub
	feed    *feed
	cache   *cache
	bundles *raw.Bundles
	steps   *steps
	evals   *evaluations
	wrong   []error // what is wrong with the operations

	document []byte // OpenAPI, as JSON
}

// New builds the server. Errors have kind errs.Internal: an operation is not
// registered as it must be.
func New(c Config) (*Server, error) {
	if c.Store == nil {
		return nil, errs.New(errs.Internal, "the REST service needs a store")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Web == nil {
		c.Web = web.Files()
	}
	if c.Principal == nil {
		c.Principal = func(context.Context) Principal {
			return Principal{Actor: store.Actor{Name: "triagent"}, Role: store.Admin}
		}
	}
	c.MaxBundle = or64(c.MaxBundle, 8<<30)
	if c.Streams == 0 {
		c.Streams = 20_000
	}
	s := &Server{
		c: c, hub: live.New(c.Streams, pingEvery), cache: newCache(),
		bundles: raw.NewBundles(c.Limits), steps: newSteps(), evals: newEvaluations(),
	}
	s.feed = newFeed(s)
	if err := s.build(); err != nil {
		return nil, err
	}
	return s, nil
}

// Handler answers every request of the service.
func (s *Server) Handler() http.Handler { return s.handler }

// Changed tells that something was committed; it never blocks. Give it to
// store.Config.Changed.
func (s *Server) Changed(c store.Change) { s.feed.note(c) }

// Watching is how many pages hold a stream.
func (s *Server) Watching() int { return s.hub.Count() }

// Run carries changes to those who watch, runs the evaluations that were asked
// for and clears away abandoned uploads, until ctx ends. All streams have been
// told to end when it returns; it returns nil.
func (s *Server) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.hub.Run(ctx) })
	g.Go(func() error { return s.feed.run(ctx) })
	g.Go(func() error { return s.cache.follow(ctx, s.c.Store.Revision, s.feed.look) })
	g.Go(func() error { return s.evals.run(ctx, s) })
	g.Go(func() error { return s.sweep(ctx) })
	err := g.Wait()
	s.bundles.Close()
	return err
}

// sweep clears away uploads that nobody went on with.
func (s *Server) sweep(ctx context.Context) error {
	t := time.NewTicker(10 * time.Minute)
	defer t.Stop()
	for {
		if err := s.c.Store.ExpireUploads(ctx); err != nil && ctx.Err() == nil {
			s.c.Log.WarnContext(ctx, "abandoned uploads could not be cleared away", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// build makes the handler: middlewares, operations, page.
func (s *Server) build() error {
	r := chi.NewMux()
	zip, err := compressed()
	if err != nil {
		return &errs.Error{Op: "set up compression", Kind: errs.Internal, Err: err}
	}
	r.Use(identify, hurried, secured, s.recovered, legible, heads)
	r.Use(s.c.Middleware...)
	r.NotFound(s.elsewhere(newPage(s.c.Web)))
	r.MethodNotAllowed(s.refused(r))
	plain := r.With(zipUnlessStream(zip))
	a := humachi.New(plain, s.openapi())
	if s.c.Guard != nil {
		a.UseMiddleware(s.c.Guard(a))
	}
	v1 := huma.NewGroup(a, "/api/v1")
	s.outside(a)
	s.routes(v1)
	for _, more := range s.c.Routes {
		more(v1)
	}
	if err := errors.Join(s.wrong...); err != nil {
		return err
	}
	orNull(a.OpenAPI().Components.Schemas.Map(), "Incident", "headline")
	orNull(a.OpenAPI().Components.Schemas.Map(), "Series", "band")
	if s.document, err = json.Marshal(a.OpenAPI()); err != nil {
		return &errs.Error{Op: "write the OpenAPI document", Kind: errs.Internal, Err: err}
	}
	s.handler = r
	return nil
}

// orNull says of a field that holds an object that it may be null, which no tag
// can.
func orNull(schemas map[string]*huma.Schema, name, field string) {
	if s := schemas[name]; s != nil && s.Properties[field] != nil {
		s.Properties[field] = &huma.Schema{AnyOf: []*huma.Schema{s.Properties[field], {Type: "null"}}}
	}
}

// zipUnlessStream compresses answers, but not those that are streams or have
// parts: they go straight to the connection.
func zipUnlessStream(zip func(http.Handler) http.HandlerFunc) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		zipped := zip(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isStream(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			zipped.ServeHTTP(w, r)
		})
	}
}

func (s *Server) openapi() huma.Config {
	c := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Triagent", Version: or(s.c.Version, "0.0.0"),
				Description: "Incidents in, diagnoses out. Errors are application/problem+json; every answer has X-Request-Id.",
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", namer()),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"session": {Type: "apiKey", In: "cookie", Name: "triagent_session", Description: "Unsafe methods need X-CSRF-Token as well"},
					"token":   {Type: "http", Scheme: "bearer", BearerFormat: "tri_..."},
				},
			},
			Security: []map[string][]string{{"session": {}}, {"token": {}}},
		},
		Formats:       formats,
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{s.transform},
	}
	c.OnAddOperation = append(c.OnAddOperation, s.documented)
	return c
}

// heads answers HEAD where there is GET; streams have no head alone.
func heads(next http.Handler) http.Handler {
	with := middleware.GetHead(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			next.ServeHTTP(w, r)
			return
		}
		with.ServeHTTP(w, r)
	})
}

// elsewhere answers for paths that no operation has: those of the page, or a
// problem.
func (s *Server) elsewhere(p *page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/metrics" {
			writeProblem(w, r, problem(http.StatusNotFound, "There is nothing at this address."))
			return
		}
		p.ServeHTTP(w, r)
	}
}

// refused answers for methods that a path does not have, and names those it has.
func (s *Server) refused(r chi.Router) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			if r.Match(chi.NewRouteContext(), m, req.URL.Path) {
				w.Header().Add("Allow", m)
			}
		}
		writeProblem(w, req, problem(http.StatusMethodNotAllowed, "This address does not take this method."))
	}
}
