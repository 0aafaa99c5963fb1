//go:build !unix

package app

import (
	"runtime"
	"time"
)

// cpuTime is not known on this system.
func cpuTime() time.Duration { return 0 }

// peakBytes is what the runtime has taken from the system so far.
func peakBytes() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
