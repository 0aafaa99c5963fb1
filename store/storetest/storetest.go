// Package storetest gives tests a real store: on SQLite in a folder of the
// test, or on a real PostgreSQL that it starts once for a test binary. Nothing
// but tests may import it.
package storetest

import (
	"path/filepath"
	"testing"

	"triagent/store"
)

// SQLite returns an empty store on SQLite that lives as long as the test.
func SQLite(t testing.TB) *store.Store {
	t.Helper()
	return With(t, store.Config{})
}

// With returns an empty store of the given configuration that lives as long as
// the test; without a Path or URL it is on SQLite in a folder of the test.
func With(t testing.TB, cfg store.Config) *store.Store {
	t.Helper()
	if cfg.Path == "" && cfg.URL == "" {
		cfg.Path = filepath.Join(t.TempDir(), "triagent.db")
	}
	if cfg.Blobs == "" {
		cfg.Blobs = filepath.Join(t.TempDir(), "bundles")
	}
	s, err := store.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return s
}

// Each runs a test on SQLite and on PostgreSQL; the latter is skipped where it
// is not installed. What cfg leaves out is filled as With does.
func Each(t *testing.T, cfg store.Config, test func(t *testing.T, s *store.Store)) {
	t.Run(store.SQLite, func(t *testing.T) { test(t, With(t, cfg)) })
	t.Run(store.PostgreSQL, func(t *testing.T) {
		cfg := cfg
		cfg.URL = Postgres(t)
		test(t, With(t, cfg))
	})
}
