package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"triagent/internal/errs"
)

// narrow is a store on a disk with as many free bytes as free says.
func narrow(t *testing.T, free *atomic.Int64, edit func(*Config)) *Store {
	t.Helper()
	dir := t.TempDir()
	cfg := Config{
		Path: filepath.Join(dir, "a.db"), Blobs: filepath.Join(dir, "blobs"),
		Free: func(string) (uint64, bool) { return uint64(free.Load()), true },
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// parts counts the files of what is not whole yet.
func parts(t *testing.T, s *Store) int {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(s.cfg.Blobs, partDir))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestReserve fills a disk to its reserve: nothing more is taken in, what is
// there can be given up, and then there is room again.
func TestReserve(t *testing.T) {
	var free atomic.Int64
	free.Store(Reserve + 100<<20)
	s, ctx := narrow(t, &free, nil), t.Context()
	refused := func(what string, err error) {
		t.Helper()
		var e *errs.Error
		if !errors.Is(err, ErrNoRoom) || !errors.As(err, &e) || e.Kind != errs.Unavailable || !strings.Contains(e.Remedy, "make room") {
			t.Errorf("%s: %v, want ErrNoRoom and what to do", what, err)
		}
	}
	u, err := s.CreateUpload(ctx, Upload{User: "u", Size: 50 << 20})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.CreateUpload(ctx, Upload{User: "u", Size: 101 << 20})
	refused("an upload larger than the room", err)
	piece := bytes.Repeat([]byte("x"), 20<<20)
	filling := readerFunc(func(p []byte) (int, error) { // something else fills the disk meanwhile
		if free.Load() > Reserve-1 && len(piece) <= 10<<20 {
			free.Store(Reserve - 1)
		}
		if len(piece) == 0 {
			return 0, io.EOF
		}
		n := copy(p, piece)
		piece = piece[n:]
		return n, nil
	})
	u, err = s.AppendUpload(ctx, u.ID, 0, filling)
	refused("a piece", err)
	if u.Offset != 2*uploadStep {
		t.Errorf("the upload is at %d, want the steps that had room", u.Offset)
	}
	_, err = s.CreateUpload(ctx, Upload{User: "u", Size: 1})
	refused("a small upload", err)
	_, _, err = s.PutBundle(ctx, BundleName(""), strings.NewReader("x"), 10)
	refused("a bundle", err)
	free.Store(Reserve)
	filling = func(p []byte) (int, error) {
		free.Store(Reserve - 1)
		return len(p), nil
	}
	_, _, err = s.PutBundle(ctx, BundleName(""), filling, 64<<20)
	refused("a bundle on the way", err)
	if n := parts(t, s); n != 1 {
		t.Errorf("%d files are left, want that of the upload", n)
	}
	if err := s.DeleteUpload(ctx, u.ID); err != nil || parts(t, s) != 0 {
		t.Errorf("give up on a full disk: %v, %d files are left", err, parts(t, s))
	}
	free.Store(Reserve + 1)
	if _, err := s.CreateUpload(ctx, Upload{User: "u", Size: 1}); err != nil {
		t.Errorf("once there is room: %v", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestFullDatabase has a database that takes no more: the error is ErrNoRoom, an
// upload that cannot be noted leaves no file, and one that cannot be forgotten
// leaves none either.
func TestFullDatabase(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	s, ctx := narrow(t, &free, nil), t.Context()
	u, err := s.CreateUpload(ctx, Upload{User: "u", Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	tell := func(pragma string) {
		t.Helper()
		if err := s.group.connect(ctx); err != nil { // a failed commit gave it up
			t.Fatal(err)
		}
		if _, err := s.group.conn.ExecContext(ctx, pragma); err != nil {
			t.Fatal(err)
		}
	}
	tell("PRAGMA max_page_count = 1") // as many as there are
	err = s.Record(ctx, Actor{}, "x", "", map[string]string{"k": strings.Repeat("v", 4000), "l": strings.Repeat("v", 4000)})
	if !errors.Is(err, ErrNoRoom) || errs.KindOf(err) != errs.Unavailable {
		t.Errorf("a write to a full database: %v, want ErrNoRoom", err)
	}
	if err := s.Writable(ctx); err != nil {
		t.Errorf("a database that can be written: %v", err)
	}
	tell("PRAGMA query_only = 1")
	if _, err := s.CreateUpload(ctx, Upload{User: "u", Size: 10}); err == nil {
		t.Error("an upload is taken that cannot be noted")
	}
	if n := parts(t, s); n != 1 {
		t.Errorf("%d files are left, want that of the first upload", n)
	}
	tell("PRAGMA query_only = 1") // again: a failed write gives the connection up
	if err := s.DeleteUpload(ctx, u.ID); err == nil || parts(t, s) != 0 {
		t.Errorf("delete of what cannot be forgotten: %v, %d files are left", err, parts(t, s))
	}
	if err := s.Writable(ctx); err != nil {
		t.Errorf("tried again at once: %v", err)
	}
	s.probe.at = time.Now().Add(-probeEvery)
	tell("PRAGMA query_only = 1")
	if s.Writable(ctx) == nil {
		t.Error("a database that cannot be written is said to be writable")
	}
	tell("PRAGMA query_only = 0")
	if _, err := s.AppendUpload(ctx, u.ID, 0, strings.NewReader("0123456789")); errs.KindOf(err) != errs.NotFound {
		t.Errorf("a piece of an upload whose bytes are gone: %v", err)
	}
	s.probe.at = time.Time{}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Writable(ended); err != nil {
		t.Errorf("who gave up: %v", err)
	}
}

// TestUploadsOfOne bounds what one user has under way.
func TestUploadsOfOne(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	s := narrow(t, &free, func(c *Config) { c.Uploads, c.Announced = 3, 100 })
	ctx := t.Context()
	begin := func(user string, size int64) (Upload, error) {
		return s.CreateUpload(ctx, Upload{User: user, Size: size})
	}
	first, err := begin("a", 10)
	if err != nil {
		t.Fatal(err)
	}
	_, err = begin("a", 91)
	var e *errs.Error
	if !errors.Is(err, ErrManyUploads) || !errors.As(err, &e) || !strings.Contains(e.Remedy, first.ID) {
		t.Errorf("too many bytes: %v, want ErrManyUploads and the oldest to give up", err)
	}
	for range 2 {
		if _, err := begin("a", 20); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := begin("a", 1); !errors.Is(err, ErrManyUploads) {
		t.Errorf("a fourth upload: %v", err)
	}
	if _, err := begin("b", 100); err != nil {
		t.Errorf("another user: %v", err)
	}
	if n := parts(t, s); n != 4 {
		t.Errorf("%d files, want one for each upload", n)
	}
	if _, err := s.AppendUpload(ctx, first.ID, 0, strings.NewReader("0123456789")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FinishUpload(ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := begin("a", 50); err != nil {
		t.Errorf("after one was finished: %v", err)
	}
}

// TestNoSpace tells a full disk from other errors of files.
func TestNoSpace(t *testing.T) {
	if err := disk("write", &os.PathError{Op: "write", Path: "x", Err: os.ErrPermission}); errors.Is(err, ErrNoRoom) {
		t.Error("a folder that cannot be written is said to be full")
	}
	_, _, err := narrow(t, &atomic.Int64{}, func(c *Config) {
		c.Free = func(string) (uint64, bool) { return 0, false } // not known
	}).PutBundle(t.Context(), BundleName(""), iotest.ErrReader(os.ErrPermission), 10)
	if err == nil || errors.Is(err, ErrNoRoom) {
		t.Errorf("a body that breaks off: %v", err)
	}
}
