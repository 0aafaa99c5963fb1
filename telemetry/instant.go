package telemetry

import (
	"math"
	"time"
)

// What can be wrong with a time, worded to follow its text.
const (
	noTime   = "is no time: RFC 3339 with a zone, or an integer since 1970"
	noZone   = "has no zone: write Z or an offset behind it"
	farTime  = "lies outside the years 1678 to 2261"
	lastYear = 2261
)

// unixNano turns a Unix time in seconds, milliseconds, microseconds or
// nanoseconds, told apart by size, into nanoseconds: below 1e11 it is seconds,
// below 1e14 milliseconds, below 1e17 microseconds. ok is false where
// nanoseconds cannot say it.
func unixNano(v int64) (ns int64, ok bool) {
	scale := int64(1)
	switch a := max(v, -v); {
	case a < 0: // the smallest integer has no opposite
		return 0, false
	case a < 1e11:
		scale = 1e9
	case a < 1e14:
		scale = 1e6
	case a < 1e17:
		scale = 1e3
	}
	if v > math.MaxInt64/scale || v < math.MinInt64/scale {
		return 0, false
	}
	return v * scale, true
}

// parseInstant reads a time as a bundle holds it: RFC 3339 or an integer. A
// time without a zone is read in zone; without that it is a problem. problem
// is "" or what is wrong.
func parseInstant(t []byte, zone *time.Location) (ns int64, problem string) {
	if v, ok := parseInt(t); ok {
		if ns, ok = unixNano(v); !ok {
			return 0, farTime
		}
		return ns, ""
	}
	s, ok := ParseStamp(t)
	switch {
	case !ok || s.N != len(t) || !s.Complete() || s.IsEpoch || int(s.Day) > monthDays(int(s.Year), int(s.Month)):
		return 0, noTime
	case !s.HasZone && zone == nil:
		return 0, noZone
	case s.Year < 1678 || s.Year > lastYear:
		return 0, farTime
	}
	return s.UnixNano(zone), ""
}

func monthDays(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
