package eval

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"

	"triagent/eval/importer"
	"triagent/internal/errs"
	"triagent/telemetry"
)

// LoadSets finds the data sets at a path: the one of a folder with a
// dataset.json, those of the folders directly below it, or else the folder
// itself as a folder of bundles; a single bundle is a set of one. What is none of
// these gives an error of kind Invalid.
func LoadSets(ctx context.Context, dir string) ([]*importer.Manifest, error) {
	st, err := os.Stat(dir)
	if err != nil {
		return nil, &errs.Error{Op: "read data set", Kind: errs.Invalid, File: dir, Err: errors.New("does not exist or cannot be read")}
	}
	if !st.IsDir() || telemetry.IsBundle(dir) {
		return indexed(ctx, dir)
	}
	m, err := importer.ReadManifest(dir)
	if err == nil {
		return []*importer.Manifest{m}, nil
	}
	if errs.KindOf(err) != errs.NotFound {
		return nil, err
	}
	below, err := os.ReadDir(dir)
	if err != nil {
		return nil, &errs.Error{Op: "read data set", Kind: errs.Invalid, File: dir, Err: err}
	}
	var out []*importer.Manifest
	for _, d := range below {
		if st, err := os.Stat(filepath.Join(dir, d.Name())); err != nil || !st.IsDir() {
			continue // a README.md, or an archive
		}
		m, err := importer.ReadManifest(filepath.Join(dir, d.Name()))
		switch errs.KindOf(err) {
		case "":
			out = append(out, m)
		case errs.NotFound:
		default:
			return nil, err
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	return indexed(ctx, dir)
}

// indexed is the set of a folder of bundles, or of one.
func indexed(ctx context.Context, dir string) ([]*importer.Manifest, error) {
	m, err := importer.Index(ctx, dir)
	if err != nil {
		return nil, err
	}
	return []*importer.Manifest{m}, nil
}

// chosen are the cases of a set that patterns ask for, in order; no pattern asks
// for all.
func chosen(m *importer.Manifest, patterns []string) ([]importer.Entry, error) {
	var out []importer.Entry
	for _, e := range m.Cases {
		if e.Part != importer.PartCase {
			continue
		}
		take, err := matches(patterns, e.ID)
		if err != nil {
			return nil, err
		}
		if take {
			out = append(out, e)
		}
	}
	return out, nil
}

// matches reports whether a name fits one of the patterns, or there are none.
func matches(patterns []string, name string) (bool, error) {
	for _, p := range patterns {
		ok, err := path.Match(p, name)
		if err != nil {
			return false, errs.New(errs.Invalid, "pattern %q: %v", p, err)
		}
		if ok {
			return true, nil
		}
	}
	return len(patterns) == 0, nil
}

// verify computes the checksum of a set again, and says whether it is still that
// of the import.
func verify(m *importer.Manifest) (sum string, same bool, err error) {
	paths := make([]string, len(m.Cases))
	for i, e := range m.Cases {
		paths[i] = e.Path
	}
	slices.Sort(paths)
	sum, err = importer.Checksum(m.Dir, paths)
	return sum, sum == m.Checksum, err
}
