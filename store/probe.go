package store

import (
	"context"
	"sync"
	"time"
)

// How often it is tried whether the database can be written, and for how long.
const (
	probeEvery = 3 * time.Second
	probeTime  = 3 * time.Second
)

const probeWrite = `UPDATE counters SET value = value + 1 WHERE name = 'probe'`

// probe is the last trial of a write.
type probe struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

// Writable reports whether the database can be written: ErrNoRoom if the disk
// is full. The answer may be some seconds old, so that asking costs nothing.
func (s *Store) Writable(ctx context.Context) error {
	s.probe.mu.Lock()
	defer s.probe.mu.Unlock()
	if now := time.Now(); s.probe.at.IsZero() || now.Sub(s.probe.at) >= probeEvery {
		// Who gives up must not leave an error for those who ask next.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTime)
		defer cancel()
		s.probe.err = s.run(ctx, "try to write", probeWrite)
		s.probe.at = time.Now()
	}
	return s.probe.err
}
