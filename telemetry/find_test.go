package telemetry_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

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
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("{}"), 0o600))
	}
	var found, entered []string
	rel := func(name string) string {
		r, err := filepath.Rel(dir, name)
		require.NoError(t, err)
		return filepath.ToSlash(r)
	}
	err := telemetry.Walk(dir, func(name string) error {
		entered = append(entered, rel(name))
		return nil
	}, func(name string) error {
		found = append(found, rel(name))
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"a/deep", "b", "c.tar.gz"}, found)
	require.NotContains(t, entered, ".hidden")

	stop := errors.New("stop")
	require.ErrorIs(t, telemetry.Walk(dir, nil, func(string) error { return stop }), stop)
	require.Error(t, telemetry.Walk(filepath.Join(dir, "none"), nil, func(string) error { return nil }))
	require.False(t, telemetry.IsBundle(filepath.Join(dir, "notes")))
}
