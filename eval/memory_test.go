package eval_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"triagent/eval"
	"triagent/eval/importer"
	"triagent/incident"
	"triagent/telemetry"
)

// librarian is an engine that reports what each case was allowed to remember.
type librarian struct {
	spy
	mu    sync.Mutex
	known map[string]int // memory folder -> cases in it
	asked map[string]int // memory folder -> diagnoses
}

type reader struct {
	l      *librarian
	memory string
}

func (r reader) Diagnose(ctx context.Context, path string) (incident.Diagnosis, error) {
	r.l.mu.Lock()
	r.l.asked[r.memory]++
	r.l.mu.Unlock()
	return r.l.Diagnose(ctx, path)
}

func (l *librarian) open(ctx context.Context, o eval.Options) (eval.Diagnoser, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o.Memory != "" {
		m, err := importer.Index(ctx, o.Memory)
		if err != nil {
			return nil, err
		}
		for _, e := range m.Cases {
			if _, err := telemetry.ReadTruth(ctx, filepath.Join(o.Memory, e.Path)); err != nil {
				return nil, err
			}
		}
		l.known[o.Memory] = len(m.Cases)
	}
	return reader{l, o.Memory}, nil
}

func TestMemoryHoldsOutSplitsAndOverlaps(t *testing.T) {
	dir := set(t) // three cases, one window: all overlap
	l := &librarian{known: map[string]int{}, asked: map[string]int{}}
	r, err := eval.Run(t.Context(), eval.Config{Sets: []string{dir}, Memory: eval.MemorySet, Open: l.open, Temp: t.TempDir(), Cases: []string{"cpu-on-alpha"}})
	if err != nil {
		t.Fatal(err)
	}
	// The exact window overlaps all three, so nothing may be known. The drawn one
	// overlaps none, but shares a split with its own case: two are left.
	if len(l.known) != 1 || l.asked[""] != 1 {
		t.Errorf("memories %v, asked %v; want none for one case and one of two for the other", l.known, l.asked)
	}
	for folder, n := range l.known {
		if n != 2 || l.asked[folder] != 1 {
			t.Errorf("a memory of %d cases was used %d times, want 2 and once", n, l.asked[folder])
		}
	}
	if r.Sets[0].HeldOut != 3 {
		t.Errorf("%d held out, want 3", r.Sets[0].HeldOut)
	}
}

func TestMemoryOfOtherSystemsOnly(t *testing.T) {
	root := t.TempDir()
	for _, system := range []string{"one", "two"} {
		src := filepath.Join(t.TempDir(), system)
		writeBundle(t, filepath.Join(src, "a"), "a", "alpha-0", system+"/a")
		ms, err := importer.Import(t.Context(), importer.Bundles, src, root, nil)
		if err != nil || len(ms) != 1 {
			t.Fatal(ms, err)
		}
	}
	l := &librarian{known: map[string]int{}, asked: map[string]int{}}
	// Both sets are of the system that their incidents name: nothing is left.
	if _, err := eval.Run(t.Context(), eval.Config{Sets: []string{root}, Memory: eval.MemoryOthers, Open: l.open, Temp: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if len(l.known) != 0 {
		t.Errorf("cases of the system under test are known: %v", l.known)
	}
}
