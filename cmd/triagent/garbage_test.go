package main

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// The first collection brings back how garbage is collected usually, and what the
// user asks for is left alone.
func TestSparing(t *testing.T) {
	limit, percent := debug.SetMemoryLimit(-1), debug.SetGCPercent(100)
	t.Cleanup(func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	})
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		sparing(func(s string) string { return map[string]string{name: "50"}[s] })
		if got := debug.SetMemoryLimit(-1); got != limit {
			t.Errorf("with %s set, the limit is %d, want %d", name, got, limit)
		}
	}
	sparing(func(string) string { return "" })
	if got := debug.SetMemoryLimit(-1); got != firstCollection {
		t.Errorf("the limit is %d, want %d", got, firstCollection)
	}
	for range 10_000 { // cleanups run after a collection, on their own
		if runtime.GC(); debug.SetMemoryLimit(-1) == limit {
			break
		}
		runtime.Gosched()
	}
	if got := debug.SetMemoryLimit(-1); got != limit {
		t.Errorf("after collections the limit is %d, want %d", got, limit)
	}
	for range 10_000 { // the percentage follows the limit
		got := debug.SetGCPercent(100)
		if got == 100 {
			return
		}
		debug.SetGCPercent(got)
		runtime.Gosched()
	}
	t.Error("garbage is not collected as usual again")
}
