package importer

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"triagent/internal/errs"
)

// importBundles copies a folder of bundles. Every folder directly below src
// that holds an incident.json is a bundle; it must have a truth.json. A file is
// linked where the file system can, copied where it cannot.
func importBundles(ctx context.Context, src, dst string, p Progress) ([]*Manifest, error) {
	m, err := Index(src)
	if err != nil {
		return nil, err
	}
	if within(src, dst) {
		return nil, errs.New(errs.Invalid, "%s lies in %s: name another place to copy to", dst, src)
	}
	from := m.Dir
	m.Dir = filepath.Join(dst, m.Name)
	for i := range m.Cases {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e := &m.Cases[i]
		to := filepath.Join(m.Dir, "cases", filepath.Base(e.Path))
		if err := CopyTree(filepath.Join(from, filepath.FromSlash(e.Path)), to, nil); err != nil {
			return nil, err
		}
		e.Path = memberPath("cases", filepath.Base(e.Path))
		p(m.Name, i+1, len(m.Cases))
	}
	return []*Manifest{m}, m.write()
}

func within(parent, child string) bool {
	rel, err := filepath.Rel(parent, child)
	return err == nil && filepath.IsLocal(rel)
}

// Index makes the manifest of a folder of bundles that has no dataset.json: each
// folder directly below dir with an incident.json is a case. The name of the set
// is that of the folder; the system is that of the first incident. A bundle
// without truth.json and a folder without bundles give errors of kind Invalid.
// The checksum is computed, nothing is written.
func Index(dir string) (*Manifest, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	m := &Manifest{Version: 1, Name: filepath.Base(abs), Kind: Bundles, Dir: dir}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &errs.Error{Op: "read data set", Kind: errs.Invalid, File: dir, Err: err}
	}
	for _, d := range entries {
		if strings.HasPrefix(d.Name(), ".") || strings.HasSuffix(d.Name(), ".tmp") {
			continue
		}
		e, system, err := indexOne(dir, d.Name())
		if err != nil {
			return nil, err
		}
		if e.Path == "" {
			continue
		}
		if m.System == "" {
			m.System = system
		}
		m.Cases = append(m.Cases, e)
	}
	if len(m.Cases) == 0 {
		return nil, &errs.Error{
			Op: "read data set", Kind: errs.Invalid, File: dir, Err: errors.New("no bundle in it"),
			Remedy: "a bundle is a folder with an incident.json and, to be scored, a truth.json",
		}
	}
	var paths []string
	for _, e := range m.Cases {
		paths = append(paths, e.Path)
	}
	m.Checksum, err = Checksum(dir, paths)
	return m, err
}

// indexOne looks at one folder; an Entry without a path says that it is no bundle.
func indexOne(dir, name string) (Entry, string, error) {
	var in struct{ ID, System string }
	var truth struct{ Split string }
	file := filepath.Join(dir, name, "incident.json")
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return Entry{}, "", nil
	}
	if err != nil {
		return Entry{}, "", err
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return Entry{}, "", errs.At(file, 0, 0, "%w", err)
	}
	file = filepath.Join(dir, name, "truth.json")
	if b, err = os.ReadFile(file); err != nil {
		return Entry{}, "", &errs.Error{
			Op: "read data set", Kind: errs.Invalid, File: filepath.Join(dir, name), Err: err,
			Remedy: "add a truth.json, or move the bundle out of the set",
		}
	}
	if err := json.Unmarshal(b, &truth); err != nil {
		return Entry{}, "", errs.At(file, 0, 0, "%w", err)
	}
	e := Entry{ID: in.ID, Path: name, Split: truth.Split, Part: PartCase}
	if e.ID == "" {
		e.ID = name
	}
	if e.Split == "" {
		e.Split = name
	}
	return e, in.System, nil
}

// CopyTree makes folder to a copy of folder from, by hard links where that
// works. Files whose path below from is in leave are left out. What stood at to
// is replaced.
func CopyTree(from, to string, leave []string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case slices.Contains(leave, filepath.ToSlash(rel)):
			return nil
		case !d.Type().IsRegular():
			return errs.At(name, 0, 0, "is neither a file nor a folder")
		}
		if os.Link(name, target) == nil {
			return nil
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(target, b, 0o644)
	})
}
