package ring

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"triagent/internal/errs"
)

// claimed is the file that is locked while a ring is written to. Its text is the
// number of the process.
const claimed = "lock"

// tries is how often it is tried to take a lock.
const tries = 5

// errTaken says that somebody else has a lock.
var errTaken = errors.New("locked")

// claim makes the folder of a ring if need be, and takes it. It is ours as long
// as the file is open; a process that is killed leaves nothing taken.
func claim(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &errs.Error{Op: "ring", Kind: errs.Invalid, Err: err, Remedy: "name a folder that can be written to"}
	}
	f, err := os.OpenFile(filepath.Join(dir, claimed), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &errs.Error{Op: "ring", Kind: errs.Invalid, Err: err, Remedy: "name a folder that can be written to"}
	}
	for range tries {
		if err = lock(f); !errors.Is(err, errTaken) {
			break
		}
		time.Sleep(10 * time.Millisecond) // a reader has it for a moment, see written
	}
	if errors.Is(err, errTaken) {
		err = &errs.Error{
			Op: "ring: open " + dir, Kind: errs.Unavailable, Err: fmt.Errorf("another receiver%s writes to this folder", holder(f)),
			Remedy: "end the other triagent serve, or give each its own dir, grpc and http",
		}
		return nil, errors.Join(err, f.Close())
	}
	// A file system that knows no locks is used without: err is of no account.
	if err = f.Truncate(0); err == nil {
		_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	if err != nil {
		return nil, errors.Join(unwritten(err), f.Close())
	}
	return f, nil
}

// holder names the process that has a lock, as far as it says so.
func holder(f *os.File) string {
	b, err := io.ReadAll(io.LimitReader(f, 20))
	pid := strings.TrimSpace(string(b))
	if err != nil || pid == "" || strings.Trim(pid, "0123456789") != "" {
		return ""
	}
	return " (process " + pid + ")"
}

// is reports whether an open file is still what a path names.
func is(f *os.File, path string) bool {
	there, err := os.Stat(path)
	if err != nil {
		return false
	}
	ours, err := f.Stat()
	return err == nil && os.SameFile(there, ours)
}

// look notices that somebody removed the folder, or what we write to. It is
// counted, and the next batch begins anew. The lock is held.
func (r *Ring) look() {
	held := r.claim != nil && is(r.claim, filepath.Join(r.dir, claimed))
	written := r.f == nil || is(r.f, filepath.Join(r.dir, segmentName(r.name)))
	if held && written || r.claim == nil && r.f == nil {
		return
	}
	r.removed.Add(1)
	if !held {
		_ = r.claim.Close() // of a file that is gone
		r.claim = nil
	}
	if r.f != nil {
		_ = r.f.Close() // as above, or without its lock
		r.f = nil
	}
}

// hold takes the folder again if it was removed. The lock is held.
func (r *Ring) hold() (err error) {
	if r.claim == nil {
		r.claim, err = claim(r.dir)
	}
	return err
}

// Removed is how often the folder, or a segment that was being written, was
// found removed by somebody else. What was in it is lost.
func (r *Ring) Removed() int64 { return r.removed.Load() }
