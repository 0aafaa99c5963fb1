package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"triagent/connectors"
)

// mostFiles bounds how many files are looked at.
const mostFiles = 10_000

// file is a file that matches.
type file struct {
	path string // as it was found, without links
	root string // folder that it must lie in; empty: it was named itself
	node string // empty: not known before it is read
	size int64
	info fs.FileInfo
}

// find returns the files that match, each once, and what is wrong with others.
func (s *Source) find() (out []file, lacks []connectors.Lack) {
	seen := make(map[string]bool)
	for _, pattern := range s.c.Paths {
		matches, err := filepath.Glob(pattern)
		if err != nil || len(matches) == 0 {
			lacks = append(lacks, connectors.Lack{
				What: "logs at " + pattern, Why: "no file matches, or its folder may not be read",
				Remedy: "check the path, and that this user may list the folder (x and r on it)",
			})
		}
		root := ""
		if hasMeta(pattern) {
			root = base(pattern)
		}
		for _, m := range matches {
			f, err := s.look(m, root)
			switch {
			case err != nil:
				lacks = append(lacks, unreadable(m, err))
			case f == nil || seen[f.path]:
			case len(out) == mostFiles:
				lacks = append(lacks, connectors.Lack{What: "more than " + fmt.Sprint(mostFiles) + " files", Why: "no more are looked at", Remedy: "match fewer"})
				return packed(out), lacks
			default:
				seen[f.path] = true
				out = append(out, *f)
			}
		}
	}
	return packed(out), lacks
}

// hasMeta reports whether a path has a part that stands for others.
func hasMeta(path string) bool { return strings.ContainsAny(path, `*?[\`) }

// base is the folder before the first part of a pattern that stands for others.
func base(pattern string) string {
	dir := pattern
	for hasMeta(dir) {
		dir = filepath.Dir(dir)
	}
	return dir
}

var (
	errOutside = errors.New("it is a link that leads out of the folders that are named")
	errNoFile  = errors.New("it is no regular file")
)

// look follows links and says what a match is; nil: a folder.
func (s *Source) look(match, root string) (*file, error) {
	real, err := filepath.EvalSymlinks(match)
	if err != nil {
		return nil, err
	}
	if root != "" {
		if root, err = s.rootOf(real); err != nil {
			return nil, err
		}
	}
	info, err := os.Lstat(real)
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, nil
	case !info.Mode().IsRegular():
		return nil, errNoFile
	}
	return &file{path: real, root: root, node: s.nodeOf(match), size: info.Size(), info: info}, nil
}

// rootOf is the named folder that a path without links lies in.
func (s *Source) rootOf(real string) (string, error) {
	for _, pattern := range s.c.Paths {
		if !hasMeta(pattern) {
			if p, err := filepath.EvalSymlinks(pattern); err == nil && p == real {
				return "", nil // named itself
			}
			continue
		}
		dir, err := filepath.EvalSymlinks(base(pattern))
		if err == nil && strings.HasPrefix(real, strings.TrimSuffix(dir, "/")+"/") {
			return dir, nil
		}
	}
	return "", errOutside
}

// nodeOf says whose log a file is; empty: not known.
func (s *Source) nodeOf(path string) string {
	if s.c.Node != "" {
		if s.node.NumSubexp() == 0 {
			return s.c.Node
		}
		if m := s.node.FindStringSubmatch(path); m != nil {
			return m[1]
		}
		return ""
	}
	parts := strings.Split(filepath.ToSlash(filepath.Dir(path)), "/")
	for i := len(parts) - 1; i > 1; i-- {
		if parts[i] == "logs" || parts[i] == "log" && parts[i-1] != "var" {
			return parts[i-1]
		}
	}
	return ""
}

// packed drops packed files whose plain form is there as well: they are being
// packed right now.
func packed(list []file) []file {
	has := make(map[string]bool, len(list))
	for _, f := range list {
		has[f.path] = true
	}
	return slices.DeleteFunc(list, func(f file) bool {
		plain, is := unpacked(f.path)
		return is && has[plain]
	})
}

// unpacked is the name of a packed file without its ending.
func unpacked(path string) (string, bool) {
	for _, ext := range []string{".gz", ".zst"} {
		if p, ok := strings.CutSuffix(path, ext); ok {
			return p, true
		}
	}
	return path, false
}

// unreadable says why a file is left out.
func unreadable(path string, err error) connectors.Lack {
	l := connectors.Lack{What: "log " + path, Why: err.Error()}
	var p *fs.PathError
	if errors.As(err, &p) {
		l.Why = p.Err.Error()
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		l.Remedy = "let this user read it, as by a group that may read logs: usermod -aG GROUP USER, or setfacl -m u:USER:r"
	case errors.Is(err, errOutside):
		l.Remedy = "name the folder that it leads to in paths, too"
	case errors.Is(err, errNoFile):
		l.Remedy = "match files only"
	}
	return l
}
