package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"triagent/internal/errs"
)

// partDir is the folder, in that of the bundles, of what is not whole yet.
const partDir = "parts"

// bundleName is what a bundle may be called: made by the service, never by a
// user. It cannot leave its folder.
var bundleName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}(\.[a-z0-9]{1,8}){0,3}$`)
})

// BundleName makes a name for a new bundle. Extension is that of the format,
// as ".tar.gz"; one that is none is left out.
func BundleName(extension string) string {
	name := newID()
	if bundleName().MatchString(name + extension) {
		name += extension
	}
	return name
}

// PutBundle keeps what r yields under a name of BundleName: whole and on disk,
// or not at all. More than max bytes give kind errs.Exhausted, a name that is
// taken errs.Invalid, a disk with no more than the reserve ErrNoRoom. It returns the size in bytes and the hex SHA-256.
func (s *Store) PutBundle(ctx context.Context, name string, r io.Reader, most int64) (size int64, sum string, err error) {
	path, err := s.bundle(name)
	if err != nil {
		return 0, "", err
	}
	if _, err := os.Lstat(path); err == nil {
		return 0, "", errs.New(errs.Invalid, "there is a bundle %q already", name)
	}
	if err := s.HasRoom(0); err != nil {
		return 0, "", err
	}
	f, err := os.CreateTemp(filepath.Join(s.cfg.Blobs, partDir), "put-*")
	if err != nil {
		return 0, "", disk("make a file", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreClosed(f.Close()), os.Remove(f.Name()))
		}
	}()
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(f, h), io.LimitReader(&roomy{s: s, r: reader{ctx, r}}, most+1))
	if err != nil {
		return 0, "", kinded("receive the bundle", err)
	}
	if size > most {
		return 0, "", &errs.Error{Kind: errs.Exhausted, Err: fmt.Errorf("the bundle is larger than %d bytes", most)}
	}
	if err = errors.Join(f.Sync(), f.Close()); err != nil {
		return 0, "", disk("write the bundle", err)
	}
	if err = s.place(f.Name(), path); err != nil {
		return 0, "", err
	}
	return size, hex.EncodeToString(h.Sum(nil)), nil
}

// place gives a file that is whole its name, durably.
func (s *Store) place(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return disk("name the bundle", err)
	}
	return syncDir(filepath.Dir(to))
}

// BundlePath returns where a bundle lies. NotFound if there is none.
func (s *Store) BundlePath(name string) (string, error) {
	path, err := s.bundle(name)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", missing("bundle", name)
		}
		return "", disk("find the bundle", err)
	}
	return path, nil
}

const bundleUsed = `SELECT COUNT(*) FROM incidents WHERE bundle = $1`

// DeleteBundle removes a bundle that no incident has; one that is not there is
// no error. Invalid if an incident has it.
func (s *Store) DeleteBundle(ctx context.Context, name string) error {
	path, err := s.bundle(name)
	if err != nil {
		return err
	}
	var used int
	if err := s.row(ctx, bundleUsed, name).Scan(&used); err != nil {
		return kinded("look who has the bundle", err)
	}
	if used > 0 {
		return errs.New(errs.Invalid, "the bundle %q belongs to an incident", name)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return disk("remove the bundle", err)
	}
	return syncDir(s.cfg.Blobs)
}

func (s *Store) bundle(name string) (string, error) {
	if !bundleName().MatchString(name) || name == partDir {
		return "", missing("bundle", name)
	}
	return filepath.Join(s.cfg.Blobs, name), nil
}

// reader stops reading when ctx ends.
type reader struct {
	ctx context.Context // io.Reader has no other place for it
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// disk gives an error of the file system its kind: it may pass.
func disk(op string, err error) error {
	if noSpace(err) {
		return full(op, err)
	}
	return &errs.Error{Op: op, Kind: errs.Unavailable, Err: err, Remedy: "see whether the data folder's disk is full or read-only"}
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// syncDir makes the names in a folder durable.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return disk("open the folder", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return disk("sync the folder", err)
	}
	return nil
}
