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
	"os"
	"path/filepath"
	"sync"

	"triagent/agents/casebook"
	"triagent/eval"
	"triagent/incident"
	"triagent/internal/app"
)

// Command is what stands below "triagent eval".
type Command struct {
	Run     RunCmd     `cmd:"" help:"Score an engine on data sets."`
	Import  ImportCmd  `cmd:"" help:"Turn a public data set into bundles."`
	Compare CompareCmd `cmd:"" help:"Compare two runs, case by case."`
	Kept    KeptCmd    `cmd:"" help:"Measure the evidence text: its tokens, and the lines that bear the answer in it."`
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
func Open(ctx context.Context, o eval.Options) (eval.Diagnoser, error) {
	return NewOpener()(ctx, o)
}

// NewOpener returns an Open that examines each solved case once, in however
// many memories it is: in evaluations they differ by a case or two. Its opened
// engines know the same bundle by its name.
func NewOpener() func(ctx context.Context, o eval.Options) (eval.Diagnoser, error) {
	s := shelf{made: map[string]*casebook.Case{}}
	return s.open
}

// shelf keeps solved cases by the names of their bundles; nil: one that teaches
// nothing.
type shelf struct {
	mu   sync.Mutex
	made map[string]*casebook.Case
}

func (s *shelf) open(ctx context.Context, o eval.Options) (eval.Diagnoser, error) {
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
	if o.Memory == "" {
		return builtin{a}, nil
	}
	cases, err := s.take(ctx, a, o.Memory)
	if err != nil {
		return nil, err
	}
	if a, err = a.With(ctx, cases); err != nil {
		return nil, err
	}
	return builtin{a}, nil
}

// take returns the cases of a folder of solved bundles.
func (s *shelf) take(ctx context.Context, a *app.App, dir string) ([]casebook.Case, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	below, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []casebook.Case
	for _, d := range below {
		c, known := s.made[d.Name()]
		if !known {
			made, ok, err := a.RememberOne(ctx, filepath.Join(dir, d.Name()))
			if err != nil {
				return nil, err
			}
			if ok {
				c = &made
			}
			s.made[d.Name()] = c
		}
		if c != nil {
			out = append(out, *c)
		}
	}
	return out, nil
}
