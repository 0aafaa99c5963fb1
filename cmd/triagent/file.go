package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
)

// wholeFile is a file that is there whole or not at all: it is written under
// another name and takes its own when it is done.
type wholeFile struct {
	path string
	f    *os.File // nil: committed or discarded
	w    *bufio.Writer
}

// createWhole begins the file at path, in whose folder it must be allowed to
// write.
func createWhole(path string) (*wholeFile, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, errFolder
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return nil, err
	}
	return &wholeFile{path: path, f: f, w: bufio.NewWriterSize(f, 1<<16)}, nil
}

// Write adds to the file.
func (w *wholeFile) Write(b []byte) (int, error) { return w.w.Write(b) }

// commit gives the file its name, once it is on the disk.
func (w *wholeFile) commit() error {
	err := w.w.Flush()
	if err == nil {
		err = w.f.Chmod(0o644)
	}
	if err == nil {
		err = w.f.Sync()
	}
	name := w.f.Name()
	if e := w.f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(name, w.path)
	}
	if err != nil {
		_ = os.Remove(name)
	}
	w.f = nil
	return err
}

// discard drops a file that was not committed.
func (w *wholeFile) discard() {
	if w.f != nil {
		_ = w.f.Close()
		_ = os.Remove(w.f.Name())
		w.f = nil
	}
}

// writeWhole writes a file by a function.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := createWhole(path)
	if err != nil {
		return badOutput(path, err)
	}
	defer f.discard()
	if err := write(f); err != nil {
		return err
	}
	if err := f.commit(); err != nil {
		return badOutput(path, err)
	}
	return nil
}

func newFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &folder{dir: dir, taken: map[string]bool{"index.html": true}}, nil
}
