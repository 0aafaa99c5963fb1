// Package whole writes files that are there whole or not at all: a file is
// written under another name beside its own and takes its own when it is done,
// so that nobody ever sees half of it, whatever stops the program. What takes
// the place of an older file keeps its permissions. A link is followed, and
// what is no regular file (a device, a pipe) is written to, never replaced.
package whole

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// ErrFolder says that there is a folder where a file was to be written.
var ErrFolder = errors.New("is a folder")

// File is a file under way. It is not safe for concurrent use.
type File struct {
	path string       // where it goes, links followed
	mode fs.FileMode  // of the file that it replaces; 0: there is none
	temp *os.File     // nil: goes straight into to
	to   *os.File     // a device or a pipe; nil: goes into temp
	held bytes.Buffer // what to gets when it is done
	w    *bufio.Writer
}

// Create begins the file at path. The folder must be there and may be written
// to. Either Commit or Discard ends it.
func Create(path string) (*File, error) {
	f := &File{path: path}
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return nil, ErrFolder
	case err == nil && !info.Mode().IsRegular():
		if f.to, err = os.OpenFile(path, os.O_WRONLY, 0); err != nil {
			return nil, err
		}
		f.w = bufio.NewWriter(&f.held)
		return f, nil
	case err == nil:
		f.mode = info.Mode().Perm()
	}
	if link, err := os.Lstat(path); err == nil && link.Mode()&fs.ModeSymlink != 0 {
		if f.path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, err
		}
	}
	return f, f.begin()
}

// begin makes the temporary file. Its permissions follow the umask until it
// takes those of the file that it replaces.
func (f *File) begin() error {
	dir, base := filepath.Split(f.path)
	const most = 200 // bytes of the name, so that what is added fits
	for try := 0; ; try++ {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%08x.tmp", base[:min(len(base), most)], rand.Uint32()))
		temp, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		switch {
		case err == nil:
			f.temp, f.w = temp, bufio.NewWriterSize(temp, 1<<16)
			return nil
		case !errors.Is(err, fs.ErrExist) || try > 100:
			return err
		}
	}
}

// Write adds to the file.
func (f *File) Write(b []byte) (int, error) { return f.w.Write(b) }

// Commit gives the file its name, once it is on the disk. If it cannot, what
// was written is gone and an older file stays as it was.
func (f *File) Commit() error {
	err := f.w.Flush()
	if f.to != nil {
		if err == nil {
			_, err = f.to.Write(f.held.Bytes())
		}
		err = errors.Join(err, f.to.Close())
		f.to = nil
		return err
	}
	if err == nil && f.mode != 0 {
		err = f.temp.Chmod(f.mode)
	}
	if err == nil {
		err = f.temp.Sync()
	}
	name := f.temp.Name()
	if e := f.temp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(name, f.path)
	}
	if err != nil {
		_ = os.Remove(name)
	}
	f.temp = nil
	return err
}

// Discard drops a file that was not committed; after Commit, and on nil, it does
// nothing.
func (f *File) Discard() {
	if f == nil {
		return
	}
	if f.to != nil {
		_ = f.to.Close()
		f.to = nil
	}
	if f.temp != nil {
		_ = f.temp.Close()
		_ = os.Remove(f.temp.Name())
		f.temp = nil
	}
}
