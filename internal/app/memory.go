package app

import (
	"context"
	"errors"
	"os"
	"slices"

	"golang.org/x/sync/errgroup"

	"triagent/agents/casebook"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/meta"
	"triagent/telemetry"
)

// Remember reads cases whose cause is known: a file of them, or a folder of
// bundles with their truth.json, at any depth, which are examined for it. What
// of them nothing can be learned from, healthy ones above all, is left out. The
// order is that of the paths. A path without any case gives an error of kind
// Invalid.
func (a *App) Remember(ctx context.Context, path string) ([]casebook.Case, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, &errs.Error{Op: "read memory", Kind: errs.Invalid, File: path, Err: errors.New("does not exist or cannot be read")}
	}
	if !st.IsDir() && !telemetry.IsBundle(path) {
		f, err := os.Open(path)
		if err != nil {
			return nil, &errs.Error{Op: "read memory", Kind: errs.Invalid, File: path, Err: err}
		}
		defer func() { _ = f.Close() }()
		return casebook.Read(f, path)
	}
	var bundles []string
	if err := telemetry.Walk(path, nil, func(name string) error {
		bundles = append(bundles, name)
		return nil
	}); err != nil {
		return nil, &errs.Error{Op: "read memory", Kind: errs.Invalid, File: path, Err: err}
	}
	made := make([]casebook.Case, len(bundles))
	ok := make([]bool, len(bundles))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, a.cfg.Jobs))
	for i, b := range bundles {
		g.Go(func() (err error) {
			made[i], ok[i], err = a.RememberOne(gctx, b)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []casebook.Case
	for i := range made {
		if ok[i] {
			out = append(out, made[i])
		}
	}
	if len(out) == 0 {
		return nil, &errs.Error{
			Op: "read memory", Kind: errs.Invalid, File: path, Err: errors.New("no case in it to learn from"),
			Remedy: "a case is a bundle with a truth.json that names the node at fault",
		}
	}
	return out, nil
}

// RememberOne examines one bundle. It reports false where nothing can be learned
// from it: above all where it has no truth.json.
func (a *App) RememberOne(ctx context.Context, path string) (casebook.Case, bool, error) {
	t, err := telemetry.ReadTruth(ctx, path)
	if errs.KindOf(err) == errs.NotFound {
		return casebook.Case{}, false, nil
	}
	if err != nil {
		return casebook.Case{}, false, err
	}
	return a.rememberAs(ctx, path, *t)
}

// rememberAs examines one bundle whose cause is known by other means.
func (a *App) rememberAs(ctx context.Context, path string, t telemetry.Truth) (casebook.Case, bool, error) {
	b, err := telemetry.Open(ctx, path, a.cfg.Limits)
	if err != nil {
		return casebook.Case{}, false, err
	}
	return a.con.Remember(ctx, b, t)
}

// With returns an App that differs from a in that it remembers the cases. Of its
// own case an incident is not told.
func (a *App) With(ctx context.Context, cases []casebook.Case) (*App, error) {
	if len(cases) == 0 {
		return a, nil
	}
	book, err := casebook.New(ctx, cases, casebook.Config{Jobs: a.cfg.Jobs})
	if err != nil {
		return nil, err
	}
	return &App{cfg: a.cfg, base: a.base, con: a.con.With(book), cases: cases}, nil
}

// conductor is that for an incident, which knows nothing of its own case.
func (a *App) conductor(ctx context.Context, id incident.ID) (*meta.Conductor, error) {
	others := slices.DeleteFunc(slices.Clone(a.cases), func(c casebook.Case) bool { return c.ID == string(id) })
	if len(others) == len(a.cases) {
		return a.con, nil
	}
	book, err := casebook.New(ctx, others, casebook.Config{Jobs: a.cfg.Jobs})
	if err != nil {
		return nil, err
	}
	return a.con.With(book), nil
}
