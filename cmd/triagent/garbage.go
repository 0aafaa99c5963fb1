package main

import (
	"runtime"
	"runtime/debug"
)

// firstCollection is how much memory a command that lives for a moment takes
// before it collects garbage for the first time: most end before, and what they
// leave behind need not be found.
const firstCollection = 128 << 20

// sparing puts off the first collection of garbage until the process takes
// firstCollection bytes. That collection brings back the usual conduct, so that
// memory grows as ever where there is much to keep. A GOGC or GOMEMLIMIT of the
// user's holds.
func sparing(env func(string) string) {
	if env("GOGC") != "" || env("GOMEMLIMIT") != "" {
		return
	}
	percent := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(firstCollection)
	runtime.AddCleanup(new([16]byte), func(limit int64) {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
	}, limit)
}
