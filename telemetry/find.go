package telemetry

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// IsBundle reports whether a path is that of one bundle: a folder with an
// incident.json, or an archive by its name.
func IsBundle(path string) bool {
	st, err := os.Stat(path)
	if err != nil {
		return false
	}
	if !st.IsDir() {
		return formOf(path).kind != "folder"
	}
	return slices.ContainsFunc([]string{"", ".gz", ".zst"}, func(ext string) bool {
		_, err := os.Stat(filepath.Join(path, "incident.json"+ext))
		return err == nil
	})
}

// Walk calls each with every bundle at or below a path, in the order of their
// names. What is hidden or half-done (.tmp) is passed over, with all below it.
// Enter is asked about every other folder and ends the walk by an error; it may
// be nil.
func Walk(path string, enter, each func(name string) error) error {
	return filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		skip := error(nil)
		if d != nil && d.IsDir() {
			skip = fs.SkipDir
		}
		switch {
		case err != nil:
			return err
		case name != path && (strings.HasPrefix(d.Name(), ".") || strings.HasSuffix(d.Name(), ".tmp")):
			return skip
		case d.IsDir() && enter != nil:
			if err := enter(name); err != nil {
				return err
			}
		}
		if !IsBundle(name) {
			return nil
		}
		if err := each(name); err != nil {
			return err
		}
		return skip
	})
}
