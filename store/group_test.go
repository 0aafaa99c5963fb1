package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/internal/errs"
)

func openTest(t *testing.T) *Store {
	t.Helper()
	s, err := New(t.Context(), Config{Path: filepath.Join(t.TempDir(), "a.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// until waits for a condition that another goroutine brings about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s never came", what)
		}
	}
}

func (g *group) waits() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}

// TestGroupCommit lets many writes gather behind one: those that fail undo only
// themselves, the one whose caller gave up is not run, and all others are done.
func TestGroupCommit(t *testing.T) {
	s := openTest(t)
	ctx := t.Context()
	hold, held := make(chan struct{}), make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		return s.update(ctx, "first", func(context.Context, *txn) error {
			close(held)
			<-hold
			return nil
		})
	})
	<-held
	write := func(ctx context.Context, name string, then func() error) error {
		return s.update(ctx, name, func(ctx context.Context, t *txn) error {
			if _, err := t.exec(ctx, insertSetting, name, []byte("x")); err != nil {
				return err
			}
			t.changed("queue", name)
			return then()
		})
	}
	fine := func() error { return nil }
	boom := errors.New("boom")
	got := make([]error, 12)
	for i := range 12 {
		then := fine
		switch i % 4 {
		case 1:
			then = func() error { return boom }
		case 2:
			then = func() error { panic("at the disco") }
		}
		g.Go(func() error {
			got[i] = write(ctx, fmt.Sprint("s", i), then)
			return nil
		})
	}
	gone, giveUp := context.WithCancel(ctx)
	var gaveUp error
	left := make(chan struct{})
	g.Go(func() error {
		defer close(left)
		gaveUp = write(gone, "gone", fine)
		return nil
	})
	until(t, "the queue", func() bool { return s.group.waits() == 13 })
	giveUp()
	<-left // before the first is done
	if errs.KindOf(gaveUp) != errs.Unavailable || !errors.Is(gaveUp, context.Canceled) {
		t.Errorf("who gave up got %v", gaveUp)
	}
	close(hold)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for i, err := range got {
		_, found := s.Setting(ctx, fmt.Sprint("s", i))
		switch i % 4 {
		case 1:
			if !errors.Is(err, boom) || errs.KindOf(found) != errs.NotFound {
				t.Errorf("write %d that failed: %v, read: %v", i, err, found)
			}
		case 2:
			if err == nil || !strings.Contains(err.Error(), "disco") || errs.KindOf(found) != errs.NotFound {
				t.Errorf("write %d that panicked: %v, read: %v", i, err, found)
			}
		default:
			if err != nil || found != nil {
				t.Errorf("write %d: %v, read: %v", i, err, found)
			}
		}
	}
	if _, err := s.Setting(ctx, "gone"); errs.KindOf(err) != errs.NotFound {
		t.Errorf("the write of who gave up was done: %v", err)
	}
}

func TestClosed(t *testing.T) {
	s := openTest(t)
	hold, held := make(chan struct{}), make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		return s.update(t.Context(), "first", func(ctx context.Context, t *txn) error {
			close(held)
			<-hold
			_, err := t.exec(ctx, insertSetting, "last", []byte("x"))
			return err
		})
	})
	<-held
	g.Go(s.Close)
	until(t, "the close", func() bool { return s.group.waits() == 1 })
	if err := s.Record(t.Context(), Actor{}, "x", "", nil); !errors.Is(err, errClosed) {
		t.Errorf("a write after the close: %v", err)
	}
	close(hold)
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("a second close: %v", err)
	}
	again, err := New(t.Context(), Config{Path: s.cfg.Path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	if _, err := again.Setting(t.Context(), "last"); err != nil {
		t.Errorf("what was under way is lost: %v", err)
	}
}

func TestWrongConfig(t *testing.T) {
	for name, cfg := range map[string]Config{
		"nothing":         {},
		"another scheme":  {URL: "mysql://root:hunter2@h/db", Blobs: t.TempDir()},
		"no blobs":        {URL: "postgres://root:hunter2@h/db"},
		"nobody there":    {URL: "postgres://root:hunter2@127.0.0.1:1/db?sslmode=disable", Blobs: t.TempDir()},
		"a broken URL":    {URL: "postgres://root:hunter2@h:port/db", Blobs: t.TempDir()},
		"a file for a db": {Path: filepath.Join("/dev/null", "a.db")},
	} {
		s, err := New(t.Context(), cfg)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s: opened", name)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the password: %v", name, err)
		}
		if k := errs.KindOf(err); k != errs.Invalid && k != errs.Unavailable {
			t.Errorf("%s: kind %s: %v", name, k, err)
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	s := openTest(t)
	if _, err := s.write.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`); err == nil {
		t.Log("written")
	}
	path := s.cfg.Path
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err := New(t.Context(), Config{Path: path}); err == nil {
		_ = s.Close()
		t.Error("a database of a newer program was opened")
	}
}

func TestDamagedBlobsAreBounded(t *testing.T) {
	packed, err := pack(make([]byte, maxUnpacked-100))
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	if err := unpack(packed, &b); err != nil || len(b) != maxUnpacked-100 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := pack(make([]byte, maxUnpacked+1)); err == nil {
		t.Error("more than may be unpacked is packed")
	}
	for _, bad := range [][]byte{nil, {1, 2, 3}, packed[:len(packed)/2]} {
		if err := unpack(bad, &b); err == nil {
			t.Errorf("%d bytes of nothing are unpacked", len(bad))
		}
	}
}

func FuzzUnpack(f *testing.F) {
	good, err := pack([]traceRow{{N: 1}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(_ *testing.T, b []byte) {
		var rows []traceRow
		_ = unpack(b, &rows) // must end, and not panic
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(cursor{"-opened", 5, 6}.String())
	f.Fuzz(func(t *testing.T, s string) {
		c, err := readCursor(s, "-opened")
		if err == nil && c.Sort != "-opened" {
			t.Errorf("%q is taken for %+v", s, c)
		}
	})
}

func TestSQLiteSettings(t *testing.T) {
	s := openTest(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		if err := s.read.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s of readers is %q, %v, want %q", pragma, got, err, want)
		}
		err := s.update(t.Context(), "look", func(ctx context.Context, t *txn) error {
			return t.row(ctx, "PRAGMA "+pragma).Scan(&got)
		})
		if err != nil || got != want {
			t.Errorf("%s of the writer is %q, %v, want %q", pragma, got, err, want)
		}
	}
	if _, err := s.read.Exec(`DELETE FROM counters`); err == nil {
		t.Error("a reader writes")
	}
}
