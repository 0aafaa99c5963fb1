package importer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"triagent/internal/errs"
	"triagent/telemetry"
)

// importBundles checks and copies a folder of bundles (see Index). Every bundle
// must be readable and have a truth.json. A file is linked where the file system
// can, copied where it cannot.
func importBundles(ctx context.Context, src, dst string, p Progress) ([]*Manifest, error) {
	m, err := Index(ctx, src)
	if err != nil {
		return nil, err
	}
	if within(src, dst) {
		return nil, errs.New(errs.Invalid, "%s lies in %s: name another place to copy to", dst, src)
	}
	from := m.Dir
	m.Dir = filepath.Join(dst, m.Name)
	if err := m.begin(); err != nil {
		return nil, err
	}
	for i := range m.Cases {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e := &m.Cases[i]
		bundle := filepath.Join(from, filepath.FromSlash(e.Path))
		if _, err := telemetry.Open(ctx, bundle, telemetry.Limits{}); err != nil {
			return nil, err
		}
		e.Path = memberPath("cases", e.Path)
		if err := copyTree(bundle, filepath.Join(m.Dir, filepath.FromSlash(e.Path))); err != nil {
			return nil, err
		}
		p(m.Name, i+1, len(m.Cases))
	}
	return []*Manifest{m}, m.write()
}

func within(parent, child string) bool {
	rel, err := filepath.Rel(parent, child)
	return err == nil && filepath.IsLocal(rel)
}

// Index makes the manifest of a folder of bundles that has no dataset.json. Each
// folder with an incident.json, at any depth, is a bundle, and so is each archive
// that telemetry.Open reads. The id of a case is its path below dir. The name of
// the set is that of the folder, its system that of the first incident. Bundles
// below a folder named memory are solved cases, never scored. Where dir is itself
// a bundle it is the only case. A bundle without
// truth.json and a folder without bundles give errors of kind Invalid. The
// checksum is computed, nothing is written.
func Index(ctx context.Context, dir string) (*Manifest, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if telemetry.IsBundle(dir) {
		return indexOne(ctx, abs)
	}
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return nil, &errs.Error{
			Op: "read data set", Kind: errs.Invalid, File: dir, Err: errors.New("neither a bundle nor a folder"),
			Remedy: "name a bundle, or the folder that holds the bundles",
		}
	}
	m := &Manifest{Version: 1, Name: filepath.Base(abs), Kind: Bundles, Dir: dir}
	err = telemetry.Walk(dir, begun, func(name string) error { return m.add(ctx, name) })
	if err != nil {
		return nil, err
	}
	if len(m.Cases) == 0 {
		return nil, &errs.Error{
			Op: "read data set", Kind: errs.Invalid, File: dir, Err: errors.New("no bundle in it"),
			Remedy: "a bundle is a folder or archive with an incident.json and, to be scored, a truth.json",
		}
	}
	var paths []string
	for _, e := range m.Cases {
		paths = append(paths, e.Path)
	}
	m.Checksum, err = Checksum(dir, paths)
	return m, err
}

// indexOne makes the manifest of a single bundle at an absolute path: a set of
// one case, both named after the bundle.
func indexOne(ctx context.Context, bundle string) (*Manifest, error) {
	m := &Manifest{Version: 1, Name: filepath.Base(bundle), Kind: Bundles, Dir: filepath.Dir(bundle)}
	if err := m.add(ctx, bundle); err != nil {
		return nil, err
	}
	var err error
	m.Checksum, err = Checksum(m.Dir, []string{m.Cases[0].Path})
	return m, err
}

// add puts the bundle at a path into the manifest.
func (m *Manifest) add(ctx context.Context, name string) error {
	rel, err := filepath.Rel(m.Dir, name)
	if err != nil {
		return err
	}
	t, err := telemetry.ReadTruth(ctx, name)
	if err != nil {
		e := &errs.Error{Op: "read data set", Kind: errs.Invalid, File: name, Err: err}
		if errs.KindOf(err) == errs.NotFound {
			e.Remedy = "add a truth.json, or move the bundle out of the set"
		}
		return e
	}
	e := Entry{ID: filepath.ToSlash(rel), Path: filepath.ToSlash(rel), Split: t.Split, Part: PartCase}
	if slices.Contains(strings.Split(e.Path, "/"), "memory") {
		e.Part = PartMemory
	}
	if e.Split == "" {
		e.Split = e.ID
	}
	if m.System == "" {
		// A bundle that cannot be read is scored as a failure, so not refused here.
		if b, err := telemetry.Open(ctx, name, telemetry.Limits{}); err == nil {
			m.System = b.Incident.System
		}
	}
	m.Cases = append(m.Cases, e)
	return nil
}

// copyTree makes to a copy of the folder or file from, by hard links where that
// works. What stood at to is replaced.
func copyTree(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
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
