package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"triagent/internal/app"
	"triagent/internal/errs"
	"triagent/web"
)

type serveCmd struct {
	Config string `help:"File of settings (YAML); without it the defaults hold." placeholder:"FILE"`
	Data   string `help:"Folder of the service's state; made if it is not there. Default: triagent-data here." placeholder:"DIR"`
	Listen string `help:"Address and port to answer on. Default: 127.0.0.1:8080." placeholder:"ADDR"`
}

// Help shows examples.
func (serveCmd) Help() string {
	return `Serves the REST API and the page. Alerts and bundles come in, diagnoses and messages go out. At the first start a link is printed, once, with
which the first account is made. State is kept in one folder (SQLite), or in PostgreSQL where the settings name one. End it with Ctrl-C:
what is being diagnosed is taken up again at the next start.

Examples:
  triagent serve
  triagent serve --listen 0.0.0.0:8080 --data /var/lib/triagent
  triagent serve --config triagent.yaml
  triagent check config triagent.yaml`
}

// settings reads the file and lets flags win over it.
func settings(ctx context.Context, file, data, listen string) (app.Settings, error) {
	var s app.Settings
	if file != "" {
		var err error
		if s, err = app.ReadSettings(ctx, file); err != nil {
			return s, err
		}
	}
	if data != "" {
		s.Data = data
	}
	if listen != "" {
		s.Listen = listen
	}
	s.Version = version
	return s, s.Validate()
}

// Run serves until it is interrupted, which is how a service ends well.
func (c *serveCmd) Run(ctx context.Context, w world) error {
	s, err := settings(ctx, c.Config, c.Data, c.Listen)
	if err != nil {
		return err
	}
	return serve(ctx, w, s)
}

type demoCmd struct {
	Listen string `help:"Address and port to answer on, of this machine. Default: the first free one from 127.0.0.1:8080." placeholder:"ADDR"`
	Data   string `help:"Keep the state in this folder. Default: a temporary one, removed at the end." placeholder:"DIR"`
}

// Help shows examples.
func (demoCmd) Help() string {
	return `Serves as "triagent serve" does, with recorded incidents of real clusters replayed into it, so that there is something to look at. Whoever
sits at this machine is let in without a password; nothing outside of it is reached or let in.

Examples:
  triagent demo
  triagent demo --listen 127.0.0.1:9000`
}

// Run serves the demonstration until it is interrupted.
func (c *demoCmd) Run(ctx context.Context, w world) error {
	s, err := settings(ctx, "", c.Data, c.Listen)
	if err != nil {
		return err
	}
	s.Demo = true
	if c.Data == "" {
		if s.Data, err = os.MkdirTemp("", "triagent-demo-"); err != nil {
			return fmt.Errorf("make room for the demonstration: %w", err)
		}
		defer func() { _ = os.RemoveAll(s.Data) }()
	}
	return serve(ctx, w, s)
}

func serve(ctx context.Context, w world, s app.Settings) error {
	if !web.Built() {
		if _, err := fmt.Fprintln(w.stderr, "triagent: this program was built without its page: build it with make (the REST API works)"); err != nil {
			return err
		}
	}
	svc, err := app.OpenService(ctx, s, app.Parts{Log: logger(w.stderr, s), Evaluator: evaluator{knowledge: s.Diagnosis.Knowledge}})
	if err != nil {
		return err
	}
	if err := greet(w.stderr, svc, s); err != nil {
		return errors.Join(err, svc.Close())
	}
	err = svc.Run(ctx)
	if closeErr := svc.Close(); err == nil {
		err = closeErr
	}
	return err
}

// greet tells a person where to look.
func greet(out io.Writer, svc *app.Service, s app.Settings) error {
	link := svc.SetupLink()
	var err error
	switch {
	case s.Demo:
		_, err = fmt.Fprintf(out, "Triagent shows recorded incidents at\n\n    %s\n\nEnd it with Ctrl-C.\n", svc.URL())
	case link != "":
		_, err = fmt.Fprintf(out, "Triagent answers at %s, its state is in %s.\nThere is no account yet. Make the first one within a day, with this link:\n\n    %s\n\n", svc.URL(), svc.Keeps(), link)
	default:
		_, err = fmt.Fprintf(out, "Triagent answers at %s, its state is in %s.\n", svc.URL(), svc.Keeps())
	}
	return err
}

// logger writes the log of the service to standard error.
func logger(out io.Writer, s app.Settings) *slog.Logger {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "": slog.LevelInfo, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level := levels[s.Log.Level]
	if s.Demo && s.Log.Level == "" {
		level = slog.LevelWarn
	}
	o := &slog.HandlerOptions{Level: level}
	if s.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(out, o))
	}
	return slog.New(slog.NewTextHandler(out, o))
}

// checkCmd is "triagent check".
type checkCmd struct {
	Settings   checkConfigCmd     `cmd:"" name:"config" help:"Say what is wrong with a file of settings."`
	Connectors checkConnectorsCmd `cmd:"" help:"Say what the sources of the declared systems know, and what is missing."`
	Store      checkStoreCmd      `cmd:"" help:"Say what is wrong with the state of the service."`
	Audit      checkAuditCmd      `cmd:"" help:"Verify that no entry of the audit was changed or taken out."`
}

// where is the state to be checked.
type where struct {
	Config string `help:"File of settings (YAML)." placeholder:"FILE"`
	Data   string `help:"Folder of the service's state. Default: triagent-data here." placeholder:"DIR"`
}

type checkConfigCmd struct {
	Config string `arg:"" name:"file" help:"File of settings (YAML)."`
}

// Run reads the settings and says what is wrong, one line a problem.
func (c *checkConfigCmd) Run(ctx context.Context, w world) error {
	s, err := app.ReadSettings(ctx, c.Config)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.stdout, "%s: sound (%s)\n", c.Config, s.Summary())
	return err
}

type checkStoreCmd struct{ where }

// Run asks the store to check itself.
func (c *checkStoreCmd) Run(ctx context.Context, w world) error {
	s, err := settings(ctx, c.Config, c.Data, "")
	if err != nil {
		return err
	}
	wrong, err := app.CheckStore(ctx, s)
	if err != nil {
		return err
	}
	for _, line := range wrong {
		if _, err := fmt.Fprintln(w.stdout, line); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return errs.New(errs.Internal, "%d things are wrong with the state", len(wrong))
	}
	_, err = fmt.Fprintln(w.stdout, "the state is sound")
	return err
}

type checkAuditCmd struct{ where }

// Run verifies the chain of the audit.
func (c *checkAuditCmd) Run(ctx context.Context, w world) error {
	s, err := settings(ctx, c.Config, c.Data, "")
	if err != nil {
		return err
	}
	entries, broken, err := app.CheckAudit(ctx, s)
	if err != nil {
		return err
	}
	if broken > 0 {
		return errs.New(errs.Internal, "the audit is broken at entry %d of %d: it, or one before it, was changed or taken out", broken, entries)
	}
	_, err = fmt.Fprintf(w.stdout, "the audit is whole: %d entries\n", entries)
	return err
}
