package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"triagent/incident"
	"triagent/store"
	"triagent/store/storetest"
)

// These tests start the test binary again, as another process that uses the
// same database. TestMain sends such a process to its work.
const childEnv = "TRIAGENT_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(childEnv) {
	case "":
		os.Exit(m.Run())
	case "open":
		err = openAndReport()
	case "load":
		err = writeForEver()
	}
	if err != nil {
		fmt.Println("child:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func childConfig() store.Config {
	return store.Config{Path: os.Getenv("TRIAGENT_STORE_TEST_PATH"), URL: os.Getenv("TRIAGENT_STORE_TEST_URL"), Blobs: os.Getenv("TRIAGENT_STORE_TEST_BLOBS")}
}

func child(ctx context.Context, job string, cfg store.Config) *exec.Cmd {
	c := exec.CommandContext(ctx, os.Args[0])
	c.Env = append(os.Environ(), childEnv+"="+job, "TRIAGENT_STORE_TEST_PATH="+cfg.Path,
		"TRIAGENT_STORE_TEST_URL="+cfg.URL, "TRIAGENT_STORE_TEST_BLOBS="+cfg.Blobs)
	return c
}

// openAndReport opens the store when its standard input ends, so that all
// children do at once, and writes one entry.
func openAndReport() error {
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	s, err := store.New(context.Background(), childConfig())
	if err != nil {
		return err
	}
	if err := s.Record(context.Background(), admin, "opened", "", nil); err != nil {
		return err
	}
	return s.Close()
}

func TestFourProcessesMigrateOnce(t *testing.T) {
	for _, dialect := range []string{store.SQLite, store.PostgreSQL} {
		t.Run(dialect, func(t *testing.T) {
			dir := t.TempDir()
			cfg := store.Config{Path: filepath.Join(dir, "a.db"), Blobs: filepath.Join(dir, "blobs")}
			driver, name := "sqlite", cfg.Path
			if dialect == store.PostgreSQL {
				cfg.URL = storetest.Postgres(t)
				driver, name = "pgx", cfg.URL
			}
			var children [4]*exec.Cmd
			var inputs [4]io.WriteCloser
			var said [4]strings.Builder
			for i := range children {
				c := child(t.Context(), "open", cfg)
				c.Stdout = &said[i]
				var err error
				if inputs[i], err = c.StdinPipe(); err != nil {
					t.Fatal(err)
				}
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				children[i] = c
			}
			for _, in := range inputs {
				_ = in.Close() // go
			}
			for i, c := range children {
				if err := c.Wait(); err != nil {
					t.Errorf("process %d: %v: %s", i, err, said[i].String())
				}
			}
			db, err := sql.Open(driver, name)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			var applied, entries int
			if err := db.QueryRow(`SELECT (SELECT COUNT(*) FROM goose_db_version WHERE version_id = 1), (SELECT COUNT(*) FROM audit)`).Scan(&applied, &entries); err != nil {
				t.Fatal(err)
			}
			if applied != 1 || entries != 4 {
				t.Errorf("migrated %d times, %d processes wrote, want once and 4", applied, entries)
			}
		})
	}
}

// writeForEver writes with many goroutines and says on standard output what was
// acknowledged, one line each, until it is killed.
func writeForEver() error {
	s, err := store.New(context.Background(), childConfig())
	if err != nil {
		return err
	}
	run, ctx := strconv.Itoa(os.Getpid()), context.Background()
	var out sync.Mutex
	say := func(format string, args ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf(format+"\n", args...)
	}
	var g errgroup.Group
	for w := range 6 {
		g.Go(func() error {
			for i := 0; ; i++ {
				name := fmt.Sprintf("%s-%d-%d", run, w, i)
				if err := writeOne(ctx, s, w, name, say); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		})
	}
	return g.Wait()
}

func writeOne(ctx context.Context, s *store.Store, w int, name string, say func(string, ...any)) error {
	switch w % 3 {
	case 0:
		a := firing(name, "n", time.Now())
		if _, err := s.TakeAlerts(ctx, []store.Placed{placed(a, "k"+strconv.Itoa(w))}); err != nil {
			return err
		}
		say("alert %s", name)
	case 1:
		bundle := store.BundleName(".zip")
		if _, _, err := s.PutBundle(ctx, bundle, strings.NewReader(name), 1000); err != nil {
			return err
		}
		in, _, err := s.CreateIncident(ctx, admin, store.Incident{Title: name, Bundle: bundle}, name+"#h", &store.Job{})
		if err != nil && !errors.Is(err, store.ErrFull) {
			return err
		}
		if err == nil {
			say("incident %s", in.ID)
		}
	case 2:
		j, ok, err := s.Take(ctx, name, time.Hour)
		if err != nil || !ok {
			return err
		}
		if err := s.AppendTrace(ctx, j, []store.Trace{{Event: incident.Opened{}}, {Event: incident.Closed{}}}); err != nil {
			return err
		}
		if err := s.Finish(ctx, j, incident.Diagnosis{Verdict: incident.Likely}); err != nil {
			return err
		}
		say("finished %s", j.Incident)
	}
	return nil
}

// TestKill kills a process under load, again and again, and looks for all that
// it said was done. TRIAGENT_TEST_KILLS is how often; 10 if it is not set.
func TestKill(t *testing.T) {
	rounds := 10
	if n, err := strconv.Atoi(os.Getenv("TRIAGENT_TEST_KILLS")); err == nil {
		rounds = n
	} else if testing.Short() {
		rounds = 2
	}
	for _, dialect := range []string{store.SQLite, store.PostgreSQL} {
		t.Run(dialect, func(t *testing.T) {
			dir := t.TempDir()
			cfg := store.Config{Path: filepath.Join(dir, "a.db"), Blobs: filepath.Join(dir, "blobs")}
			if dialect == store.PostgreSQL {
				cfg.URL = storetest.Postgres(t)
			}
			said := map[string][]string{}
			for round := range rounds {
				killOne(t, cfg, 40+37*round%200, said)
			}
			s := storetest.With(t, cfg)
			verify(t, s, said)
			t.Logf("%d kills; there are all of %d alerts, %d incidents, %d diagnoses", rounds, len(said["alert"]), len(said["incident"]), len(said["finished"]))
		})
	}
}

// killOne lets a child acknowledge a number of writes and kills it.
func killOne(t *testing.T, cfg store.Config, lines int, said map[string][]string) {
	t.Helper()
	c := child(t.Context(), "load", cfg)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
	defer deadline.Stop()
	r := bufio.NewScanner(out)
	for n := 0; r.Scan(); n++ { // to the end: what was said before the kill counts
		what, id, _ := strings.Cut(r.Text(), " ")
		if what == "child:" {
			t.Errorf("%s", r.Text())
		}
		said[what] = append(said[what], id)
		if n == lines {
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = c.Wait() // killed
}

func verify(t *testing.T, s *store.Store, said map[string][]string) {
	t.Helper()
	ctx := t.Context()
	known := map[string]bool{}
	for f := (store.AlertFilter{Limit: 500}); ; {
		items, next, err := s.Alerts(ctx, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range items {
			known[a.Fingerprint] = true
		}
		if f.After = next; next == "" {
			break
		}
	}
	for _, name := range said["alert"] {
		if !known[name] {
			t.Errorf("alert %s is lost", name)
		}
	}
	for _, id := range said["incident"] {
		in, err := s.Incident(ctx, id)
		if err != nil {
			t.Errorf("incident %s is lost: %v", id, err)
			continue
		}
		if _, err := s.BundlePath(in.Bundle); err != nil {
			t.Errorf("bundle of %s is lost: %v", id, err)
		}
	}
	for _, id := range said["finished"] {
		if _, err := s.Diagnosis(ctx, id, 0); err != nil {
			t.Errorf("diagnosis of %s is lost: %v", id, err)
		}
	}
	if wrong := s.Check(ctx); len(wrong) > 0 {
		t.Errorf("%q", wrong)
	}
	if n, broken, err := s.VerifyAudit(ctx); err != nil || broken != 0 {
		t.Errorf("audit of %d entries is broken at %d, %v", n, broken, err)
	}
	if len(said["alert"]) == 0 || len(said["incident"]) == 0 || len(said["finished"]) == 0 {
		t.Error("the load did not do all that it should")
	}
}
