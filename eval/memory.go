package eval

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"triagent/eval/importer"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// solved is a case that could be remembered.
type solved struct {
	set    string
	system string
	entry  importer.Entry
	path   string
	window incident.Window
}

// memory gives each case an engine that remembers none of what it must not
// know. Engines are shared by cases with the same exclusions.
type memory struct {
	r      *runner
	set    *importer.Manifest
	stock  []solved
	mu     sync.Mutex
	folder map[string]string // by what is held out
	out    map[string]bool   // ids that were held out for any case
}

// newMemory lists what may be remembered for the cases of a set.
func newMemory(ctx context.Context, r *runner, m *importer.Manifest) (*memory, error) {
	mem := &memory{r: r, set: m, folder: map[string]string{}, out: map[string]bool{}}
	if r.Memory != "" && r.Rename != RenameNothing {
		return nil, errs.New(errs.Invalid, "names cannot be replaced in solved cases: use memory or rename, not both")
	}
	var err error
	switch r.Memory {
	case "":
	case MemorySet:
		mem.stock, err = stockOf(ctx, m, importer.PartMemory)
		if err == nil && len(mem.stock) == 0 {
			mem.stock, err = stockOf(ctx, m, importer.PartCase)
		}
	case MemoryOthers:
		for _, o := range r.all {
			if o.System == m.System {
				continue // one system left out means all sets of that system
			}
			more, serr := stockOf(ctx, o, "")
			if serr != nil {
				return nil, serr
			}
			mem.stock = append(mem.stock, more...)
		}
	default:
		var o *importer.Manifest
		if o, err = importer.Index(ctx, r.Memory); err == nil {
			mem.stock, err = stockOf(ctx, o, "")
		}
	}
	if n := r.MemoryCases; err == nil && n > 0 && n < len(mem.stock) {
		rng := rand.New(rand.NewPCG(r.Seed, 2))
		rng.Shuffle(len(mem.stock), func(i, j int) { mem.stock[i], mem.stock[j] = mem.stock[j], mem.stock[i] })
		mem.stock = mem.stock[:n]
	}
	return mem, err
}

// stockOf opens the cases of a part of a set; "" means all parts.
func stockOf(ctx context.Context, m *importer.Manifest, part string) ([]solved, error) {
	var out []solved
	for _, e := range m.Cases {
		if part != "" && e.Part != part {
			continue
		}
		p := filepath.Join(m.Dir, filepath.FromSlash(e.Path))
		b, err := telemetry.Open(ctx, p, telemetry.Limits{})
		if err != nil {
			return nil, fmt.Errorf("solved case %s: %w", e.ID, err)
		}
		out = append(out, solved{set: m.Name, system: m.System, entry: e, path: p, window: b.Incident.Window})
	}
	return out, nil
}

// leaks reports whether a solved case must not be known when a case is
// diagnosed: it has its id or its split, or a window of the same system that
// overlaps.
func leaks(s solved, system string, e importer.Entry, in incident.Incident) bool {
	if s.entry.ID == e.ID && s.system == system || s.entry.Split != "" && s.entry.Split == e.Split {
		return true
	}
	return s.system == system && !s.window.IsZero() && !in.Window.IsZero() && s.window.Overlaps(in.Window)
}

// engine returns the engine for a case.
func (m *memory) engine(ctx context.Context, e importer.Entry, in incident.Incident) (Diagnoser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir := ""
	if len(m.stock) > 0 {
		var held []string
		var keep []solved
		for _, s := range m.stock {
			if leaks(s, m.set.System, e, in) {
				held = append(held, s.entry.ID)
				m.out[s.entry.ID] = true
				continue
			}
			keep = append(keep, s)
		}
		slices.Sort(held)
		key := strings.Join(held, "\n")
		if dir = m.folder[key]; dir == "" && len(keep) > 0 {
			dir = filepath.Join(m.r.work, "memory", neutral(m.r.Seed, m.set.Name, key))
			if err := m.r.remember(ctx, dir, keep); err != nil {
				return nil, err
			}
			m.folder[key] = dir
		}
	}
	return m.r.open(ctx, dir)
}

func (m *memory) heldOut() int { return len(m.out) }

// remember stages solved cases under neutral names, with their truth.
func (r *runner) remember(ctx context.Context, dir string, cases []solved) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, s := range cases {
		b, err := telemetry.Open(ctx, s.path, telemetry.Limits{})
		if err != nil {
			return err
		}
		to := filepath.Join(dir, neutral(r.Seed, "memory", s.set, s.entry.Path))
		if err := stage(ctx, b, view{in: b.Incident}, to); err != nil {
			return err
		}
		if err := copyTruth(s.path, to); err != nil {
			return fmt.Errorf("solved case %s: %w", s.entry.ID, err)
		}
	}
	return nil
}

// copyTruth brings truth.json along, whatever it is compressed with.
func copyTruth(from, to string) error {
	for _, name := range []string{"truth.json", "truth.json.gz", "truth.json.zst"} {
		f, err := os.Open(filepath.Join(from, name))
		if err != nil {
			continue
		}
		defer func() { _ = f.Close() }()
		var r io.Reader = f
		return fill(filepath.Join(to, name), r)
	}
	return errs.New(errs.Invalid, "solved cases must be folders with a truth.json")
}

// open returns the engine with the given memory, opening it once.
func (r *runner) open(ctx context.Context, memory string) (Diagnoser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d, ok := r.engines[memory]; ok {
		return d, nil
	}
	o := r.Options
	o.Memory = memory
	d, err := r.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	r.engines[memory] = d
	return d, nil
}
