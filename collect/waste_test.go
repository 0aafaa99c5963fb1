package collect_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"triagent/collect"
)

// TestWaste removes what a killed process left long ago, and nothing else.
func TestWaste(t *testing.T) {
	data := t.TempDir()
	scratch := filepath.Join(data, "collect-7")
	old := time.Now().Add(-25 * time.Hour)
	gone := []string{"collect-1", "collect-2", "collect-7/triagent-collect-5"}
	stay := []string{"collect-7", "collect-x", "collect-", "collect-3", "collect-4", "collected-1", "collect-7/triagent-collect-6", "collect-7/triagent-collect-x", "store"}
	for _, name := range append(slices.Clone(gone), stay...) {
		if err := os.MkdirAll(filepath.Join(data, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"collect-1/.bundle.tmp-12/metrics", "collect-1/triagent-collect-3", "collect-4/mine"} {
		if err := os.MkdirAll(filepath.Join(data, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"collect-9", "collect-1/triagent-collect-3/spool-1"} {
		if err := os.WriteFile(filepath.Join(data, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(data, "collect-8")); err != nil {
		t.Fatal(err)
	}
	stay = append(stay, "collect-8", "collect-9")
	for _, name := range append(slices.Clone(gone), stay...) {
		if name == "collect-3" || strings.HasSuffix(name, "-6") { // young ones
			continue
		}
		if err := os.Chtimes(filepath.Join(data, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(scratch, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	s := collect.System{Name: "shop"}
	if _, err := s.Bundle(t.Context(), collect.Ask{Incident: ask, Scratch: scratch, Bare: true}, filepath.Join(scratch, "bundle")); err != nil {
		t.Fatal(err)
	}
	for _, name := range gone {
		if _, err := os.Lstat(filepath.Join(data, name)); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
	for _, name := range stay {
		if _, err := os.Lstat(filepath.Join(data, name)); err != nil {
			t.Error(err)
		}
	}
}
