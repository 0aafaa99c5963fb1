package ring_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"triagent/connectors/otlp/ring"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("TRIAGENT_RING_WRITER"); dir != "" {
		writeForEver(dir)
	}
	goleak.VerifyTestMain(m)
}

var bounds = ring.Bounds{Segment: 8 << 10, Total: 64 << 10, Age: time.Hour}

func open(t testing.TB, dir string, b ring.Bounds, now func() time.Time) *ring.Ring {
	t.Helper()
	r, err := ring.Open(dir, b, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// noise is text that does not compress.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	g := rand.New(rand.NewPCG(seed, 1))
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

func add(t testing.TB, r *ring.Ring, k ring.Kind, at int64, body []byte) {
	t.Helper()
	if err := r.Add(ring.Batch{Kind: k, Items: 1, From: at, To: at, Body: body}); err != nil {
		t.Fatal(err)
	}
}

// all reads everything of the kinds.
func all(t testing.TB, dir string, kinds ...ring.Kind) ([]string, ring.Seen) {
	t.Helper()
	var out []string
	seen, err := ring.Read(t.Context(), dir, ring.Want{Kinds: kinds, From: math.MinInt64, To: math.MaxInt64}, func(b ring.Batch) error {
		out = append(out, string(b.Body))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, seen
}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	r := open(t, dir, bounds, nil)
	for i := range 30 {
		add(t, r, ring.Kind(i%3), int64(i), fmt.Appendf(nil, "batch %d", i))
	}
	got, seen := all(t, dir, ring.Metrics)
	if len(got) != 10 || got[9] != "batch 28" || seen.Items[ring.Metrics] != 10 || seen.Items[ring.Logs] != 0 || seen.Damaged != nil {
		t.Errorf("got %q, %+v", got, seen)
	}
	got = nil
	_, err := ring.Read(t.Context(), dir, ring.Want{Kinds: []ring.Kind{ring.Traces, ring.Logs}, From: 9, To: 12}, func(b ring.Batch) error {
		got = append(got, string(b.Body))
		return nil
	})
	if err != nil || strings.Join(got, ",") != "batch 9,batch 11" {
		t.Errorf("of a span came %q, %v", got, err)
	}
	stop := errors.New("stop")
	if _, err := ring.Read(t.Context(), dir, ring.Want{Kinds: []ring.Kind{ring.Logs}, To: 99}, func(ring.Batch) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the caller's error is %v", err)
	}
	if got, seen := all(t, filepath.Join(dir, "none"), ring.Logs); got != nil || seen.Segments != 0 {
		t.Errorf("a ring that is not there has %q, %+v", got, seen)
	}
}

// TestBounds shows that the folder never holds more than it may, that the newest
// stays, and that what went is counted.
func TestBounds(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, bounds, nil)
	for i := range 400 {
		add(t, r, ring.Logs, int64(i), noise(uint64(i), 1000))
		s, err := r.Stats()
		if err != nil || s.Bytes > bounds.Total {
			t.Fatalf("after %d batches: %+v, %v", i, s, err)
		}
	}
	got, _ := all(t, dir, ring.Logs)
	s, err := r.Stats()
	if err != nil || len(got) < 40 || got[len(got)-1] != string(noise(399, 1000)) || s.Dropped[ring.Logs]+int64(len(got)) != 400 || s.Added[ring.Logs] != 400 || s.DroppedSegments == 0 {
		t.Errorf("%d are left, %+v, %v", len(got), s, err)
	}
}

func TestAge(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	r := open(t, dir, bounds, func() time.Time { return now })
	for i := range 10 {
		add(t, r, ring.Traces, int64(i), []byte{byte(i)})
		now = now.Add(10 * time.Minute)
	}
	if err := r.Prune(); err != nil {
		t.Fatal(err)
	}
	got, _ := all(t, dir, ring.Traces)
	if len(got) < 5 || len(got) > 7 || got[len(got)-1] != "\x09" {
		t.Errorf("of 100 minutes %d batches are left where an hour is kept", len(got))
	}
	now = now.Add(3 * time.Hour)
	if err := r.Prune(); err != nil {
		t.Fatal(err)
	}
	if s, _ := r.Stats(); s.Segments != 0 || s.Dropped[ring.Traces] != 10 {
		t.Errorf("three hours on, %+v is left", s)
	}
	add(t, r, ring.Traces, 11, []byte("on")) // it goes on
}

// TestManyDeaths shows that processes that die young leave no pile of files.
func TestManyDeaths(t *testing.T) {
	dir := t.TempDir()
	for i := range 100 {
		r, err := ring.Open(dir, bounds, nil)
		if err != nil {
			t.Fatal(err)
		}
		add(t, r, ring.Logs, int64(i), []byte{byte(i)})
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := all(t, dir, ring.Logs); len(got) > 50 || got[len(got)-1] != "\x63" {
		t.Errorf("%d files are left", len(got))
	}
}

// TestTorn cuts a segment at every byte: what is whole is read. A tear is told,
// but not while somebody writes: the batch may be on its way.
func TestTorn(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, bounds, nil)
	var ends []int
	for i := range 4 {
		add(t, r, ring.Logs, int64(i), noise(uint64(i), 50))
		s, _ := r.Stats()
		ends = append(ends, int(s.Bytes))
	}
	path := files(t, dir)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, e := range ends {
			if e <= n {
				want++
			}
		}
		got, seen := all(t, dir, ring.Logs)
		if len(got) != want || seen.Damaged != nil {
			t.Fatalf("cut at %d: %d batches, want %d; damaged %v", n, len(got), want, seen.Damaged)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		last := 0
		for _, e := range ends {
			if e <= n {
				last = e
			}
		}
		_, seen := all(t, dir, ring.Logs)
		var lost int64
		for _, d := range seen.Damaged {
			lost += d.Bytes
		}
		if int(lost) != n-last || len(seen.Damaged) > 1 {
			t.Fatalf("cut at %d: %d bytes are told lost, want %d; damaged %v", n, lost, n-last, seen.Damaged)
		}
	}
}

// TestDamaged changes every byte: nothing wrong is given out, and it is told.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, bounds, nil)
	right := map[string]bool{}
	for i := range 3 {
		add(t, r, ring.Logs, int64(i), noise(uint64(i), 40))
		right[string(noise(uint64(i), 40))] = true
	}
	path := files(t, dir)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 0x55
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		got, seen := all(t, dir, ring.Logs)
		for _, g := range got {
			if !right[g] {
				t.Fatalf("byte %d: a batch came that was never added", i)
			}
		}
		if len(got) != 2 || len(seen.Damaged) != 1 {
			t.Fatalf("byte %d: %d batches, damaged %v", i, len(got), seen.Damaged)
		}
	}
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(list) == 0 {
		t.Fatalf("no segment in %s: %v", dir, err)
	}
	return list
}

// writeForEver is another process, which is killed.
func writeForEver(dir string) {
	r, err := ring.Open(dir, ring.Bounds{Segment: 64 << 10, Total: 64 << 20, Age: time.Hour}, nil)
	if err != nil {
		panic(err)
	}
	for i := int64(0); ; i++ {
		if err := r.Add(ring.Batch{Kind: ring.Logs, Items: 1, From: i, To: i, Body: fmt.Appendf(nil, "%d", i)}); err != nil {
			panic(err)
		}
		fmt.Println(i) // accepted
	}
}

// TestKilled kills a writer and looks that everything accepted is there.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TRIAGENT_RING_WRITER="+dir)
	var out accepted
	out.enough = make(chan struct{})
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-out.enough:
	case <-time.After(30 * time.Second):
		t.Error("the writer accepts nothing")
	}
	if _, err := ring.Open(dir, bounds, nil); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d", cmd.Process.Pid)) {
		t.Errorf("beside another process it opens: %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	n := strings.Count(out.text.String(), "\n")
	got, seen := all(t, dir, ring.Logs)
	if len(got) < n || len(seen.Damaged) > 1 { // one may be torn: it was not accepted
		t.Fatalf("%d of %d accepted batches are there, %v", len(got), n, seen.Damaged)
	}
	r := open(t, dir, ring.Bounds{Segment: 64 << 10, Total: 64 << 20, Age: time.Hour}, nil)
	add(t, r, ring.Logs, 1, []byte("after"))
	after, _ := all(t, dir, ring.Logs)
	if len(after) != len(got)+1 || after[len(got)] != "after" {
		t.Errorf("after the restart there are %d batches, want %d", len(after), len(got)+1)
	}
}

// accepted keeps what a writer says, and tells when that is enough.
type accepted struct {
	text   strings.Builder
	enough chan struct{}
	once   sync.Once
}

func (a *accepted) Write(p []byte) (int, error) {
	n, err := a.text.Write(p)
	if a.text.Len() > 20_000 {
		a.once.Do(func() { close(a.enough) })
	}
	return n, err
}

// TestReadWhileWritten reads a ring that turns under it.
func TestReadWhileWritten(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, bounds, nil)
	var wg sync.WaitGroup
	var done atomic.Bool
	for w := range 2 {
		wg.Go(func() {
			for i := 0; !done.Load(); i++ {
				add(t, r, ring.Kind(w), int64(i), noise(uint64(i), 500))
			}
		})
	}
	for range 50 {
		if _, seen := all(t, dir, ring.Traces, ring.Metrics); seen.Damaged != nil {
			t.Errorf("damaged: %v", seen.Damaged)
		}
	}
	done.Store(true)
	wg.Wait()
}

func BenchmarkAdd(b *testing.B) {
	r := open(b, b.TempDir(), ring.Bounds{Segment: 8 << 20, Total: 64 << 20, Age: time.Hour}, nil)
	body := bytes.Repeat([]byte("a span that looks like the one before it; "), 2000)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		add(b, r, ring.Traces, 1, body)
	}
}
