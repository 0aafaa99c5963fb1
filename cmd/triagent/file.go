package main

import (
	"io"
	"os"

	"triagent/internal/errs"
	"triagent/internal/whole"
)

// writeWhole writes a file by a function, whole or not at all.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := whole.Create(path)
	if err != nil {
		return badOutput(path, err)
	}
	defer f.Discard()
	if err := write(f); err != nil {
		return notWritten(path, err)
	}
	if err := f.Commit(); err != nil {
		return notWritten(path, err)
	}
	return nil
}

func newFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &folder{dir: dir, taken: map[string]bool{"index.html": true}}, nil
}

// badOutput is the error of a place that a result cannot be written to.
func badOutput(path string, err error) error {
	return &errs.Error{Op: "write result", Kind: errs.Invalid, File: path, Err: err}
}

// notWritten is the error of a result that could not be written although its
// place was good: the disk is full, say.
func notWritten(path string, err error) error {
	return &errs.Error{Op: "write result", Kind: errs.Unavailable, File: path, Err: err}
}
