package collect

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"triagent/connectors"
	"triagent/incident"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// pressed makes spools believe that others hold all the memory there is: they
// write short runs.
func pressed(t *testing.T) {
	t.Helper()
	heldBytes.Add(maxAllHeld)
	t.Cleanup(func() { heldBytes.Add(-maxAllHeld) })
}

// files counts the files in a folder.
func files(t *testing.T, dir string) int {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestAnyOrder hands over 200,000 records of 100 nodes, and as many spans, in
// random order: they come out whole and in order.
func TestAnyOrder(t *testing.T) {
	for _, short := range []bool{false, true} {
		t.Run(fmt.Sprint("pressed ", short), func(t *testing.T) {
			if short {
				pressed(t)
			}
			before := heldBytes.Load()
			const total, nodes = 200_000, 100
			from := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
			g, err := newGathering(incident.Window{From: from, To: from.Add(time.Hour)}, bounds, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			s := g.sink("otlp")
			body, attrs := make([]byte, 0, 100), map[string]string{"a": ""}
			var m runtime.MemStats
			most := uint64(0)
			for i, at := range rand.Perm(total) {
				when := from.UnixNano() + int64(at)
				body = fmt.Appendf(body[:0], "line %d of a log whose lines are about as long as lines of logs are", at) // used again
				attrs["a"] = fmt.Sprint(at)
				if err := s.Line(connectors.Line{Node: fmt.Sprint("n", at%nodes), Time: when, Body: body, Attributes: attrs}); err != nil {
					t.Fatal(err)
				}
				if err := s.Span(&telemetry.Span{Node: "n", TraceID: fmt.Sprint(at), Name: "insert", Start: when, Attributes: attrs}, "q"); err != nil {
					t.Fatal(err)
				}
				if i%20_000 == 0 {
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapAlloc)
				}
			}
			for n := range nodes {
				next := n
				if err := merge(g.logs[fmt.Sprint("n", n)], func(l line) error {
					if want := fmt.Sprint(next); l.Time != from.UnixNano()+int64(next) || string(l.Body[:5+len(want)]) != "line "+want || l.Attributes["a"] != want {
						return fmt.Errorf("%+v, want that of %d", l, next)
					}
					next += nodes
					return nil
				}); err != nil || next != total+n {
					t.Fatalf("node %d ends before %d: %v", n, next, err)
				}
			}
			next := 0
			if err := merge(g.spans, func(s telemetry.Span) error {
				if want := fmt.Sprint(next); s.TraceID != want || s.Attributes["a"] != want {
					return fmt.Errorf("%+v, want that of %d", s, next)
				}
				next++
				return nil
			}); err != nil || next != total {
				t.Fatalf("%d spans: %v", next, err)
			}
			t.Logf("%d files, %d runs of spans, heap at most %d MB", files(t, g.dir), len(g.spans[0].runs), most>>20)
			g.close()
			if _, err := os.Stat(g.dir); !os.IsNotExist(err) {
				t.Errorf("files are left: %v", err)
			}
			if now := heldBytes.Load(); now != before {
				t.Errorf("%d bytes are still counted", now-before)
			}
		})
	}
}

// TestManyRuns writes 3,000 runs that go back in time, two records of one time
// in each: few files are there at any time, and none at the end.
func TestManyRuns(t *testing.T) {
	dir := t.TempDir()
	s := newSpool[line](dir, "x")
	most := 0
	const total = 3000
	for i := range total {
		at := int64(total - i)
		for _, text := range []string{"first", "second"} {
			if err := s.add(line{Time: at, Body: []byte(text)}, at); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.add(line{Body: []byte("goes with it")}, 0); err != nil {
			t.Fatal(err)
		}
		if err := s.spill(); err != nil {
			t.Fatal(err)
		}
		most = max(most, files(t, dir))
	}
	if most > 3*fan || s.last != total {
		t.Errorf("%d files at once, the last at %d", most, s.last)
	}
	for range 2 { // it may be read again
		n := 0
		if err := merge([]*spool[line]{s, newSpool[line](dir, "y")}, func(l line) error {
			if want := []string{"first", "second", "goes with it"}[n%3]; string(l.Body) != want || n%3 < 2 && l.Time != int64(n/3+1) {
				return fmt.Errorf("record %d is %q of %d", n, l.Body, l.Time)
			}
			n++
			return nil
		}); err != nil || n != 3*total {
			t.Errorf("%d records: %v", n, err)
		}
	}
	t.Logf("%d runs, %d files at once", len(s.runs), most)
	s.close()
	if n := files(t, dir); n > 0 {
		t.Errorf("%d files are left", n)
	}
}

// TestAscending has a source in order: it makes one run.
func TestAscending(t *testing.T) {
	pressed(t)
	s := newSpool[line](t.TempDir(), "x")
	defer s.close()
	for i := range 20_000 {
		if err := s.add(line{Time: int64(i + 1)}, int64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.runs) != 1 || s.runs[0].size == 0 {
		t.Errorf("%d runs", len(s.runs))
	}
}

// TestNoRoom cannot write: what is in memory and in files stays whole.
func TestNoRoom(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	s := newSpool[line](dir, "x")
	defer s.close()
	for i := range 10 {
		if err := s.add(line{}, int64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.spill(); errs.KindOf(err) != errs.Unavailable || len(s.runs) != 0 {
		t.Errorf("%v, %d runs", err, len(s.runs))
	}
	n := 0
	if err := merge([]*spool[line]{s}, func(line) error { n++; return nil }); err != nil || n != 10 {
		t.Errorf("%d records: %v", n, err)
	}
}
