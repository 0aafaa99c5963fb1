package iotdb

import (
	"maps"
	"strings"
	"time"
)

// own are statements that we have asked and when last. A cluster in trouble lists
// them among the queries that run for long, also those that nobody waits for any
// more: they are no sign of what is wrong.
type own map[string]time.Time

// Bounds of what is remembered.
const (
	ownFor  = 15 * time.Minute
	mostOwn = 1000
)

// add remembers a statement.
func (o *own) add(sql string, now time.Time) {
	if *o == nil {
		*o = make(own)
	}
	if len(*o) >= mostOwn {
		maps.DeleteFunc(*o, func(_ string, at time.Time) bool { return now.Sub(at) > ownFor })
	}
	if len(*o) >= mostOwn {
		clear(*o)
	}
	(*o)[oneSpaced(sql)] = now
}

// has reports whether a statement was ours. The cluster may write it in other
// spaces and end it with a semicolon.
func (o own) has(sql string, now time.Time) bool {
	at, ok := o[oneSpaced(sql)]
	return ok && now.Sub(at) <= ownFor
}

// oneSpaced is a statement with single spaces and no end sign, cut to a bound.
func oneSpaced(sql string) string {
	return oneLine(strings.TrimRight(strings.Join(strings.Fields(sql), " "), "; "), 400)
}
