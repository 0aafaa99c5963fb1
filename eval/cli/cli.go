// Package cli is the command line of package eval: the commands below
// "triagent eval". The program embeds Command in its own kong grammar and binds
// a context.Context and an *Env:
//
//	var grammar struct {
//		Eval cli.Command `cmd:"" help:"Score an engine on incidents with known causes."`
//	}
//	k := kong.Parse(&grammar, kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(env))
//	err := k.Run()
//
// Errors of kind errs.Invalid and errs.NotFound are wrong usage or bad input.
package cli

import (
	"context"
	"io"

	"triagent/eval"
	"triagent/incident"
	"triagent/internal/app"
	"triagent/internal/errs"
)

// Command is what stands below "triagent eval".
type Command struct {
	Run     RunCmd     `cmd:"" help:"Score an engine on data sets."`
	Import  ImportCmd  `cmd:"" help:"Turn a public data set into bundles."`
	Compare CompareCmd `cmd:"" help:"Compare two runs, case by case."`
	Loghub  LoghubCmd  `cmd:"" help:"Score log templates on Loghub-2k (GA, PA, FGA, FTA)."`
}

// Env is what the commands need from the program.
type Env struct {
	Stdout, Stderr io.Writer
	Terminal       bool   // Stderr is a terminal: show how far a run is
	Version        string // of the program
	// Bundled are the ids of the cases that come with the program.
	Bundled []string
	// Open opens an engine; nil: the built-in one of package app.
	Open func(ctx context.Context, o eval.Options) (eval.Diagnoser, error)
	// Check looks up citations; nil: that of package evidence.
	Check eval.Checker
}

// builtin is the engine of package app.
type builtin struct{ *app.App }

// Diagnose diagnoses the bundle at path.
func (b builtin) Diagnose(ctx context.Context, path string) (incident.Diagnosis, error) {
	return b.App.Diagnose(ctx, path, nil)
}

// Open opens the engine of package app. With several diagnoses at once each
// has one worker, so that the processors are not asked for twice.
func Open(_ context.Context, o eval.Options) (eval.Diagnoser, error) {
	if o.Memory != "" {
		return nil, errs.New(errs.Invalid, "the built-in engine keeps no solved cases")
	}
	c := app.Config{WithoutRoles: o.WithoutRoles}
	if o.Jobs > 1 {
		c.Jobs = 1
	}
	var err error
	if c.Knowledge, err = app.Folders(o.Knowledge); err != nil {
		return nil, err
	}
	a, err := app.New(c)
	if err != nil {
		return nil, err
	}
	return builtin{a}, nil
}
