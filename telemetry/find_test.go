package telemetry_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"triagent/telemetry"
)

// TestWalk finds bundles of both forms at any depth, in order, and passes over
// what is hidden, half-done, inside a bundle, or none.
func TestWalk(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"b/incident.json", "b/inside/incident.json", "a/deep/incident.json.zst", "c.tar.gz",
		".hidden/incident.json", "half.tmp/incident.json", "notes/readme.txt",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("{}"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	var found, entered []string
	rel := func(name string) string {
		r, err := filepath.Rel(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.ToSlash(r)
	}
	err := telemetry.Walk(dir, func(name string) error {
		entered = append(entered, rel(name))
		return nil
	}, func(name string) error {
		found = append(found, rel(name))
		return nil
	})
	if want := []string{"a/deep", "b", "c.tar.gz"}; err != nil || !slices.Equal(found, want) {
		t.Errorf("found %q, %v, want %q", found, err, want)
	}
	if slices.Contains(entered, ".hidden") {
		t.Errorf("entered %q", entered)
	}
	stop := errors.New("stop")
	if err := telemetry.Walk(dir, nil, func(string) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("stopped: %v", err)
	}
	if telemetry.Walk(filepath.Join(dir, "none"), nil, func(string) error { return nil }) == nil {
		t.Error("a folder that is not there was walked")
	}
	if telemetry.IsBundle(filepath.Join(dir, "notes")) {
		t.Error("a note is a bundle")
	}
}
