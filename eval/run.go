package eval

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/eval/importer"
	"triagent/eval/naive"
	"triagent/eval/perturb"
	"triagent/eval/score"
	"triagent/internal/errs"
)

// Run evaluates an engine on data sets. A case that cannot be diagnosed is a
// wrong answer and does not end the run; a set that cannot be read does, with
// kind Invalid. When ctx ends, so does Run, with its error.
func Run(ctx context.Context, c Config) (*Report, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	hard, err := perturb.Choose(c.Perturb)
	if err != nil {
		return nil, err
	}
	var sets []*importer.Manifest
	for _, dir := range c.Sets {
		ms, err := LoadSets(ctx, dir)
		if err != nil {
			return nil, err
		}
		for _, m := range ms {
			take, err := matches(c.Only, m.Name)
			if err != nil {
				return nil, err
			}
			if take {
				sets = append(sets, m)
			}
		}
	}
	work, err := os.MkdirTemp(c.Temp, "triagent-eval-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(work) }()

	start := time.Now()
	rep := &Report{
		Version: 1, Program: c.Version, Seed: c.Seed, Started: start.UTC().Truncate(time.Second),
		Settings: Settings{
			Cases: c.Cases, LateSeconds: c.Late.Seconds(), Memory: c.Memory, MemoryCases: c.MemoryCases, Rename: c.Rename, Window: c.Window,
			Trials: c.Trials, WithoutRoles: c.Options.WithoutRoles, Knowledge: c.Options.Knowledge, Jobs: c.Jobs,
			Perturb: c.Perturb, HealthyWindows: c.Healthy,
		},
	}
	r := &runner{Config: c, work: work, all: sets, engines: map[string]Diagnoser{}, perturbations: hard}
	for _, m := range sets {
		s, err := r.set(ctx, m)
		if err != nil {
			return nil, fmt.Errorf("set %s: %w", m.Name, err)
		}
		if s.Cases > 0 || len(s.NoWindows) > 0 {
			rep.Sets = append(rep.Sets, *s)
		}
	}
	if len(rep.Sets) == 0 {
		err := errs.New(errs.Invalid, "no case of these sets has a name that fits --case %q and --sets %q", c.Cases, c.Only)
		if len(c.Cases) == 0 {
			err = errs.New(errs.Invalid, "none of these sets has a name that fits --sets %q", c.Only)
		}
		err.Remedy = "eval run without --sets and --case names what there is"
		return nil, err
	}
	rep.Pooled = pool(rep.Sets, c.Seed)
	rep.Engine, rep.Seconds = r.engine, time.Since(start).Seconds()
	return rep, nil
}

// runner holds what the cases of a run share.
type runner struct {
	Config
	work string
	all  []*importer.Manifest

	perturbations []perturb.Perturbation

	mu      sync.Mutex
	engine  EngineID
	engines map[string]Diagnoser // by memory folder
}

// named is a naive ranker with a row for each case.
type named struct {
	name string
	rows []*score.Row
}

// set runs the cases of one set.
func (r *runner) set(ctx context.Context, m *importer.Manifest) (*SetReport, error) {
	entries, err := chosen(m, r.Cases)
	if err != nil || len(entries) == 0 {
		return &SetReport{}, err
	}
	truths, err := readTruths(ctx, m, entries)
	if err != nil {
		return nil, err
	}
	sum, same, err := verify(m)
	if err != nil {
		return nil, err
	}
	mem, err := newMemory(ctx, r, m)
	if err != nil {
		return nil, err
	}
	if r.Healthy > 0 {
		return r.healthySet(ctx, m, entries, truths, mem, sum, same)
	}
	s := &SetReport{Name: m.Name, Kind: m.Kind, System: m.System, Notes: m.Notes, Checksum: sum, Changed: !same}
	draws := !truths.anyHealthy
	results := make([]*result, len(entries))
	if err := r.each(ctx, m.Name, len(entries), func(ctx context.Context, i int) (err error) {
		k := &caseRun{runner: r, set: m, entry: entries[i], truth: truths.of[i], mem: mem, draw: draws}
		if results[i], err = k.run(ctx); err != nil {
			return fmt.Errorf("case %s: %w", entries[i].ID, err)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	r.gather(s, results)
	s.HeldOut = mem.heldOut()
	return s, os.RemoveAll(filepath.Join(r.work, m.Name))
}

// each does n things of a set side by side, and tells how far it is.
func (r *runner) each(ctx context.Context, set string, n int, do func(ctx context.Context, i int) error) error {
	var done sync.Mutex
	finished := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(r.Jobs)
	for i := range n {
		g.Go(func() error {
			if err := do(ctx, i); err != nil {
				return err
			}
			done.Lock()
			defer done.Unlock()
			finished++
			r.Progress(Progress{Set: set, Done: finished, Total: n})
			return nil
		})
	}
	return g.Wait()
}

// gather puts the results of a set's cases together: the recorded cases first,
// then the drawn ones.
func (r *runner) gather(s *SetReport, results []*result) {
	var exact, late collected
	left := map[string]int{}
	for _, res := range results {
		exact.add(res.exact)
	}
	for _, res := range results {
		exact.add(res.drawn)
	}
	s.count(exact.rows, r.Trials)
	s.Exact = part(exact.rows, exact.naive(), r.Seed)
	s.Perturbed = r.perturbed(results)
	if r.Late == 0 {
		return
	}
	var same []*score.Row
	faulty := 0
	for _, res := range results {
		late.add(res.late)
		if res.lateness != isLate {
			left[string(res.lateness)]++
			continue
		}
		same = append(same, res.exact.rows...)
		if !res.healthy {
			faulty++
		}
	}
	for _, res := range results {
		late.add(res.drawn)
		same = append(same, res.drawn.rows...)
	}
	p := Part{}
	if faulty > 0 {
		p = part(late.rows, late.naive(), r.Seed)
		// Only healthy cases, which are as they were, had their claims checked.
		p.Figures = slices.DeleteFunc(p.Figures, func(f score.Figure) bool { return f.Key == "sound" })
		p.Same, p.same = score.Figures(same, r.Seed), same
	}
	p.LeftOut = left
	s.Late = &p
}

// collected gathers answers and those of the naive rankers.
type collected struct {
	rows   []*score.Row
	beside [][]*score.Row // by ranker
}

func (c *collected) add(a answers) {
	c.rows = append(c.rows, a.rows...)
	if c.beside == nil {
		c.beside = make([][]*score.Row, len(naive.Rankers()))
	}
	for i, r := range a.beside {
		if r != nil {
			c.beside[i] = append(c.beside[i], r)
		}
	}
}

func (c *collected) naive() []named {
	var out []named
	for i, k := range naive.Rankers() {
		n := named{name: k.Name}
		if c.beside != nil {
			n.rows = c.beside[i]
		}
		out = append(out, n)
	}
	return out
}
