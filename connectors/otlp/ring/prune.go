package ring

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"triagent/internal/errs"
)

// Prune drops what has become too old, and makes the folder again where it was
// removed. Call it now and then: nothing else does while nothing comes in.
func (r *Ring) Prune() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.look()
	if err := r.hold(); err != nil {
		return unwritten(err)
	}
	if r.f != nil && r.now().UnixNano()-r.last > int64(r.b.Age) {
		if err := r.seal(); err != nil {
			return err
		}
	}
	return r.pruneLocked(0)
}

// pruneLocked drops the oldest segments until there is room for more bytes, and
// those that are too old. The lock is held.
func (r *Ring) pruneLocked(more int64) error {
	list, err := segments(r.dir)
	if err != nil {
		return err
	}
	var total int64
	for _, s := range list {
		total += s.size
	}
	most := 4*int(r.b.Total/r.b.Segment) + 16 // files: a process that dies again and again leaves small ones
	for i, s := range list {
		if r.f != nil && s.name == r.name {
			break
		}
		old := r.now().UnixNano()-s.end > int64(r.b.Age)
		if !old && total+more <= r.b.Total && len(list)-i < most && s.size > 0 {
			break
		}
		if err := r.drop(s); err != nil {
			return err
		}
		total -= s.size
		list[i].size = 0
	}
	return nil
}

// drop removes a segment and counts what was in it. The lock is held.
func (r *Ring) drop(s segment) error {
	path := filepath.Join(r.dir, segmentName(s.name))
	items, err := count(path)
	if err == nil {
		err = os.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &errs.Error{Op: "ring: drop the oldest", Kind: errs.Unavailable, Err: err, Remedy: "look at the rights of the folder"}
	}
	if s.size > 0 {
		r.stats.DroppedSegments++
		r.stats.DroppedBytes += s.size
	}
	for k, n := range items {
		r.stats.Dropped[k] += n
	}
	return nil
}
