package eval_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	for i, system := range []string{"sys", "sys", "else"} {
		name := fmt.Sprintf("set%d", i)
		src := filepath.Join(t.TempDir(), name)
		writeBundle(t, filepath.Join(src, "a"), "a", "alpha-0", name+"/a")
		// Another day for each: overlapping windows are held out anyway.
		file := filepath.Join(src, "a", "incident.json")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		moved := strings.NewReplacer("2026-01-02", fmt.Sprintf("2026-01-%02d", 2+i), `"system":"sys"`, fmt.Sprintf(`"system":%q`, system)).Replace(string(text))
		if err := os.WriteFile(file, []byte(moved), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := importer.Import(t.Context(), importer.Bundles, src, root, nil); err != nil {
			t.Fatal(err)
		}
	}
	l := &librarian{known: map[string]int{}, asked: map[string]int{}}
	r, err := eval.Run(t.Context(), eval.Config{Sets: []string{root}, Memory: eval.MemoryOthers, Open: l.open, Temp: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, n := range l.known {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	// The two of one system know the third; the third knows both.
	if !slices.Equal(sizes, []int{1, 1, 2}) || len(r.Sets) != 3 {
		t.Errorf("memories of %v cases, want 1, 1 and 2", sizes)
	}
}
