package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/internal/errs"
	"triagent/store"
	"triagent/store/storetest"
)

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// files lists what lies in a folder, below it included.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, filepath.Base(p))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestBundles(t *testing.T) {
	dir := t.TempDir()
	s := storetest.With(t, store.Config{Blobs: dir})
	ctx := t.Context()
	name := store.BundleName(".tar.gz")
	size, hash, err := s.PutBundle(ctx, name, strings.NewReader("hello"), 5)
	if err != nil || size != 5 || hash != sum([]byte("hello")) || !strings.HasSuffix(name, ".tar.gz") {
		t.Fatalf("%d, %s, %v", size, hash, err)
	}
	if p, err := s.BundlePath(name); err != nil || filepath.Dir(p) != dir {
		t.Errorf("path %q, %v", p, err)
	}
	for why, err := range map[string]error{
		"taken":    third(s.PutBundle(ctx, name, strings.NewReader("other"), 5)),
		"too big":  third(s.PutBundle(ctx, store.BundleName(""), strings.NewReader("hello!"), 5)),
		"broken":   third(s.PutBundle(ctx, store.BundleName(""), iotest.ErrReader(io.ErrUnexpectedEOF), 5)),
		"escaping": third(s.PutBundle(ctx, "../x", strings.NewReader("x"), 5)),
		"folder":   third(s.PutBundle(ctx, "parts", strings.NewReader("x"), 5)),
	} {
		if err == nil {
			t.Errorf("a bundle whose name or bytes are %s is taken", why)
		}
	}
	if got := files(t, dir); len(got) != 1 {
		t.Errorf("%q are left of one bundle", got)
	}
	if b, err := os.ReadFile(filepath.Join(dir, name)); string(b) != "hello" || err != nil {
		t.Errorf("the bundle holds %q, %v", b, err)
	}
	for _, bad := range []string{"", ".", "..", "../a", "a/b", "A", "a..b", strings.Repeat("a", 200), "parts"} {
		if _, err := s.BundlePath(bad); errs.KindOf(err) != errs.NotFound {
			t.Errorf("path of %q: %v", bad, err)
		}
	}
	if store.BundleName("../../x") == "" || strings.Contains(store.BundleName("/../x"), "/") {
		t.Error("an extension leaves the folder")
	}
	if _, _, err := s.CreateIncident(ctx, admin, store.Incident{Title: "x", Bundle: name}, "", nil); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteBundle(ctx, name); errs.KindOf(err) != errs.Invalid {
		t.Errorf("delete of a bundle in use: %v", err)
	}
	if wrong := s.Check(ctx); len(wrong) != 0 {
		t.Errorf("%q", wrong)
	}
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	if wrong := s.Check(ctx); len(wrong) != 1 || !strings.Contains(wrong[0], "inc-1") {
		t.Errorf("with a bundle missing: %q", wrong)
	}
}

func third[A, B any](_ A, _ B, err error) error { return err }

func TestUploads(t *testing.T) {
	c := &clock{at: time.Now().UTC()}
	storetest.Each(t, store.Config{Now: c.now}, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		data := bytes.Repeat([]byte("0123456789"), 2<<20) // two steps and a half
		u, err := s.CreateUpload(ctx, store.Upload{User: "u1", Name: `C:\x\Night.TAR.gz`, Size: int64(len(data)), SHA256: strings.ToUpper(sum(data))})
		if err != nil {
			t.Fatal(err)
		}
		half := len(data) / 2
		broken := io.MultiReader(bytes.NewReader(data[:half]), iotest.ErrReader(io.ErrUnexpectedEOF))
		u, err = s.AppendUpload(ctx, u.ID, 0, broken)
		if errs.KindOf(err) != errs.Unavailable || u.Offset != int64(half) {
			t.Fatalf("a piece that broke off left the upload at %d, %v, want %d", u.Offset, err, half)
		}
		if _, err := s.AppendUpload(ctx, u.ID, 0, bytes.NewReader(data)); !errors.Is(err, store.ErrStale) {
			t.Errorf("a piece at the wrong place: %v", err)
		}
		if _, err := s.FinishUpload(ctx, u.ID); errs.KindOf(err) != errs.Invalid {
			t.Errorf("finish of half an upload: %v", err)
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := s.AppendUpload(ended, u.ID, u.Offset, bytes.NewReader(data)); err == nil {
			t.Error("a caller that is gone appends")
		}
		u, err = s.AppendUpload(ctx, u.ID, u.Offset, bytes.NewReader(data[half:]))
		if err != nil || u.Offset != u.Size {
			t.Fatalf("%+v, %v", u, err)
		}
		if _, err := s.AppendUpload(ctx, u.ID, u.Offset, strings.NewReader("more")); errs.KindOf(err) != errs.Invalid {
			t.Errorf("too many bytes: %v", err)
		}
		name, err := s.FinishUpload(ctx, u.ID)
		if err != nil || !strings.HasSuffix(name, ".tar.gz") {
			t.Fatalf("%q, %v", name, err)
		}
		if again, err := s.FinishUpload(ctx, u.ID); again != name || err != nil {
			t.Errorf("finish again: %q, %v", again, err)
		}
		path, err := s.BundlePath(name)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, data) {
			t.Errorf("the bundle holds other bytes, %v", err)
		}
		wrong, err := s.CreateUpload(ctx, store.Upload{Size: 1, SHA256: sum(nil)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.AppendUpload(ctx, wrong.ID, 0, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.FinishUpload(ctx, wrong.ID); errs.KindOf(err) != errs.Invalid {
			t.Errorf("finish with another sum: %v", err)
		}
		for _, bad := range []store.Upload{{}, {Size: -1}, {Size: 1, SHA256: "abc"}, {Size: 1 << 60}} {
			if _, err := s.CreateUpload(ctx, bad); errs.KindOf(err) != errs.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		c.pass(72 * time.Hour)
		if err := s.ExpireUploads(ctx); err != nil {
			t.Fatal(err)
		}
		if left := files(t, filepath.Dir(path)); len(left) != 0 { // nobody made an incident of the bundle
			t.Errorf("%q are left", left)
		}
		if _, err := s.Upload(ctx, u.ID); errs.KindOf(err) != errs.NotFound {
			t.Errorf("an upload that is gone: %v", err)
		}
	})
}

// TestPrivate opens a store in a folder that others may read: none of its files
// may be, also when they were made by another program.
func TestPrivate(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // that others may read it is the point
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a b%41.db")
	for range 2 {
		s, err := store.New(t.Context(), store.Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.PutBundle(t.Context(), store.BundleName(""), strings.NewReader("x"), 5); err != nil {
			t.Error(err)
		}
		found := 0
		err = filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err == nil && info.Mode().Perm() != 0o600 {
				t.Errorf("%s has the mode %o", p, info.Mode().Perm())
			}
			found++
			return err
		})
		if err != nil || found < 5 {
			t.Errorf("%d files, %v", found, err)
		}
		if err := errors.Join(s.Close(), os.Chmod(path, 0o644)); err != nil { //nolint:gosec // as an older version made it
			t.Fatal(err)
		}
	}
}

// TestUploadAfterKill goes on with an upload whose writer died: at once where no
// other process can be writing, else when the lease is over, which is said.
func TestUploadAfterKill(t *testing.T) {
	c := &clock{at: time.Now().UTC()}
	for _, dialect := range []string{store.SQLite, store.PostgreSQL} {
		t.Run(dialect, func(t *testing.T) {
			ctx, dir := t.Context(), t.TempDir()
			cfg := store.Config{Path: filepath.Join(dir, "a.db"), Blobs: filepath.Join(dir, "blobs"), Now: c.now}
			if dialect == store.PostgreSQL {
				cfg.URL = storetest.Postgres(t)
			}
			s := storetest.With(t, cfg)
			u, err := s.CreateUpload(ctx, store.Upload{User: "u", Size: 10})
			if err != nil {
				t.Fatal(err)
			}
			started, over := make(chan struct{}), make(chan struct{})
			var g errgroup.Group
			g.Go(func() error { // hangs, as one that was killed holds its claim
				_, err := s.AppendUpload(ctx, u.ID, 0, io.MultiReader(opening(func() { close(started) }), opening(func() { <-over })))
				return err
			})
			<-started
			var busy *store.BusyError
			if _, err := s.AppendUpload(ctx, u.ID, 0, strings.NewReader("x")); !errors.As(err, &busy) || errs.KindOf(err) != errs.Unavailable {
				t.Errorf("beside a living writer: %v, want BusyError", err)
			}
			next := storetest.With(t, cfg)
			got, err := next.AppendUpload(ctx, u.ID, 0, strings.NewReader("0123456789"))
			if dialect == store.SQLite {
				if err != nil || got.Offset != 10 {
					t.Errorf("after a restart: at %d, %v", got.Offset, err)
				}
			} else {
				if !errors.As(err, &busy) || busy.After < time.Minute || busy.After > 2*time.Minute {
					t.Errorf("beside another process: %v, want BusyError with the rest of the lease", err)
				}
				c.pass(3 * time.Minute)
				if got, err = next.AppendUpload(ctx, u.ID, 0, strings.NewReader("0123456789")); err != nil || got.Offset != 10 {
					t.Errorf("after the lease: at %d, %v", got.Offset, err)
				}
			}
			close(over)
			_ = g.Wait() // what it says does not matter: it is dead
		})
	}
}

// opening is an empty reader that calls f when it is read.
type opening func()

func (f opening) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}
