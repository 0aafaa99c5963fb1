package telemetry

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"triagent/incident"
)

// TestMain lets this test binary play the writer that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TRIAGENT_TEST_WRITE"); dir != "" {
		fmt.Fprintln(os.Stderr, writeForEver(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeForEver writes bundles, folders and archives in turn, and tells each
// step on standard output.
func writeForEver(dir string) error {
	for i := 0; ; i++ {
		dst := filepath.Join(dir, fmt.Sprintf("b%d%s", i, []string{"", ".tar.gz", ".zip", ".tar"}[i%4]))
		err := Write(context.Background(), dst, func(w *Writer) error {
			return fillBig(w, func() { fmt.Println("step", dst) })
		})
		if err != nil {
			return err
		}
		fmt.Println("done", dst)
	}
}

const bigLines = 2000

// fillBig writes a bundle and calls step after every log: five times, the last
// time right before the bundle is packed, flushed and put in its place.
func fillBig(w *Writer, step func()) error {
	window := incident.Window{From: utc("2026-11-20T10:00:00Z"), To: utc("2026-11-20T10:05:00Z")}
	if err := w.Incident(incident.Incident{ID: "big", Window: window}, nil); err != nil {
		return err
	}
	for n := range 5 {
		node := incident.NodeID(fmt.Sprintf("n%d", n))
		if err := w.Table(&Table{Node: node, Times: []int64{window.From.UnixNano()}, Columns: []Column{{Name: "x", Values: []float64{1}}}}); err != nil {
			return err
		}
		log, err := w.Log(node)
		if err != nil {
			return err
		}
		for i := range bigLines {
			if _, err := fmt.Fprintf(log, "2026-11-20 10:00:00,%03d INFO  a.B: line %d\n", i%1000, i); err != nil {
				return err
			}
		}
		if err := log.Close(); err != nil {
			return err
		}
		step()
	}
	return nil
}

// TestKilledWriter kills a writer at many moments: what stands under the name
// of a bundle is whole, and what was said to be done is there.
func TestKilledWriter(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	killed := 0
	for round := range 20 {
		dir := t.TempDir()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, exe)
		cmd.Env = append(os.Environ(), "TRIAGENT_TEST_WRITE="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := killSoon(t, cmd, out, round)
		cancel()
		for _, path := range done {
			if _, err := os.Stat(path); err != nil {
				t.Errorf("bundle was done and is gone: %v", err)
			}
		}
		killed += checkWhole(t, dir)
	}
	if killed == 0 {
		t.Error("no round was killed in the middle of a bundle: the test shows nothing")
	}
}

// killSoon kills the writer as soon as it tells its step number round, and
// returns the bundles that it said were done.
func killSoon(t *testing.T, cmd *exec.Cmd, out io.Reader, round int) (done []string) {
	t.Helper()
	steps := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		what, path, _ := strings.Cut(lines.Text(), " ")
		if what == "done" {
			done = append(done, path)
			continue
		}
		if steps++; steps == 1+round {
			if err := cmd.Process.Kill(); err != nil { // SIGKILL
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("writer ended by itself: %v", err)
	}
	return done
}

// checkWhole reads every bundle in dir and returns how many stages were left.
func checkWhole(t *testing.T, dir string) (left int) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			left++
			// An archive that was complete and had not got its name yet is whole, too.
			if b, err := Open(t.Context(), path, Limits{}); err == nil && !isWhole(t, b) {
				t.Errorf("half a bundle at %s can be opened", path)
			}
			continue
		}
		b, err := Open(t.Context(), path, Limits{})
		if err != nil || !isWhole(t, b) {
			t.Errorf("half a bundle at %s: %v", path, err)
		}
	}
	return left
}

// isWhole reports whether a bundle has all that the writer puts into one.
func isWhole(t *testing.T, b *Bundle) bool {
	t.Helper()
	n := 0
	err := b.Logs(t.Context(), nil, func(*Record) error { n++; return nil })
	return err == nil && n == 5*bigLines && len(b.Tables) == 5
}

// A stage whose removal is cut short by a kill is no bundle: what an archive was
// packed from has an incident.json, too.
func TestDiscardKilled(t *testing.T) {
	dir := t.TempDir()
	stage := filepath.Join(dir, "b")
	if err := Write(t.Context(), stage, func(w *Writer) error { return fillBig(w, func() {}) }); err != nil {
		t.Fatal(err)
	}
	if b, err := Open(t.Context(), stage, Limits{}); err != nil || !isWhole(t, b) {
		t.Fatalf("the stage is no bundle to begin with: %v", err)
	}
	discard(stage, func(path string) error { return os.RemoveAll(filepath.Join(path, "logs")) }) // killed after the first folder
	if _, err := Open(t.Context(), stage, Limits{}); err == nil {
		t.Error("what is left of a stage can be opened")
	}
	discard(stage, os.RemoveAll)
	if _, err := os.Stat(stage); err == nil {
		t.Error("the stage is still there")
	}
}

func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	dst := filepath.Join(dir, "b")
	for name, fill := range map[string]func(*Writer) error{
		"fill fails":     func(*Writer) error { return io.ErrClosedPipe },
		"no incident":    func(w *Writer) error { return w.Changes(nil) },
		"part left open": func(w *Writer) error { _, err := w.Log("n"); return err },
		"log twice": func(w *Writer) error {
			m, err := w.Log("n")
			if err != nil {
				return err
			}
			if err := m.Close(); err != nil {
				return err
			}
			_, err = w.LogRecords("n")
			return err
		},
		"node without a name": func(w *Writer) error { return w.Table(&Table{}) },
		"column named time":   func(w *Writer) error { return w.Table(&Table{Node: "n", Columns: []Column{{Name: "time"}}}) },
		"column of a wrong length": func(w *Writer) error {
			return w.Table(&Table{Node: "n", Times: []int64{1}, Columns: []Column{{Name: "x"}}})
		},
		"zone of the machine": func(w *Writer) error { return w.Incident(incident.Incident{}, time.Local) },
	} {
		if err := Write(t.Context(), dst, fill); err == nil {
			t.Errorf("%s: no error", name)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
	ok := func(w *Writer) error { return w.Incident(incident.Incident{ID: "x"}, nil) }
	if err := Write(t.Context(), dst, ok); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), dst, ok); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("written over: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Write(ctx, dst+"2", ok); err == nil {
		t.Error("written after its end was called")
	}
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	old, young := filepath.Join(dir, ".b.tmp-1"), filepath.Join(dir, ".b.tmp-2")
	put(t, old, "metrics/x", "")
	put(t, young, "metrics/x", "")
	long := time.Now().Add(-2 * staleAfter)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	w, err := Create(filepath.Join(dir, "b"))
	if err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if _, err := os.Stat(old); err == nil {
		t.Error("waste of a day ago is still there")
	}
	if _, err := os.Stat(young); err != nil {
		t.Error("what may still be written was removed")
	}
}
