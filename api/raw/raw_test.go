package raw

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"triagent/demo"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// TestThin holds for any series: no more points than asked for, in order, the
// ends and both extremes among them, and no value that was not there.
func TestThin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 3000).Draw(t, "n")
		most := rapid.IntRange(4, 500).Draw(t, "most")
		times, values := make([]int64, n), make([]float64, n)
		at := map[int64]float64{}
		lo, hi := math.Inf(1), math.Inf(-1)
		for i := range n {
			times[i] = int64(i) * 1e9
			values[i] = float64(rapid.IntRange(-1000, 1000).Draw(t, "v"))
			if rapid.IntRange(0, 9).Draw(t, "gap") == 0 {
				values[i] = math.NaN()
			} else {
				lo, hi = min(lo, values[i]), max(hi, values[i])
			}
			at[times[i]/1e6] = values[i]
		}
		ts, vs := thin(times, values, most)
		if len(ts) != len(vs) || len(ts) > max(most, 4) || n > 0 && (ts[0] != 0 || ts[len(ts)-1] != times[n-1]/1e6) {
			t.Fatalf("%d times and %d values of %d, at most %d", len(ts), len(vs), n, most)
		}
		outLo, outHi := math.Inf(1), math.Inf(-1)
		for i := range ts {
			v := float64(vs[i])
			if i > 0 && ts[i] <= ts[i-1] {
				t.Fatal("not in order")
			}
			if was := at[ts[i]]; was != v && !(math.IsNaN(was) && math.IsNaN(v)) {
				t.Fatalf("%v at %d was %v", v, ts[i], was)
			}
			if !math.IsNaN(v) {
				outLo, outHi = min(outLo, v), max(outHi, v)
			}
		}
		if outLo != lo || outHi != hi {
			t.Fatalf("from %v to %v, was from %v to %v", outLo, outHi, lo, hi)
		}
	})
}

func TestNumber(t *testing.T) {
	b, err := json.Marshal([]Number{1.5, Number(math.NaN()), Number(math.Inf(1))})
	if err != nil || string(b) != "[1.5,null,null]" {
		t.Errorf("%s, %v", b, err)
	}
	var back []Number
	if err := json.Unmarshal(b, &back); err != nil || len(back) != 3 || !math.IsNaN(float64(back[1])) {
		t.Errorf("%v, %v", back, err)
	}
}

func FuzzLogCursor(f *testing.F) {
	for _, s := range []string{"", "1@n", "0@n", "-1@n", "01@n", "1@", "@", "x@n", "9223372036854775808@n", "1@a@b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := parseLogCursor(s)
		if err != nil {
			if errs.KindOf(err) != errs.Invalid {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if s != "" && c.String() != s {
			t.Errorf("%q reads %+v", s, c)
		}
	})
}

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("x", 300<<10)
	text := "one\r\ntwo\n" + long + "\nfour"
	for _, tt := range []struct {
		from, to int
		want     string
		more     bool
	}{
		{-3, 2, "1:one 2:two", true},
		{2, 4, fmt.Sprintf("2:two 3:%s 4:four", long[:maxText]), false},
		{4, 9, "4:four", false},
		{5, 9, "", false},
	} {
		e, err := excerpt(t.Context(), strings.NewReader(text), tt.from, tt.to)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range e.Lines {
			got = append(got, fmt.Sprintf("%d:%s", l.N, l.Text))
		}
		if s := strings.Join(got, " "); s != tt.want || e.More != tt.more {
			t.Errorf("%d to %d: %.60s, more %v", tt.from, tt.to, s, e.More)
		}
	}
}

func TestBundlesAreKept(t *testing.T) {
	paths, err := demo.Extract(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := NewBundles(telemetry.Limits{})
	var mu sync.Mutex
	got := map[*telemetry.Bundle]bool{}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			b, err := c.Open(t.Context(), paths[0], "x")
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[b] = true
		})
	}
	wg.Wait()
	if len(got) != 1 {
		t.Errorf("opened %d times", len(got))
	}
	for i := range maxOpen + 3 { // the first one is used again and again, and stays
		if _, err := c.Open(t.Context(), paths[0], "x"); err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(t.TempDir(), fmt.Sprint(i))
		if err := os.Symlink(paths[1], link); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Open(t.Context(), link, "y"); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.open) > maxOpen {
		t.Errorf("%d are open", len(c.open))
	}
	if b, _ := c.Open(t.Context(), paths[0], "x"); !got[b] {
		t.Error("the one in use was thrown out")
	}
	c.Close()
	if c.bytes != 0 || len(c.open) != 0 {
		t.Error("something is left")
	}
}

func TestErrorsHidePaths(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret-name")
	if err := os.WriteFile(path, []byte("this is no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := NewBundles(telemetry.Limits{}).Open(t.Context(), path, "bundle of inc-1")
	if err == nil || strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "secret-name") {
		t.Errorf("%v", err)
	}
	if errs.KindOf(err) != errs.Invalid {
		t.Errorf("kind %s", errs.KindOf(err))
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewBundles(telemetry.Limits{}).Read(gone, path, "x"); !errors.Is(err, context.Canceled) && err == nil {
		t.Errorf("after the end: %v", err)
	}
}
