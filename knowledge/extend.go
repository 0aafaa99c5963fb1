package knowledge

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"triagent/internal/errs"
)

// Dir is a folder of the user's files, for Load, whose errors name a file with
// the folder as dir gives it.
func Dir(dir string) fs.FS { return namedFolder{os.DirFS(dir), dir} }

// namedFolder is a folder that knows how the user called it.
type namedFolder struct {
	fs.FS
	dir string
}

// nameOf is what a file of a folder is called in errors.
func nameOf(folder fs.FS, file string) string {
	if f, ok := folder.(namedFolder); ok {
		return filepath.Join(f.dir, filepath.FromSlash(file))
	}
	return file
}

// extend reads the YAML files of a folder over a document.
func extend(doc *document, folder fs.FS) (*document, error) {
	sources, err := readFolder(folder)
	if err != nil {
		return nil, err
	}
	all := []*document{doc}
	for _, s := range sources {
		all = append(all, &s.doc)
	}
	names := namesOf(all...)
	for _, s := range sources {
		if err := s.check(names); err != nil {
			return nil, err
		}
		for i := range s.doc.Metrics {
			s.doc.Metrics[i].User = true
		}
		doc = doc.over(&s.doc)
	}
	return doc, nil
}

// readFolder reads every YAML file below a folder, in lexical order.
func readFolder(folder fs.FS) ([]*source, error) {
	var out []*source
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := path.Ext(name); d.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		text, err := readBounded(folder, name)
		if err != nil {
			return err
		}
		s, err := readYAML(nameOf(folder, name), text)
		out = append(out, s)
		return err
	})
	var known *errs.Error
	if err != nil && !errors.As(err, &known) {
		return nil, &errs.Error{Op: "read knowledge", Kind: errs.Invalid, Err: err}
	}
	return out, err
}

// readBounded reads a file of at most maxFile bytes, and one more to tell.
func readBounded(folder fs.FS, name string) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", nameOf(folder, name), err)
	}
	defer f.Close() //nolint:errcheck // only read from
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", nameOf(folder, name), err)
	}
	return text, nil
}
