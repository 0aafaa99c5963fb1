package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"triagent/eval"
	"triagent/eval/show"
	"triagent/internal/errs"
	"triagent/internal/whole"
)

// RunCmd is "triagent eval run".
type RunCmd struct {
	Sets         []string      `arg:"" optional:"" name:"set" help:"Imported sets, folders of bundles, or single bundles. None: every known set below --datasets."`
	Datasets     string        `help:"Folder of the public data sets, for a run without a set." default:"datasets" env:"TRIAGENT_DATASETS" type:"path"`
	Only         []string      `name:"sets" help:"Only the sets of these names (patterns)."`
	Case         []string      `help:"Only the cases of these ids (patterns)."`
	Cache        string        `help:"Folder for imported sets." type:"path"`
	Knowledge    []string      `help:"Folder with YAML files that extend the built-in knowledge; may be repeated." placeholder:"DIR" sep:"none"`
	Memory       string        `help:"Let the engine remember solved cases: set (the set's own solved part, else its other cases), others (those of the other systems in the run), or a folder of solved bundles. Never the case under test, nor another window of the same injection." placeholder:"set|others|DIR"`
	MemoryCases  int           `help:"Remember only so many of them, drawn by --seed; 0: all." placeholder:"N"`
	Late         time.Duration `help:"Also run with the alarm this late; 0 leaves it out." default:"60s"`
	Rename       string        `help:"Replace names in what the engine sees: nodes or services." enum:",nodes,services" default:""`
	Window       string        `help:"given: tell the true window where a bundle names none, instead of having it found." enum:",given" default:""`
	Perturb      []string      `help:"Also run every case with these perturbations (patterns, or all): data left out, renamed, shuffled, resampled, noisy ..." placeholder:"NAME|all"`
	Healthy      int           `help:"Run no cases, but so many healthy windows a set at most, drawn from stretches known to be free of faults, and count false alarms." placeholder:"N"`
	WithoutRoles bool          `help:"Leave roles out."`
	Check        bool          `help:"Look up what is cited in the raw data." default:"true" negatable:""`
	Trials       int           `help:"Answers a case." default:"1"`
	Seed         uint64        `help:"Seed of everything drawn." default:"1"`
	Jobs         int           `help:"Diagnoses at once; 0: one a processor." default:"0"`
	JSON         string        `name:"json" help:"Write the report, with every case, to this file." type:"path"`
	HTML         string        `name:"html" help:"Write the report as a page with charts to this file." type:"path"`
}

// Run runs the command.
func (c *RunCmd) Run(ctx context.Context, e *Env) error {
	sets, err := c.sets(ctx, e)
	if err != nil {
		return err
	}
	open := e.Open
	if open == nil {
		open = NewOpener()
	}
	check := e.Check
	if check == nil {
		check = eval.CheckEvidence
	}
	if !c.Check {
		check = nil
	}
	asJSON, err := create(c.JSON)
	if err != nil {
		return err
	}
	defer asJSON.Discard()
	asHTML, err := create(c.HTML)
	if err != nil {
		return err
	}
	defer asHTML.Discard()
	bar := &meter{w: e.Stderr, on: e.Terminal}
	rep, err := eval.Run(ctx, eval.Config{
		Sets: sets, Only: c.Only, Cases: c.Case, Open: open, Check: check,
		Options: eval.Options{WithoutRoles: c.WithoutRoles, Knowledge: c.Knowledge}, Bundled: e.Bundled,
		Memory: c.Memory, MemoryCases: c.MemoryCases,
		Late: c.Late, Rename: eval.Renaming(c.Rename), Window: eval.Windows(c.Window), Trials: c.Trials, Seed: c.Seed, Jobs: c.Jobs,
		Perturb: c.Perturb, Healthy: c.Healthy,
		Version: e.Version, Temp: c.Cache, Progress: func(p eval.Progress) { bar.show(p.Set, p.Done, p.Total) },
	})
	bar.end()
	if err != nil {
		return err
	}
	if err := fill(asJSON, func(w io.Writer) error { return writeJSON(w, rep) }); err != nil {
		return err
	}
	if err := fill(asHTML, func(w io.Writer) error { return show.HTML(w, rep) }); err != nil {
		return err
	}
	return show.Text(e.Stdout, rep)
}

// sets are the folders to run: those named, or the known ones, imported.
func (c *RunCmd) sets(ctx context.Context, e *Env) ([]string, error) {
	if c.Cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			dir = os.TempDir()
		}
		c.Cache = filepath.Join(dir, "triagent", "eval")
	}
	if err := os.MkdirAll(c.Cache, 0o755); err != nil {
		return nil, err
	}
	if len(c.Sets) > 0 {
		return c.Sets, nil
	}
	return importKnown(ctx, c.Datasets, c.Cache, e)
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(v)
}

// create begins the file of that name before the work, so that a place that
// cannot be written to costs none of it; no name gives no file.
func create(name string) (*whole.File, error) {
	if name == "" {
		return nil, nil
	}
	f, err := whole.Create(name)
	if err != nil {
		return nil, &errs.Error{Op: "write", Kind: errs.Invalid, File: name, Err: err}
	}
	return f, nil
}

// fill writes and ends a file that create began, if it did.
func fill(f *whole.File, write func(io.Writer) error) error {
	if f == nil {
		return nil
	}
	if err := write(f); err != nil {
		return err
	}
	return f.Commit()
}

// meter shows how far a run is, on one line of a terminal.
type meter struct {
	w    io.Writer
	on   bool
	last string
}

func (m *meter) show(what string, done, total int) {
	if !m.on {
		return
	}
	if m.last != "" && m.last != what {
		_, _ = fmt.Fprintln(m.w)
	}
	m.last = what
	_, _ = fmt.Fprintf(m.w, "\r%-24s %4d of %4d", what, done, total) // progress is lost if nobody can read it
}

func (m *meter) end() {
	if m.last != "" {
		_, _ = fmt.Fprintln(m.w)
	}
}
