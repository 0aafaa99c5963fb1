package app

import (
	"io/fs"
	"os"

	"triagent/internal/errs"
	"triagent/knowledge"
)

// Folders opens the folders of a user's knowledge, for Config.Knowledge. Their
// files are read by New. One that does not exist has kind errs.NotFound, one
// that is no folder errs.Invalid.
func Folders(dirs []string) ([]fs.FS, error) {
	var out []fs.FS
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		switch {
		case err != nil:
			return nil, &errs.Error{Op: "read knowledge", Kind: errs.NotFound, File: dir, Err: err}
		case !info.IsDir():
			return nil, errs.At(dir, 0, 0, "not a folder")
		}
		out = append(out, knowledge.Dir(dir))
	}
	return out, nil
}
