package telemetry

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"

	"triagent/internal/errs"
)

// openArchive finds out by its first bytes what kind of archive a file is, and
// lists its members.
func openArchive(p *pass, bundle string) (source, error) {
	f, err := os.Open(bundle)
	if err != nil {
		return nil, unreadable(bundle, err)
	}
	defer shut(f)
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && n == 0 {
		return nil, errs.At(bundle, 0, 0, "the file is empty: no incident bundle")
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return openZip(p, bundle)
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return openTar(p, bundle, "gzip")
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return openTar(p, bundle, "zstd")
	case (n == 512 && string(head[257:262]) == "ustar") || strings.HasSuffix(bundle, ".tar"):
		return openTar(p, bundle, "")
	}
	e := errs.At(bundle, 0, 0, "no incident bundle")
	e.Remedy = "give a folder, .tar, .tar.gz, .tar.zst or .zip"
	return nil, e
}

func unreadable(file string, err error) error {
	return &errs.Error{Op: "read bundle", Kind: errs.Unavailable, File: file, Err: err}
}

// archive lists the members of an archive while they are found.
type archive struct {
	path string
	lim  Limits
	top  string          // folder within the archive, with a slash at its end
	list []string        // names below top, once settle was called
	full []string        // names within the archive
	seen map[string]bool // the same
}

// add takes a member; name is as the archive has it. It returns the clean name,
// "" for what is left out.
func (a *archive) add(name string, folder bool) (string, error) {
	clean, err := cleanMember(a.path, name)
	if err != nil || clean == "" || folder || clutter(clean) {
		return "", err
	}
	if a.seen == nil {
		a.seen = make(map[string]bool)
	}
	if a.seen[clean] {
		return "", errs.At(join(a.path, clean), 0, 0, "the archive holds this member twice")
	}
	a.seen[clean] = true
	if a.full = append(a.full, clean); len(a.full) > a.lim.Members {
		return "", errs.At(a.path, 0, 0, "more than %d files", a.lim.Members)
	}
	return clean, nil
}

// settle finds the top folder and names what lies below it.
func (a *archive) settle() (err error) {
	if a.top, err = topFolder(a.path, a.full); err != nil {
		return err
	}
	for _, name := range a.full {
		if rest, ok := strings.CutPrefix(name, a.top); ok {
			a.list = append(a.list, rest)
		}
	}
	slices.Sort(a.list)
	return nil
}

func (a *archive) names() []string { return a.list }

// link refuses a member that is neither a file nor a folder.
func (a *archive) link(name string) error {
	e := errs.At(join(a.path, name), 0, 0, "the archive holds a link or a device")
	e.Remedy = "pack the files themselves (tar -h follows links)"
	return e
}

// zipSource is a bundle as a .zip.
type zipSource struct{ archive }

func openZip(p *pass, bundle string) (*zipSource, error) {
	z := &zipSource{archive{path: bundle, lim: p.lim}}
	r, err := z.reader()
	if err != nil {
		return nil, err
	}
	defer shut(r)
	var total uint64
	for _, f := range r.File {
		clean, err := z.add(f.Name, f.Mode().IsDir())
		if err != nil {
			return nil, err
		}
		if clean == "" {
			continue
		}
		if !f.Mode().IsRegular() {
			return nil, z.link(f.Name)
		}
		if f.Flags&1 != 0 {
			return nil, errs.At(join(bundle, clean), 0, 0, "the member is encrypted")
		}
		g := guard{p: p, file: join(bundle, clean), format: "zip"}
		size, packed := f.UncompressedSize64, max(f.CompressedSize64, 1)
		if total += size; size > uint64(p.lim.Total) || total > uint64(p.lim.Total) {
			return nil, g.refuse("the bundle gives more than %d bytes", p.lim.Total)
		}
		if size > uint64(p.lim.RatioFrom) && size/packed > uint64(zipRatio(p.lim, f.Method)) {
			return nil, g.refuse("unpacks to more than %d times its size: this looks like a zip bomb", zipRatio(p.lim, f.Method))
		}
	}
	return z, z.settle()
}

func zipRatio(lim Limits, method uint16) int64 {
	if method == zstd.ZipMethodWinZip {
		return lim.Ratio * zstdSlack
	}
	return lim.Ratio
}

func (z *zipSource) reader() (*zip.ReadCloser, error) {
	r, err := zip.OpenReader(z.path)
	if err != nil {
		e := errs.At(z.path, 0, 0, "broken or truncated zip: %w", err)
		e.Remedy = "copy or write the file again"
		return nil, e
	}
	r.RegisterDecompressor(zip.Deflate, flate.NewReader)
	r.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor(zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(128<<20)))
	return r, nil
}

func (z *zipSource) session(p *pass) (session, error) {
	r, err := z.reader()
	if err != nil {
		return nil, err
	}
	s := &zipSession{source: z, pass: p, zip: r, files: make(map[string]*zip.File, len(r.File))}
	for _, f := range r.File {
		if clean, err := cleanMember(z.path, f.Name); err == nil {
			s.files[clean] = f
		}
	}
	return s, nil
}

type zipSession struct {
	source *zipSource
	pass   *pass
	zip    *zip.ReadCloser
	files  map[string]*zip.File
	member io.ReadCloser
}

func (s *zipSession) open(name string) (io.Reader, error) {
	if s.member != nil {
		shut(s.member)
		s.member = nil
	}
	file := join(s.source.path, name)
	f := s.files[s.source.top+name]
	if f == nil {
		return nil, errs.At(file, 0, 0, "the member is gone from the archive")
	}
	g := &guard{p: s.pass, file: file, format: "zip", in: &counter{n: int64(f.CompressedSize64)}}
	rc, err := f.Open()
	if err != nil {
		return nil, g.explain(err)
	}
	s.member = rc
	g.r = rc
	return g, nil
}

func (s *zipSession) close() {
	if s.member != nil {
		shut(s.member)
	}
	shut(s.zip)
}
