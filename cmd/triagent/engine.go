package main

import (
	"context"
	"fmt"
	"sync"

	"triagent/agents/casebook"
	"triagent/evidence/brief"
	"triagent/incident"
	"triagent/internal/app"
	"triagent/knowledge"
)

// diagnoser is what the command line needs of an engine. It is safe for
// concurrent use.
type diagnoser interface {
	// Diagnose reads the bundle at path and diagnoses it, telling every step.
	Diagnose(ctx context.Context, path string, l incident.Listener) (incident.Diagnosis, error)
	// Brief makes the evidence text of a diagnosis of the bundle at path.
	Brief(ctx context.Context, path string, d *incident.Diagnosis, tokens int) (brief.Brief, error)
	// Word gives the wording of a phrase that came with the knowledge.
	Word(lang, key string) (string, bool)
	// Remember reads the solved cases at path.
	Remember(ctx context.Context, path string) ([]casebook.Case, error)
	Close() error
}

// engineConfig is what a user may say about the engine.
type engineConfig struct {
	Knowledge []string // folders that extend the built-in knowledge
	Memory    []string // files and folders of solved cases
	Jobs      int      // agents at work at once in one diagnosis
}

// openApp opens the built-in engine.
func openApp(ctx context.Context, c engineConfig) (diagnoser, error) {
	cfg := app.Config{Jobs: c.Jobs}
	var err error
	if cfg.Knowledge, err = app.Folders(c.Knowledge); err != nil {
		return nil, err
	}
	a, err := app.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	var cases []casebook.Case
	for _, m := range c.Memory {
		more, err := a.Remember(ctx, m)
		if err != nil {
			return nil, err
		}
		cases = append(cases, more...)
	}
	if a, err = a.With(ctx, cases); err != nil {
		return nil, err
	}
	return &engine{App: a, words: sync.OnceValues(func() (*knowledge.Base, error) { return knowledge.Load(cfg.Knowledge...) })}, nil
}

// engine is the built-in engine with the words that its knowledge brings.
type engine struct {
	*app.App
	words func() (*knowledge.Base, error) // loaded when the first word is wanted
}

// Word gives the wording of a phrase of the knowledge base, which app.New has
// found to be sound.
func (e *engine) Word(lang, key string) (string, bool) {
	base, err := e.words()
	if err != nil {
		return "", false
	}
	return base.Word(lang, key)
}
