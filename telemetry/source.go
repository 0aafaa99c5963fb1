package telemetry

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"triagent/internal/errs"
)

// source gives the members of a bundle, whatever container they are in. It is
// safe for concurrent use.
type source interface {
	// names returns the members at the root and in metrics/ and logs/.
	names() []string
	// session starts a walk over the members.
	session(p *pass) (session, error)
}

// session opens members, one at a time; to open them in the order of names is
// cheap in every container. It is not safe for concurrent use.
type session interface {
	// open returns the stored, maybe compressed bytes of a member, valid until
	// the next open.
	open(name string) (io.Reader, error)
	close()
}

// openSource finds out what path is and lists its members.
func openSource(ctx context.Context, bundle string, lim Limits) (source, error) {
	info, err := os.Stat(bundle)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &errs.Error{Op: "open bundle", Kind: errs.NotFound, File: bundle, Err: fs.ErrNotExist}
	case err != nil:
		return nil, &errs.Error{Op: "open bundle", Kind: errs.Unavailable, File: bundle, Err: err}
	case info.IsDir():
		return openFolder(bundle, lim)
	case !info.Mode().IsRegular():
		return nil, errs.At(bundle, 0, 0, "neither a folder nor a file")
	}
	return openArchive(newPass(ctx, lim), bundle)
}

// folder is a bundle as a folder. Everything goes through os.Root, so no link
// leads out of it.
type folder struct {
	path string
	list []string
}

func openFolder(bundle string, lim Limits) (*folder, error) {
	f := &folder{path: bundle}
	root, err := os.OpenRoot(bundle)
	if err != nil {
		return nil, f.explain("", err)
	}
	defer shut(root)
	for _, dir := range []string{".", "metrics", "logs"} {
		if err := f.scan(root, dir, lim); err != nil {
			return nil, err
		}
	}
	slices.Sort(f.list)
	return f, nil
}

func (f *folder) scan(root *os.Root, dir string, lim Limits) error {
	d, err := root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := root.Lstat(dir); err != nil {
			return nil
		}
	}
	if err != nil {
		return f.badFolder(root, dir, err)
	}
	defer shut(d)
	entries, err := d.ReadDir(lim.Members + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return f.badFolder(root, dir, err)
	}
	if len(f.list)+len(entries) > lim.Members {
		return errs.At(f.path, 0, 0, "more than %d files", lim.Members)
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case !utf8.ValidString(name):
			return errs.At(join(f.path, strings.ToValidUTF8(name, "?")), 0, 0, "the file name is not UTF-8")
		case e.IsDir() || (dir == "." && unknownPart(name)) || clutter(name):
		case e.Type()&fs.ModeSymlink != 0 && leadsToTruth(root, name):
			return errs.At(join(f.path, name), 0, 0, "this link leads to the truth, which no diagnosis may read")
		default:
			f.list = append(f.list, name)
		}
	}
	return nil
}

// leadsToTruth reports whether a link leads to the recorded answer.
func leadsToTruth(root *os.Root, link string) bool {
	if strings.HasPrefix(link, "truth.json") {
		return false // it is the truth itself
	}
	info, err := root.Stat(link)
	if err != nil {
		return false // told when it is opened
	}
	for _, name := range []string{"truth.json", "truth.json.gz", "truth.json.zst"} {
		if truth, err := root.Stat(name); err == nil && os.SameFile(info, truth) {
			return true
		}
	}
	return false
}

// badFolder says why metrics/ or logs/ cannot be opened: there may be a file, or
// a link that leads nowhere or out of the bundle, in its place.
func (f *folder) badFolder(root *os.Root, dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return f.explain(dir, err)
	}
	info, lerr := root.Lstat(dir)
	switch {
	case lerr != nil:
		return f.explain(dir, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return f.badLink(dir)
	case !info.IsDir():
		return errs.At(join(f.path, dir), 0, 0, "not a folder")
	}
	return f.explain(dir, err)
}

// badLink refuses a link that cannot be followed within the bundle.
func (f *folder) badLink(name string) error {
	e := errs.At(join(f.path, name), 0, 0, "this link leads nowhere or out of the bundle")
	e.Remedy = "put a copy of what it leads to in its place"
	return e
}

// unknownPart reports whether a file at the root is no part of a bundle; such
// files are not looked at.
func unknownPart(name string) bool {
	var p parts
	if p.add("", name) != nil {
		return false
	}
	return p.incident+p.topology+p.spans+p.changes+p.alerts+p.collected+p.truth == ""
}

func (f *folder) names() []string { return f.list }

func (f *folder) session(*pass) (session, error) {
	root, err := os.OpenRoot(f.path)
	if err != nil {
		return nil, f.explain("", err)
	}
	return &folderSession{folder: f, root: root}, nil
}

// explain names the member in an error of the file system.
func (f *folder) explain(name string, err error) error {
	file := join(f.path, name)
	var pe *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &errs.Error{Op: "read bundle", Kind: errs.NotFound, File: file, Err: fs.ErrNotExist}
	case errors.Is(err, fs.ErrPermission):
		return &errs.Error{Op: "read bundle", Kind: errs.Denied, File: file, Err: fs.ErrPermission}
	case errors.As(err, &pe):
		err = pe.Err
	}
	return &errs.Error{Op: "read bundle", Kind: errs.Unavailable, File: file, Err: err}
}

type folderSession struct {
	folder *folder
	root   *os.Root
	file   *os.File
}

func (s *folderSession) open(name string) (io.Reader, error) {
	if s.file != nil {
		shut(s.file)
		s.file = nil
	}
	local := filepath.FromSlash(name)
	info, err := s.root.Stat(local)
	if err != nil {
		if link, lerr := s.root.Lstat(local); lerr == nil && link.Mode()&fs.ModeSymlink != 0 {
			return nil, s.folder.badLink(name)
		}
		return nil, s.folder.explain(name, err)
	}
	if !info.Mode().IsRegular() { // a FIFO would block for ever
		return nil, errs.At(join(s.folder.path, name), 0, 0, "not a regular file")
	}
	if s.file, err = s.root.Open(local); err != nil {
		return nil, s.folder.explain(name, err)
	}
	return s.file, nil
}

func (s *folderSession) close() {
	if s.file != nil {
		shut(s.file)
	}
	shut(s.root)
}

// shut closes what was only read from: an error at that point tells nothing.
func shut(c io.Closer) { _ = c.Close() }
