package telemetry

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"strings"

	"triagent/internal/errs"
)

// tarSource is a bundle as a .tar, plain or compressed. Members of a plain one
// are found by offset. A compressed one is walked from its start; members that
// were small enough are kept from the walk that listed them.
type tarSource struct {
	archive
	format string            // "gzip", "zstd" or ""
	at     map[string]extent // where a member of a plain tar lies
	kept   map[string][]byte // stored bytes of members of a compressed tar
	order  map[string]int    // place of a member in a compressed tar
	budget int64             // bytes that may still be kept
}

type extent struct{ offset, size int64 }

func openTar(p *pass, bundle, format string) (*tarSource, error) {
	t := &tarSource{
		archive: archive{path: bundle, lim: p.lim}, format: format, budget: p.lim.Spool,
		at: make(map[string]extent), kept: make(map[string][]byte), order: make(map[string]int),
	}
	w, err := t.walk(p)
	if err != nil {
		return nil, err
	}
	defer w.close()
	for {
		h, err := w.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := t.take(w, h); err != nil {
			return nil, err
		}
	}
	if format == "" && !endMark(w.file) {
		return nil, w.guard.explain(io.ErrUnexpectedEOF)
	}
	return t, t.settle()
}

// endMark reports whether a tar ends with a block of zeros, as all do that were
// not cut between two members.
func endMark(f *os.File) bool {
	var last [512]byte
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size < 512 || size%512 != 0 {
		return false
	}
	_, err = f.ReadAt(last[:], size-512)
	return err == nil && last == [512]byte{}
}

// take lists one member, and keeps it if it is small.
func (t *tarSource) take(w *tarWalk, h *tar.Header) error {
	switch h.Typeflag {
	case tar.TypeXGlobalHeader:
		return nil
	case tar.TypeReg, tar.TypeDir:
	default:
		return t.link(h.Name)
	}
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return errs.At(join(t.path, h.Name), 0, 0, "the archive holds a sparse file")
		}
	}
	name, err := t.add(h.Name, h.Typeflag == tar.TypeDir)
	if err != nil || name == "" {
		return err
	}
	if t.format == "" {
		offset, err := w.file.Seek(0, io.SeekCurrent)
		t.at[name] = extent{offset, h.Size}
		return err
	}
	t.order[name] = len(t.order)
	if h.Size > t.budget || strings.Contains(name, "truth.json") {
		return nil
	}
	t.budget -= h.Size
	data, err := io.ReadAll(w.tar)
	if err != nil {
		return w.guard.explain(err)
	}
	t.kept[name] = data
	return nil
}

// session starts a walk. Nothing is read before a member is opened that was
// not kept.
func (t *tarSource) session(p *pass) (session, error) {
	if t.format != "" {
		return &tarSession{source: t, pass: p}, nil
	}
	f, err := os.Open(t.path)
	if err != nil {
		return nil, unreadable(t.path, err)
	}
	return &plainSession{source: t, pass: p, file: f}, nil
}

// plainSession reads members of a plain tar by offset.
type plainSession struct {
	source *tarSource
	pass   *pass
	file   *os.File
}

func (s *plainSession) open(name string) (io.Reader, error) {
	e := s.source.at[s.source.top+name]
	return &guard{p: s.pass, file: join(s.source.path, name), format: "tar", r: &whole{io.NewSectionReader(s.file, e.offset, e.size), e.size}}, nil
}

func (s *plainSession) close() { shut(s.file) }

// whole turns an end before size bytes into io.ErrUnexpectedEOF.
type whole struct {
	r    io.Reader
	left int64
}

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if w.left -= int64(n); errors.Is(err, io.EOF) && w.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// tarSession reads members of a compressed tar in one walk as long as they are
// asked for in the order of the archive, and starts over when they are not.
type tarSession struct {
	source *tarSource
	pass   *pass
	walk   *tarWalk
	place  int // of the next member of the walk
}

func (s *tarSession) open(name string) (io.Reader, error) {
	name = s.source.top + name
	if data, ok := s.source.kept[name]; ok {
		return bytes.NewReader(data), nil
	}
	want, ok := s.source.order[name]
	if s.walk == nil || want < s.place {
		s.close()
		var err error
		if s.walk, err = s.source.walk(s.pass); err != nil {
			return nil, err
		}
		s.place = 0
	}
	for ok {
		h, err := s.walk.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		clean, err := cleanMember(s.source.path, h.Name)
		if err != nil {
			return nil, err
		}
		if _, listed := s.source.order[clean]; !listed || h.Typeflag != tar.TypeReg {
			continue
		}
		s.place++
		if clean == name {
			return &explained{s.walk.tar, s.walk.guard}, nil
		}
	}
	return nil, errs.At(join(s.source.path, name), 0, 0, "the member is gone from the archive")
}

func (s *tarSession) close() {
	if s.walk != nil {
		s.walk.close()
		s.walk = nil
	}
}

// explained words the errors of a member as those of its archive.
type explained struct {
	r     io.Reader
	guard *guard
}

func (e *explained) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = e.guard.explain(err)
	}
	return n, err
}

// tarWalk is one walk over a tar.
type tarWalk struct {
	file  *os.File
	guard *guard // plain bytes of the archive
	tar   *tar.Reader
}

func (t *tarSource) walk(p *pass) (*tarWalk, error) {
	f, err := os.Open(t.path)
	if err != nil {
		return nil, unreadable(t.path, err)
	}
	w := &tarWalk{file: f, guard: &guard{p: p, file: t.path, format: t.format, r: f}}
	if t.format == "" {
		w.guard.format = "tar"
		w.tar = tar.NewReader(f) // seeks over members
		return w, nil
	}
	w.guard.in = &counter{r: f}
	if w.guard.r, w.guard.done, err = newDecoder(t.format, w.guard.in); err != nil {
		shut(f)
		return nil, w.guard.explain(err)
	}
	w.tar = tar.NewReader(w.guard)
	return w, nil
}

// next goes to the next member. At the end of the archive it reads on to the
// end of the compressed stream, so that a truncated one does not pass.
func (w *tarWalk) next() (*tar.Header, error) {
	if err := w.guard.p.stop(); err != nil {
		return nil, err
	}
	h, err := w.tar.Next()
	switch {
	case err == nil:
		return h, nil
	case !errors.Is(err, io.EOF):
		return nil, w.guard.explain(err)
	}
	if w.guard.in != nil {
		if _, err := io.Copy(io.Discard, w.guard); err != nil {
			return nil, err
		}
	}
	return nil, io.EOF
}

func (w *tarWalk) close() {
	_ = w.guard.Close()
	shut(w.file)
}
