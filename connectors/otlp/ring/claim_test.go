package ring_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"triagent/connectors/otlp/ring"
	"triagent/internal/errs"
)

// TestTwo opens one folder twice: the second is refused until the first ends.
func TestTwo(t *testing.T) {
	dir := t.TempDir()
	r, err := ring.Open(dir, bounds, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = ring.Open(dir, bounds, nil)
	var e *errs.Error
	if errs.KindOf(err) != errs.Unavailable || !errors.As(err, &e) || e.Remedy == "" {
		t.Errorf("the second opens: %v", err)
	}
	add(t, r, ring.Logs, 1, []byte("a"))
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir, bounds, nil)
}

// TestRemoved takes the folder, or the file, from under a ring: what is added
// then is there, and it is counted.
func TestRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ring")
	r := open(t, dir, bounds, nil)
	for i, remove := range []func() error{
		func() error { return os.RemoveAll(dir) },
		func() error { return os.Rename(dir, dir+".old") },
		func() error { return os.Remove(files(t, dir)[0]) },
		func() error { // another folder stands in its place
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			return os.Mkdir(dir, 0o700)
		},
	} {
		add(t, r, ring.Logs, 1, []byte("before"))
		if err := remove(); err != nil {
			t.Fatal(err)
		}
		add(t, r, ring.Logs, 2, []byte("after"))
		if got, _ := all(t, dir, ring.Logs); len(got) != 1 || got[0] != "after" || r.Removed() != int64(i+1) {
			t.Errorf("%d: what is there is %q, removed %d times", i, got, r.Removed())
		}
		if _, err := ring.Open(dir, bounds, nil); err == nil {
			t.Errorf("%d: somebody else may write to it now", i)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := r.Prune(); err != nil || r.Removed() != 5 {
		t.Errorf("while nothing comes: removed %d times, %v", r.Removed(), err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // it cannot be made again
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Add(ring.Batch{Kind: ring.Logs, Items: 1, Body: []byte("lost")}); errs.KindOf(err) != errs.Unavailable {
			t.Errorf("it is accepted: %v (%s)", err, errs.KindOf(err))
		}
	}
	if s, err := r.Stats(); err == nil && s.Added[ring.Logs] != 8 {
		t.Errorf("%+v", s)
	}
}
