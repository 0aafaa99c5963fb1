package store

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"triagent/internal/errs"
)

// Reserve is how many bytes bundles and uploads leave free on their disk, so
// that people can still log in and make room when it is full.
const Reserve = 200 << 20

// ErrNoRoom says that the disk is full, or that only the reserve is left of it.
var ErrNoRoom = errors.New("the disk is full")

// makeRoom is what to do when a write found no room.
const makeRoom = "make room on the disk of the data folder, give uploads up or delete what nobody needs there"

// Free is how many bytes are free where bundles lie; false: it is not known.
func (s *Store) Free() (uint64, bool) { return s.cfg.Free(s.cfg.Blobs) }

// HasRoom gives ErrNoRoom if n bytes would not leave the reserve free where
// bundles lie.
func (s *Store) HasRoom(n int64) error {
	free, ok := s.Free()
	if !ok || n >= 0 && free >= uint64(s.cfg.Reserve)+uint64(n) {
		return nil
	}
	return &errs.Error{
		Op: "keep a bundle", Kind: errs.Unavailable, Err: ErrNoRoom,
		Remedy: fmt.Sprintf("%d MB are free where bundles lie, of which %d MB stay free: %s", free>>20, s.cfg.Reserve>>20, makeRoom),
	}
}

// roomy reads on as long as there is room for what was read.
type roomy struct {
	s    *Store
	r    io.Reader
	left int64 // bytes until it looks again
}

func (r *roomy) Read(p []byte) (int, error) {
	if r.left <= 0 {
		if err := r.s.HasRoom(0); err != nil {
			return 0, err
		}
		r.left = uploadStep
	}
	n, err := r.r.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// noSpace reports whether a write found no room, in a file or in the database.
func noSpace(err error) bool {
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code()&0xff == sqlite3.SQLITE_FULL
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// full is the error of a write that found no room.
func full(op string, err error) error {
	return &errs.Error{Op: op, Kind: errs.Unavailable, Err: fmt.Errorf("%w: %w", ErrNoRoom, err), Remedy: makeRoom}
}
