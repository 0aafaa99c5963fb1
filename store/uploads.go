package store

import "sync"

// busyIDs are the uploads that this process writes to.
type busyIDs struct {
	mu  sync.Mutex
	ids map[string]bool
}
