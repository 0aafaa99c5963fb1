// Package app wires the parts of Triagent together. It is what the command
// line, the evaluation and the tests run.
package app

import (
	"context"
	"io/fs"
	"runtime"
	"time"

	"triagent/agents/casebook"
	"triagent/incident"
	"triagent/knowledge"
	"triagent/meta"
	"triagent/telemetry"
)

// EngineVersion is the version of the built-in engine; it changes with whatever
// changes a diagnosis.
const EngineVersion = "0.1.0"

// Config sets up an App. The zero Config is a working one.
type Config struct {
	Knowledge    []fs.FS          // the user's folders, beside the embedded knowledge
	Limits       telemetry.Limits // on bundles; zero: the defaults
	Jobs         int              // agents at work at once in one diagnosis; 0: one a processor
	WithoutRoles bool             // leave out roles and the system agents, to measure what they give
}

// App is a running Triagent. It is safe for concurrent use.
type App struct {
	cfg  Config
	base *knowledge.Base
	con  *meta.Conductor

	cases []casebook.Case // that con remembers; none where it is told case by case
}

// New loads and checks the knowledge and returns an App. Errors of kind
// errs.Invalid name the file, line and column of the user's knowledge at fault.
func New(cfg Config) (*App, error) {
	base, err := knowledge.Load(cfg.Knowledge...)
	if err != nil {
		return nil, err
	}
	if cfg.Jobs == 0 {
		cfg.Jobs = runtime.GOMAXPROCS(0)
	}
	return &App{cfg: cfg, base: base, con: meta.New(base, meta.Config{
		Engine:       incident.Engine{Name: "builtin", Version: EngineVersion},
		WithoutRoles: cfg.WithoutRoles,
		Jobs:         cfg.Jobs,
	})}, nil
}

// Close releases what the App holds.
func (a *App) Close() error { return nil }

// Diagnose reads the bundle at path and diagnoses it, telling every step to l,
// which may be nil. An error is that of reading the bundle (errs.Invalid,
// errs.NotFound) or of ctx; a diagnosis that finds nothing is not an error.
func (a *App) Diagnose(ctx context.Context, path string, l incident.Listener) (incident.Diagnosis, error) {
	return a.diagnose(ctx, path, nil, l)
}

// recall gives the solved cases that the diagnosis of a system asks; nil: none.
type recall func(ctx context.Context, system string) *casebook.Book

// diagnose is Diagnose with the solved cases that ask gives, once the system is
// known; a nil ask leaves it at those that a itself remembers.
func (a *App) diagnose(ctx context.Context, path string, ask recall, l incident.Listener) (incident.Diagnosis, error) {
	var d incident.Diagnosis
	start, cpu := time.Now(), cpuTime()
	b, err := telemetry.Open(ctx, path, a.cfg.Limits)
	if err != nil {
		return d, err
	}
	emit := func(e incident.Event) {
		d.Fold(e)
		if l != nil {
			l(e)
		}
	}
	con, err := a.conductor(ctx, b.Incident.ID)
	if err != nil {
		return d, err
	}
	if ask != nil {
		con = con.With(ask(ctx, b.Incident.System))
	}
	if err := con.Conduct(ctx, b, emit); err != nil {
		return d, err
	}
	emit(incident.Closed{Cost: incident.Cost{Wall: time.Since(start), CPU: cpuTime() - cpu, PeakBytes: peakBytes()}})
	return d, nil
}
