package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"triagent/internal/errs"
)

// readOrMake reads the key file, or makes it if there is none.
func readOrMake(path string) ([]byte, error) {
	raw, err := read(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return raw, err
	}
	if raw, err = newKeys(); err != nil {
		return nil, &errs.Error{Op: "make keys", Kind: errs.Internal, Err: err}
	}
	if err := create(path, raw); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return read(path) // ours, or that of the process that was first
}

// read reads the key file, if nobody but its owner can.
func read(path string) ([]byte, error) {
	fail := func(kind errs.Kind, err error, remedy string) error {
		return &errs.Error{Op: "read keys", Kind: kind, File: path, Err: err, Remedy: remedy}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fail(errs.Unavailable, cause(err), "")
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, fail(errs.Unavailable, cause(err), "")
	}
	if !info.Mode().IsRegular() {
		return nil, fail(errs.Invalid, errors.New("it is not a file"), "")
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fail(errs.Denied, fmt.Errorf("others may read the keys (mode %04o)", info.Mode().Perm()),
			fmt.Sprintf("run chmod 600 %s; if others did read it, rotate the keys and renew the secrets", path))
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	switch {
	case err != nil:
		return nil, fail(errs.Unavailable, cause(err), "")
	case len(raw) > maxKeyFile:
		return nil, fail(errs.Invalid, errors.New("it is too large for a set of keys"), "")
	}
	return raw, nil
}

// create puts a new file in place, whole; fs.ErrExist if one is there. A hard
// link is what fails if the name is taken, on every process at once.
func create(path string, raw []byte) error {
	tmp, err := temporary(path, raw)
	if err != nil {
		return err
	}
	defer os.Remove(tmp) //nolint:errcheck // a left-over is harmless and owner-only
	if err := os.Link(tmp, path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return err
		}
		return &errs.Error{Op: "make keys", Kind: errs.Unavailable, File: path, Err: cause(err), Remedy: "use a folder on a file system with hard links"}
	}
	return syncFolder(path)
}

// replace puts raw in place of the file, whole or not at all.
func replace(path string, raw []byte) error {
	tmp, err := temporary(path, raw)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(&errs.Error{Op: "replace keys", Kind: errs.Unavailable, File: path, Err: cause(err)}, os.Remove(tmp))
	}
	return syncFolder(path)
}

// temporary writes raw durably beside path, readable by the owner only.
func temporary(path string, raw []byte) (string, error) {
	fail := func(err error) error {
		return &errs.Error{Op: "write keys", Kind: errs.Unavailable, File: path, Err: cause(err)}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fail(err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // mode 0600
	if err != nil {
		return "", fail(err)
	}
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(fail(err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}

func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return &errs.Error{Op: "write keys", Kind: errs.Unavailable, File: path, Err: cause(err)}
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return &errs.Error{Op: "write keys", Kind: errs.Unavailable, File: path, Err: cause(err)}
	}
	return nil
}

// lock keeps others from rotating the keys meanwhile: two at once would lose
// one of the new keys, and with it what it sealed.
func lock(path string) (unlock func(), err error) {
	name := path + ".lock"
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, &errs.Error{
			Op: "rotate keys", Kind: errs.Unavailable, File: name, Err: cause(err),
			Remedy: "wait for the other rotation to end; if none runs, remove this file",
		}
	}
	if err := f.Close(); err != nil {
		return nil, errors.Join(err, os.Remove(name))
	}
	return func() { os.Remove(name) }, nil //nolint:errcheck // the next rotation says so
}

// cause drops the path that an error repeats.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
