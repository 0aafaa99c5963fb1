// Package eval scores an engine on data sets of incidents with known causes.
//
// A data set is a folder of bundles, each with truth.json: what package importer
// makes of a public set, or any folder. Run stages every case under a neutral
// name and id, without its truth.json, hands it to the engine, and scores what
// comes back beside naive rankers on the same cases. The same seed, engine and
// data give the same figures, cost aside.
//
// What is scored, and how, is defined in package score.
package eval

import (
	"context"
	"runtime"
	"time"

	"triagent/incident"
	"triagent/internal/errs"
)

// A Diagnoser diagnoses the bundle at a path. It is safe for concurrent use.
type Diagnoser interface {
	Diagnose(ctx context.Context, path string) (incident.Diagnosis, error)
}

// Options is what a run asks of an engine.
type Options struct {
	Memory       string // folder of solved cases; empty: none
	WithoutRoles bool
	Knowledge    []string // folders that extend the built-in knowledge
	Jobs         int      // how many diagnoses will run at once
}

// A Checker looks up what a diagnosis cites in the bundle at path, from which it
// was made.
type Checker func(ctx context.Context, path string, d incident.Diagnosis) (Checked, error)

// Checked says how many claims of a diagnosis cite evidence that exists and says
// so.
type Checked struct {
	Claims, Sound int
	Problems      []string // what is wrong, one sentence each
}

// Renaming says which names are replaced in what an engine sees.
type Renaming string

// The renamings. Ids of cases are always neutral.
const (
	RenameNothing  Renaming = ""
	RenameNodes    Renaming = "nodes"
	RenameServices Renaming = "services" // and nodes
)

// Windows says which window an engine is given where a bundle names none.
type Windows string

// The windows.
const (
	WindowOwn   Windows = ""      // none: it has to find the abnormal stretch
	WindowGiven Windows = "given" // the stretch that the true causes span
)

// Memory modes; anything else is a folder of solved cases.
const (
	MemorySet    = "set"    // the set's own solved part, else its other cases, splits apart
	MemoryOthers = "others" // the cases of the other systems in the run
)

// Config is what to evaluate.
type Config struct {
	Sets  []string // folders: a set, a folder of sets, or a folder of bundles
	Only  []string // patterns (path.Match) of set names; empty: all
	Cases []string // patterns of case ids; empty: all
	// Bundled are the ids of cases that come with the program, which everybody
	// who works on the engine can look at: their rows are marked.
	Bundled []string
	Open    func(ctx context.Context, o Options) (Diagnoser, error)
	Check   Checker // nil: evidence is not checked; it never is for late alarms

	Options Options       // for the engine; Options.Memory is set by Memory
	Memory  string        // a memory mode or a folder; empty: none
	Late    time.Duration // also run with the alarm this late; 0: not
	// MemoryCases is how many solved cases may be remembered, drawn by Seed; 0: all.
	MemoryCases int

	Rename Renaming
	Window Windows
	// Perturb are patterns of perturbations that every case is also run with, see
	// package perturb; "all" is every one. Names then stay.
	Perturb []string
	// Healthy above 0: no case is run, but so many windows a set at most, drawn by
	// Seed from stretches that are known to be free of faults.
	Healthy int
	Trials  int    // answers a case; 0: 1. A model needs at least 3
	Seed    uint64 // of everything drawn
	Jobs    int    // diagnoses at once; 0: one a processor

	Version  string         // of the program, for the report
	Temp     string         // where cases are staged; empty: the system's place
	Progress func(Progress) // nil: told to nobody; called from one goroutine at a time
}

// Progress says how far a run is.
type Progress struct {
	Set         string
	Done, Total int // diagnoses of the set
}

// Validate reports what is wrong with a Config.
func (c *Config) Validate() error {
	switch {
	case len(c.Sets) == 0:
		return errs.New(errs.Invalid, "no data set named")
	case c.Open == nil:
		return errs.New(errs.Internal, "no engine to open")
	case c.Trials < 0 || c.Jobs < 0 || c.Late < 0 || c.Healthy < 0:
		return errs.New(errs.Invalid, "trials, jobs, late and healthy must not be negative")
	case len(c.Perturb) > 0 && (c.Rename != RenameNothing || c.Healthy > 0):
		return errs.New(errs.Invalid, "perturb goes with neither rename nor healthy")
	case c.Rename != RenameNothing && c.Rename != RenameNodes && c.Rename != RenameServices:
		return errs.New(errs.Invalid, "rename is %q, not nodes or services", c.Rename)
	case c.Window != WindowOwn && c.Window != WindowGiven:
		return errs.New(errs.Invalid, "window is %q, not given", c.Window)
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.Trials == 0 {
		c.Trials = 1
	}
	if c.Jobs == 0 {
		c.Jobs = runtime.GOMAXPROCS(0)
	}
	c.Options.Jobs = c.Jobs
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	return c
}
