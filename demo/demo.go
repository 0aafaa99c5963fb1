// Package demo holds recorded incidents that come with the program, so that a
// first diagnosis needs no data of one's own. They are incident bundles as
// described in the documentation; where they come from is told in README.md.
package demo

import (
	"archive/tar"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

//go:embed incidents
var incidents embed.FS

const (
	folder    = "incidents"
	truthFile = "truth.json"
)

// IDs returns the incidents' IDs, ascending. The ID of an incident is also the
// name of its bundle; it does not tell what happened.
func IDs() []string {
	entries, err := incidents.ReadDir(folder)
	if err != nil {
		panic(err) // embedded: it is there, or the program does not build
	}
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.Name()
	}
	return out
}

// Extract writes every bundle as a folder below dir, which must exist, and
// returns their paths in the order of IDs. The answers are left out: nothing
// that diagnoses the bundles can look at them.
func Extract(dir string) ([]string, error) {
	var paths []string
	err := fs.WalkDir(incidents, folder, func(p string, e fs.DirEntry, err error) error {
		if err != nil || p == folder || e.Name() == truthFile {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(p[len(folder)+1:]))
		if e.IsDir() {
			if path.Dir(p) == folder {
				paths = append(paths, to)
			}
			return os.Mkdir(to, 0o755)
		}
		b, err := incidents.ReadFile(p)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o644)
	})
	if err != nil {
		return nil, fmt.Errorf("write the bundled incidents: %w", err)
	}
	return paths, nil
}

// Archive writes the bundle of an incident to w as a .tar.gz, without its
// answer. Equal incidents give equal bytes.
func Archive(w io.Writer, id string) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	root := path.Join(folder, id)
	err := fs.WalkDir(incidents, root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == truthFile {
			return err
		}
		b, err := incidents.ReadFile(p)
		if err != nil {
			return err
		}
		if err := t.WriteHeader(&tar.Header{Name: p[len(root)+1:], Mode: 0o644, Size: int64(len(b))}); err != nil {
			return err
		}
		_, err = t.Write(b)
		return err
	})
	if err = errors.Join(err, t.Close(), z.Close()); err != nil {
		return fmt.Errorf("archive bundled incident %s: %w", id, err)
	}
	return nil
}

// ExtractSolved writes every bundle with its answer below dir, for scoring an
// engine that is shown the bundles without it.
func ExtractSolved(dir string) error {
	if _, err := Extract(dir); err != nil {
		return err
	}
	for _, id := range IDs() {
		b, err := incidents.ReadFile(path.Join(folder, id, truthFile))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, id, truthFile), b, 0o644)
		}
		if err != nil {
			return fmt.Errorf("write the answers of the bundled incidents: %w", err)
		}
	}
	return nil
}

// Record is what was done to the system, as written down when it was recorded.
type Record struct {
	Healthy bool
	Causes  []Cause // empty if Healthy
}

// Cause is a fault that was injected.
type Cause struct {
	Node   string   `json:"node"`
	Fault  string   `json:"fault"`
	Accept []string `json:"accept"` // other names that count as right
}

// Recorded returns what is on record about an incident; false if it is not a
// bundled one.
func Recorded(id string) (Record, bool) {
	b, err := incidents.ReadFile(path.Join(folder, id, truthFile))
	if err != nil {
		return Record{}, false
	}
	var r Record
	if err := json.Unmarshal(b, &r); err != nil {
		return Record{}, false
	}
	return r, true
}
